//! Plans and sections that no narration needs any more.

use std::collections::HashSet;

use async_trait::async_trait;
use lectern_blob::Objects;
use lectern_core::{Digest, Failure};
use lectern_stage::prune::{FindUnused, Unused};

/// Finds plans and sections that are not in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plans;

#[async_trait]
impl FindUnused for Plans {
    async fn unused(&self, objects: &Objects, used: &HashSet<Digest>) -> Result<Unused, Failure> {
        let mut unused = Unused::default();
        for folder in ["section", "plan"] {
            unused.add_of(objects, folder, used).await?;
        }
        Ok(unused)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_stage::prune::{Swept, sweep};

    use super::*;

    #[tokio::test]
    async fn plans_and_sections_that_are_not_in_use_are_deleted_and_nothing_else_is() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        let folder = objects.folder();
        let [kept, gone] = ["kept", "gone"].map(|what| Digest::of(what.as_bytes()));
        let others = [folder.content(&gone), folder.track(&gone), folder.segment(&gone), folder.source(&gone)];
        let stay = [vec![folder.plan(&kept), folder.section(&kept)], others.to_vec()].concat();
        let go = [folder.plan(&gone), folder.section(&gone)];
        for path in stay.iter().chain(&go) {
            objects.write(path, "{}").await.unwrap();
        }
        let used = HashSet::from([kept]);
        let prune = async || sweep(&objects, Plans.unused(&objects, &used).await?, async { Ok(true) }).await;
        assert_eq!(prune().await, Ok(Swept { deleted: 2, left: false }));
        for (paths, there) in [(&stay[..], true), (&go[..], false)] {
            for path in paths {
                assert_eq!(objects.exists(path).await, Ok(there), "{path}");
            }
        }
        assert_eq!(blob.count(), stay.len(), "no mark is left");
        assert_eq!(prune().await, Ok(Swept::default()), "twice is once");
    }
}
