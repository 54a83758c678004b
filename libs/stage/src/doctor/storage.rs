//! Object storage.

use std::sync::Arc;

use bytes::Bytes;
use lectern_blob::{Blob, ConnectOptions, ObjectPath, Put};
use lectern_core::{Clock, Failure, Finding, OsRandom, Random as _};

/// What the objects that are tried begin with. No tenant can be called so.
const TRIED: &str = ".doctor";
const CHECK: &str = "object storage";

/// Whether the bucket is as it must be, and an object can be put, read and deleted. What was put is
/// deleted, whatever becomes of the rest.
pub async fn bucket(url: &str, options: &ConnectOptions, clock: Arc<dyn Clock>) -> Vec<Finding> {
    match lectern_blob::connect(url, options, clock).await {
        Ok(blob) => examine(url, &*blob).await,
        Err(failure) => vec![broken(failure.message)],
    }
}

fn broken(found: impl Into<String>) -> Finding {
    Finding::broken(
        CHECK,
        found,
        "mend blob.url, or what the message says of the bucket (docs/runbook.md, Setting up a bucket)",
    )
}

async fn examine(url: &str, blob: &dyn Blob) -> Vec<Finding> {
    let path = match ObjectPath::new(format!("{TRIED}/{:016x}", OsRandom.next())) {
        Ok(path) => path,
        Err(error) => return vec![broken(Failure::from(error).message)],
    };
    let content = Bytes::from_static(b"written by lectern doctor");
    let put = blob.put(&path, content.clone()).await;
    let read = match &put {
        Ok(_) => blob.get(&path).await,
        Err(_) => Ok(None),
    };
    // A put that failed may have left the object nevertheless.
    let deleted = blob.delete(&path).await;
    let put = match put {
        Ok(put) => put,
        Err(error) => return vec![broken(error.to_string())],
    };
    let mut findings = Vec::new();
    match read {
        Ok(read) if put == Put::Stored && read.as_ref() == Some(&content) => {}
        Ok(_) => findings.push(broken(format!("{url} does not keep what is put into it"))),
        Err(error) => findings.push(broken(error.to_string())),
    }
    match deleted {
        Ok(true) if findings.is_empty() => {
            findings.push(Finding::ok(CHECK, format!("{url} takes an object, gives it back, and deletes it")));
        }
        Ok(false) if findings.is_empty() => {
            findings.push(broken(format!("{url} has nothing to delete where an object was put")));
        }
        Ok(_) => {}
        Err(error) => {
            let found = format!("{path} in {url} cannot be deleted and stays there: {error}");
            let advice = "let the service's identity delete objects (docs/runbook.md, Setting up a bucket), then \
                          delete what is under .doctor/";
            findings.push(Finding::broken(CHECK, found, advice));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use lectern_blob::memory::{Fault, MemoryBlob, Op};
    use lectern_core::{SystemClock, Verdict};

    use super::*;

    async fn verdict(url: &str) -> Verdict {
        let found = bucket(url, &ConnectOptions::default(), Arc::new(SystemClock)).await;
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].verdict
    }

    #[tokio::test]
    async fn a_folder_keeps_an_object_and_a_file_in_its_place_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (there, taken) = (folder.path().join("objects"), folder.path().join("taken"));
        std::fs::write(&taken, "a file").unwrap();
        assert_eq!(verdict(&format!("file:{}", there.display())).await, Verdict::Ok);
        assert_eq!(verdict(&format!("file:{}", taken.display())).await, Verdict::Broken);
        assert_eq!(verdict("s3://bucket").await, Verdict::Broken);
    }

    #[tokio::test]
    async fn nothing_is_left_behind_whatever_fails() {
        for (op, fault) in [(Op::Put, Fault::FailAfter), (Op::Get, Fault::Fail), (Op::Get, Fault::Truncate(3))] {
            let blob = MemoryBlob::new(Arc::new(SystemClock));
            blob.inject(op, fault);
            let found = examine("memory:", &blob).await;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!((found[0].verdict, blob.count()), (Verdict::Broken, 0), "{op:?} {fault:?}");
        }
    }

    #[tokio::test]
    async fn a_deletion_that_is_refused_is_a_finding_of_its_own() {
        let blob = MemoryBlob::new(Arc::new(SystemClock));
        blob.inject(Op::Delete, Fault::Fail);
        let found = examine("memory:", &blob).await;
        assert_eq!((found.len(), found[0].verdict, blob.count()), (1, Verdict::Broken, 1), "{found:?}");
        assert!(found[0].found.contains(".doctor/") && found[0].advice.contains("delete"), "{found:?}");
        blob.inject(Op::Get, Fault::Fail);
        blob.inject(Op::Delete, Fault::Fail);
        assert_eq!(examine("memory:", &blob).await.len(), 2, "neither hides the other");
    }
}
