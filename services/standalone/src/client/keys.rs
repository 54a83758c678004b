//! `lectern keys`: API keys of a server.

use lectern_core::Failure;
use lectern_proto::v1::key_service_client::KeyServiceClient;
use lectern_proto::v1::{CreateKeyRequest, Key, ListKeysRequest, RevokeKeyRequest};
use lectern_rpc::failure;

use super::connect;
use crate::cli::{KeyCommand, Keys};

/// Does what the command says.
///
/// # Errors
/// What the server answers.
#[allow(clippy::print_stdout, reason = "the command's output")]
pub async fn run(keys: Keys) -> Result<(), Failure> {
    let mut client = KeyServiceClient::new(connect(&keys.server, keys.key.as_ref())?.channel());
    match keys.command {
        KeyCommand::Create { tenant, name } => {
            let request = CreateKeyRequest { tenant, display_name: name };
            let made = client.create_key(request).await.map_err(|s| failure(&s))?.into_inner();
            println!("{}", line(&made.key.unwrap_or_default()));
            println!("{}", made.secret);
        }
        KeyCommand::List => {
            let mut page_token = String::new();
            loop {
                let request = ListKeysRequest { page_size: 0, page_token };
                let page = client.list_keys(request).await.map_err(|s| failure(&s))?.into_inner();
                page.keys.iter().for_each(|key| println!("{}", line(key)));
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
        }
        KeyCommand::Revoke { id } => {
            let name = if id.starts_with("keys/") { id } else { format!("keys/{id}") };
            let revoked = client.revoke_key(RevokeKeyRequest { name }).await.map_err(|s| failure(&s))?.into_inner();
            println!("{}", line(&revoked.key.unwrap_or_default()));
        }
    }
    Ok(())
}

fn line(key: &Key) -> String {
    let state = if key.revoke_time.is_some() { "revoked" } else { "good" };
    format!("{}  tenant {}  {state}  {}", key.name, key.tenant, key.display_name).trim_end().to_owned()
}
