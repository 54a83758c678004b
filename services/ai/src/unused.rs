//! Plans, sections and edits that no narration needs any more, and the answers of models that led
//! to the first two. An answer lies under the key of its plan or section, and goes with that: until
//! then a step that is done again finds it, whether its result is there or not.

use std::collections::HashSet;

use async_trait::async_trait;
use lectern_blob::{ObjectPath, Objects};
use lectern_core::{Digest, Failure};
use lectern_stage::prune::{FindUnused, Unused};

/// Finds plans, sections, edits and answers that are not in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plans;

#[async_trait]
impl FindUnused for Plans {
    async fn unused(&self, objects: &Objects, used: &HashSet<Digest>) -> Result<Unused, Failure> {
        let mut unused = Unused::default();
        for folder in ["section", "plan", "edits"] {
            unused.add_of(objects, folder, used).await?;
        }
        unused.add_where(objects, "answer", |path| result_of(path).is_some_and(|of| !used.contains(&of))).await?;
        Ok(unused)
    }
}

/// The key of the plan or section that an answer led to.
fn result_of(answer: &ObjectPath) -> Option<Digest> {
    answer.as_str().rsplit('/').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_stage::prune::{Swept, sweep};

    use super::*;

    #[tokio::test]
    async fn plans_sections_edits_and_answers_that_are_not_in_use_are_deleted_and_nothing_else_is() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        let folder = objects.folder();
        let [kept, gone] = ["kept", "gone"].map(|what| Digest::of(what.as_bytes()));
        let others = [folder.content(&gone), folder.track(&gone), folder.segment(&gone), folder.source(&gone)];
        let answer = folder.answer(&kept, &gone);
        let stay = [vec![folder.plan(&kept), folder.section(&kept), folder.edits(&kept), answer], others.to_vec()];
        let stay = stay.concat();
        let answers = [folder.answer(&gone, &kept), folder.answer(&gone, &gone)];
        let go = [vec![folder.plan(&gone), folder.section(&gone), folder.edits(&gone)], answers.to_vec()].concat();
        for path in stay.iter().chain(&go) {
            objects.write(path, "{}").await.unwrap();
        }
        let used = HashSet::from([kept]);
        let prune = async || sweep(&objects, Plans.unused(&objects, &used).await?, async { Ok(true) }).await;
        assert_eq!(prune().await, Ok(Swept { deleted: 5, left: false }));
        for (paths, there) in [(&stay[..], true), (&go[..], false)] {
            for path in paths {
                assert_eq!(objects.exists(path).await, Ok(there), "{path}");
            }
        }
        assert_eq!(blob.count(), stay.len(), "no mark is left");
        assert_eq!(prune().await, Ok(Swept::default()), "twice is once");
    }
}
