//! `lectern keys`: API keys of a server.

use lectern_core::{Clock, Failure};
use lectern_proto::convert;
use lectern_proto::v1::key_service_client::KeyServiceClient;
use lectern_proto::v1::{CreateKeyRequest, Key, ListKeysRequest, RevokeKeyRequest, key};
use lectern_rpc::failure;
use prost_types::Timestamp;
use tonic::Response;

use super::out::Out;
use super::{at, named, pages, word};
use crate::cli::{KeyCommand, KeysCommand, Role};

/// Does what the command says.
///
/// # Errors
/// What the server answers.
pub async fn run(keys: KeysCommand, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let line = |key: &Key| line(key, convert::time(clock.now()));
    let mut client = KeyServiceClient::new(at(&keys.at)?.channel());
    match keys.command {
        KeyCommand::Create { tenant, name, role, expires } => {
            let role = match role {
                Role::Reader => key::Role::Reader,
                Role::Editor => key::Role::Editor,
                Role::Administrator => key::Role::Administrator,
            };
            let key = Key {
                tenant: tenant.map(|tenant| named("tenants", &tenant)).unwrap_or_default(),
                display_name: name,
                role: role.into(),
                expire_time: expires,
                ..Key::default()
            };
            let request = CreateKeyRequest { request_id: String::new(), key: Some(key) };
            let made = client.create_key(request).await.map_err(|s| failure(&s))?.into_inner();
            out.line(&line(&made.key.unwrap_or_default()));
            out.line(&made.secret);
        }
        KeyCommand::List { tenant } => {
            let tenant = tenant.map(|tenant| named("tenants", &tenant)).unwrap_or_default();
            let page = |_, page_token| {
                let (mut client, tenant) = (client.clone(), tenant.clone());
                async move {
                    let request = ListKeysRequest { page_size: 0, page_token, tenant };
                    let page = client.list_keys(request).await.map(Response::into_inner).map_err(|s| failure(&s));
                    page.map(|page| (page.keys, page.next_page_token))
                }
            };
            let mut none = true;
            let take = |key: Key| {
                none = false;
                out.line(&line(&key));
            };
            pages::up_to(usize::MAX, out, page, take).await?;
            if none {
                out.say("there is no such key; `lectern keys create` makes one");
            }
        }
        KeyCommand::Revoke { id } => {
            let request = RevokeKeyRequest { name: named("keys", &id) };
            let revoked = client.revoke_key(request).await.map_err(|s| failure(&s))?.into_inner();
            out.line(&line(&revoked.key.unwrap_or_default()));
        }
    }
    out.finish()
}

fn line(key: &Key, now: Timestamp) -> String {
    let tenant = if key.tenant.is_empty() { "no tenant" } else { &key.tenant };
    let state = match (&key.revoke_time, &key.expire_time) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(expires)) if (expires.seconds, expires.nanos) <= (now.seconds, now.nanos) => "expired".to_owned(),
        (None, Some(expires)) => format!("good until {expires}"),
        (None, None) => "good".to_owned(),
    };
    let used = key.last_use_time.map_or_else(|| "never used".to_owned(), |used| format!("used {used}"));
    let role = word(key.role().as_str_name(), "ROLE_");
    format!("{}  {tenant}  {role}  {state}  {used}  {}", key.name, key.display_name).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_whose_key_it_is_and_until_when() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let (before, end) = (time("2027-01-30T23:59:59.999Z"), time("2027-01-31T00:00:00Z"));
        let mut key = Key {
            name: "keys/k1".to_owned(),
            tenant: "tenants/acme".to_owned(),
            role: key::Role::Reader.into(),
            expire_time: Some(end),
            ..Key::default()
        };
        assert_eq!(line(&key, before), "keys/k1  tenants/acme  reader  good until 2027-01-31T00:00:00Z  never used");
        assert_eq!(line(&key, end), "keys/k1  tenants/acme  reader  expired  never used");
        key.revoke_time = key.expire_time;
        key.display_name = "ci".to_owned();
        assert_eq!(line(&key, before), "keys/k1  tenants/acme  reader  revoked  never used  ci");
    }
}
