//! The changes of another script, made in this one: a revision's, or that of another version.

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::Failure;
use lectern_core::content::edits::{Change, Edit};
use lectern_core::content::script::Section;
use lectern_stage::work::key;

use super::{AHEAD, Script, sections};

/// The edits that change a script as another one was changed: each sentence that stands here in the
/// words that were written there, and that nobody has edited here, is another one in the same way.
/// Each change is made once, in the order of the script; one that finds no sentence is left out.
///
/// The script is read as the edits with the key `edits_key`, which are `before`, made it.
pub(super) async fn carried(
    script: &Script<'_>,
    edits_key: &str,
    before: &[Edit],
    mut changes: Vec<Change>,
) -> Result<Vec<Edit>, Failure> {
    let Script { objects, secret, plan_key, plan } = script;
    let edited = sections(before);
    let edits_key = if edits_key.is_empty() { None } else { Some(key(edits_key, "edits_key")?) };
    let path = |index: u32| {
        let written = secret.section(plan_key, index);
        let by_edits = edits_key.filter(|_| edited.contains(&index));
        objects.folder().section(&by_edits.map_or(written, |edits| secret.edited(&written, &edits)))
    };
    let paths: Vec<String> = plan.sections.iter().map(|planned| path(planned.index)).collect();
    let read = paths.into_iter().map(|path| async move { objects.read_json::<Section>(&path).await });
    let mut read = futures::stream::iter(read).buffered(AHEAD);
    let mut edits = Vec::new();
    while !changes.is_empty()
        && let Some(section) = read.try_next().await?
    {
        for said in section.utterances.iter().filter(|said| !section.is_edited(said.id)) {
            let Some(at) = changes.iter().position(|change| change.before == said.original) else { continue };
            let Change { says, .. } = changes.remove(at);
            edits.push(Edit { section: section.index, utterance: said.id, text: says });
        }
    }
    Ok(edits)
}
