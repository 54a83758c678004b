//! What the words of an order are said by: put when the order is accepted, under a key that follows
//! from its entries, and read by each step that speaks.

use std::sync::Arc;

use lectern_blob::Objects;
use lectern_core::keys::TenantSecret;
use lectern_core::lexicon::{Lexicon, MOST_ENTRIES_OF_ORDER};
use lectern_core::{Digest, Failure};
use lectern_proto::work::v1::Delivery;
use lectern_stage::work::key;

/// Puts what the words of an order are said by, and gives its key.
///
/// # Errors
/// `INVALID_FIELD` for one without entries, or with too many; `BLOB_UNAVAILABLE`.
pub(crate) async fn put(objects: &Objects, secret: &TenantSecret, lexicon: &Lexicon) -> Result<Digest, Failure> {
    let count = lexicon.entries.len();
    if !(1..=MOST_ENTRIES_OF_ORDER).contains(&count) {
        let message = format!("lexicon.entries has {count} entries; send 1 to {MOST_ENTRIES_OF_ORDER}");
        return Err(Failure::invalid("lexicon.entries", message));
    }
    let content = serde_json::to_vec(lexicon)
        .map_err(|error| Failure::internal(format!("a lexicon cannot be written as JSON: {error}")))?;
    let key = secret.lexicon(&content);
    objects.write(&objects.folder().lexicon(&key), content).await?;
    Ok(key)
}

/// What words are said by where somebody speaks so.
///
/// # Errors
/// `OBJECT_DAMAGED` where it is not there any more, `BLOB_UNAVAILABLE`.
pub(crate) async fn read(objects: &Objects, delivery: Option<&Delivery>) -> Result<Arc<Lexicon>, Failure> {
    match delivery.map_or("", |delivery| delivery.lexicon_key.as_str()) {
        "" => Ok(Arc::default()),
        name => Ok(Arc::new(objects.read_json(&objects.folder().lexicon(&key(name, "lexicon_key")?)).await?)),
    }
}

#[cfg(test)]
mod tests {
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::lexicon::Entry;
    use lectern_core::{Reason, SystemClock};

    use super::*;

    #[tokio::test]
    async fn a_lexicon_is_put_once_and_read_by_its_key() {
        let (tenant, blob) = ("acme".parse().unwrap(), Arc::new(MemoryBlob::new(Arc::new(SystemClock))));
        let objects = Objects::new(Arc::clone(&blob) as _, &tenant, &"book".parse().unwrap());
        let secret = TenantSecret::derive(b"a secret", &tenant);
        let lexicon = Lexicon::of("en", vec![Entry::spelt("lead", "led")]);
        let key = put(&objects, &secret, &lexicon).await.unwrap();
        assert_eq!(put(&objects, &secret, &lexicon).await, Ok(key));
        assert_eq!(blob.count(), 1, "equal inputs are one object");
        let german = Lexicon { language: "de".to_owned(), ..lexicon.clone() };
        assert_ne!(put(&objects, &secret, &german).await, Ok(key));

        let delivery = |lexicon_key: String| Delivery { lexicon_key, ..Delivery::default() };
        assert_eq!(*read(&objects, Some(&delivery(key.to_string()))).await.unwrap(), lexicon);
        for none in [None, Some(&Delivery::default())] {
            assert!(read(&objects, none).await.unwrap().is_empty());
        }
        assert!(read(&objects, Some(&delivery(Digest::of(b"lost").to_string()))).await.is_err());
    }

    #[tokio::test]
    async fn one_without_entries_or_with_too_many_is_refused() {
        let tenant = "acme".parse().unwrap();
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(blob, &tenant, &"book".parse().unwrap());
        let secret = TenantSecret::derive(b"a secret", &tenant);
        for count in [0, MOST_ENTRIES_OF_ORDER + 1] {
            let lexicon = Lexicon::of("en", vec![Entry::spelt("lead", "led"); count]);
            let refused = put(&objects, &secret, &lexicon).await.unwrap_err();
            assert_eq!(refused.reason, Reason::InvalidField, "{count}");
        }
    }
}
