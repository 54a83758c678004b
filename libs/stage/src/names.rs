//! Whether the names of objects follow from the secret that they always followed from. Under
//! another one nothing would be found, and everything made again under other names; so the first
//! start leaves a fingerprint of the secret in the service's database, and every other compares.

use std::sync::Arc;

use lectern_core::keys::Secrets;
use lectern_core::{Failure, Kind, Reason};
use lectern_store::{Collection, CollectionSpec, Record, Store};
use serde::{Deserialize, Serialize};

/// The one record.
const OF_NAMES: &str = "object_secret";

/// What tells a secret from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    /// What the secret is for.
    secret: String,
    /// 16 hexadecimal digits.
    fingerprint: String,
}

impl Record for Fingerprint {
    const SPEC: CollectionSpec = CollectionSpec::new("fingerprints", &[]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.secret.clone()
    }
}

/// Refuses another secret of names than this database began with. The first start decides.
///
/// # Errors
/// `INVALID_FIELD` of `object_secret` for another secret; `STORE_UNAVAILABLE`.
pub async fn verify_names(store: &Arc<dyn Store>, secrets: &Secrets) -> Result<(), Failure> {
    let fingerprints = Collection::<Fingerprint>::new(Arc::clone(store));
    fingerprints.ensure().await?;
    let ours = Fingerprint { secret: OF_NAMES.to_owned(), fingerprint: secrets.fingerprint() };
    let Some(first) = fingerprints.insert_if_absent(&ours).await? else { return Ok(()) };
    let first = first.record;
    if first == ours {
        return Ok(());
    }
    let message = format!(
        "the names of this installation's objects follow from a secret with the fingerprint {}, and the one that is \
         set has {}: no object would be found; set LECTERN_OBJECT_SECRET to the secret that the installation began \
         with (of an embedded instance, put the file `secret` of its data folder back)",
        first.fingerprint, ours.fingerprint
    );
    Err(Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message).at("object_secret"))
}

#[cfg(test)]
mod tests {
    use lectern_store::{ConnectOptions, connect};

    use super::*;

    #[test]
    fn the_page_of_the_database_is_that_of_the_record() {
        let text = lectern_store::describe::<Fingerprint>();
        lectern_testkit::pages::check_part("reference/database.md", "fingerprints", &text, "the_page_of_the_database");
    }

    #[tokio::test]
    async fn another_secret_than_the_first_is_refused_and_rotation_is_none() {
        let store = connect("memory:", ConnectOptions::default()).await.unwrap();
        let (old, new) = ([b'o'; 32], [b'n'; 32]);
        for same in [Secrets::one(&old), Secrets::new(&old, &old, Some(&new)), Secrets::new(&old, &new, Some(&old))] {
            assert_eq!(verify_names(&store, &same).await, Ok(()));
        }
        let refused = verify_names(&store, &Secrets::one(&new)).await.unwrap_err();
        assert_eq!((refused.kind, refused.field.as_deref()), (Kind::FailedPrecondition, Some("object_secret")));
        let fingerprint = Secrets::one(&old).fingerprint();
        assert!(refused.message.contains(&fingerprint) && refused.message.contains("LECTERN_OBJECT_SECRET"));
        assert_eq!(verify_names(&store, &Secrets::new(&old, &new, None)).await, Ok(()));
    }
}
