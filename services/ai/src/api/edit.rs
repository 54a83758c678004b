//! `EditScript`: a caller's sentences in the place of others. The edits are one list, in the order
//! in which they were made; each section that has some is made from what was written, by all of
//! them, so what it is follows from the section and from the list.

mod carried;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_blob::{Blob, Objects};
use lectern_core::content::edits::{Change, Edit, Edits, MOST_EDITS, SCHEMA, SENTENCE_CHARS};
use lectern_core::content::script::{Edited, Plan, Section};
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Digest, Failure, Kind, Reason, text};
use lectern_proto::ai::v1::{EditScriptRequest, EditScriptResponse};
use lectern_proto::{convert, v1 as api};
use lectern_stage::work::key;

use crate::compose::edited::edited;
use crate::speakable::{self, Language};
use crate::work::compute;

/// Sections that are made at once.
const AHEAD: usize = 8;
/// Edits that one call may make.
const MOST_IN_A_CALL: usize = 200;

/// Puts what the edits make of the script's sections, and then the edits.
///
/// # Errors
/// `INVALID_FIELD` for edits of what is not there, or that say nothing; `LIMIT_EXCEEDED`;
/// `OBJECT_DAMAGED` where a section was never written.
pub(super) async fn edit(
    blob: &Arc<dyn Blob>,
    tenant: &TenantId,
    secret: &TenantSecret,
    request: EditScriptRequest,
) -> Result<EditScriptResponse, Failure> {
    let scope: ScopeId = request.scope.parse().map_err(|e| Failure::invalid("scope", format!("scope: {e}")))?;
    let objects = Objects::new(Arc::clone(blob), tenant, &scope);
    let plan_key = key(&request.plan_key, "plan_key")?;
    let plan: Plan = objects.read_json(&objects.folder().plan(&plan_key)).await?;
    let before = match request.edits_key.as_str() {
        "" => Vec::new(),
        before => edits_of(&objects, before, "edits_key").await?.edits,
    };
    let new = if request.carried_key.is_empty() {
        asked(&request.edits, &plan)?
    } else {
        let from = edits_of(&objects, &request.carried_key, "carried_key").await?;
        let script = Script { objects: &objects, secret, plan_key, plan: &plan };
        carried::carried(&script, &request.edits_key, &before, from.changes).await?
    };
    if new.is_empty() {
        let sections = sections(&before).into_iter().map(convert::number).collect();
        return Ok(EditScriptResponse { edits_key: request.edits_key, sections, added_count: 0 });
    }
    let added_count = i32::try_from(new.len()).unwrap_or(i32::MAX);
    let edits = added(before, new)?;
    let language = Language::of(&plan.language)
        .ok_or_else(|| Failure::internal(format!("a script in {:?} was written without rules", plan.language)))?;
    let rules = rules();
    let decides = serde_json::to_vec(&(&rules, &edits))
        .map_err(|e| Failure::internal(format!("edits cannot be written as JSON: {e}")))?;
    let edits_key = secret.edits(&plan_key, &decides);

    let mut by_section: BTreeMap<u32, Vec<Edit>> = BTreeMap::new();
    for edit in &edits {
        by_section.entry(edit.section).or_default().push(edit.clone());
    }
    let made = by_section.into_iter().map(|(index, edits)| {
        let section_key = secret.section(&plan_key, index);
        make(&objects, section_key, secret.edited(&section_key, &edits_key), edits, language)
    });
    let changes: Vec<Vec<Change>> = futures::stream::iter(made).buffered(AHEAD).try_collect().await?;
    let sections = sections(&edits).into_iter().map(convert::number).collect();
    let changes = changes.into_iter().flatten().collect();
    let edits = Edits { schema: SCHEMA, plan: plan_key, rules, edits, changes };
    // Last: who finds it finds what it made.
    objects.write_json(&objects.folder().edits(&edits_key), &edits).await?;
    Ok(EditScriptResponse { edits_key: edits_key.to_string(), sections, added_count })
}

/// A script in storage.
struct Script<'a> {
    objects: &'a Objects,
    secret: &'a TenantSecret,
    plan_key: Digest,
    plan: &'a Plan,
}

/// Edits that were put.
async fn edits_of(objects: &Objects, name: &str, field: &str) -> Result<Edits, Failure> {
    objects.read_json(&objects.folder().edits(&key(name, field)?)).await
}

/// The sections that edits change.
fn sections(edits: &[Edit]) -> BTreeSet<u32> {
    edits.iter().map(|edit| edit.section).collect()
}

/// What makes words of edits.
fn rules() -> String {
    speakable::RULES.map(|(name, version)| format!("{name}/{version}")).join("+")
}

/// Puts what edits make of a written section; what they change in it.
async fn make(
    objects: &Objects,
    section_key: Digest,
    edited_key: Digest,
    edits: Vec<Edit>,
    language: Language,
) -> Result<Vec<Change>, Failure> {
    let path = objects.folder().section(&edited_key);
    if let Some(made) = objects.find_json::<Section>(&path).await? {
        return Ok(changes(&made));
    }
    let section: Section = objects.read_json(&objects.folder().section(&section_key)).await?;
    let section = compute(move || edited(section, &edits, language)).await?;
    objects.write_json(&path, &section).await?;
    Ok(changes(&section))
}

/// What was changed in a section.
fn changes(section: &Section) -> Vec<Change> {
    let change = |edited: &Edited| {
        let said = section.utterances.iter().filter(|said| edited.has(said.id)).map(|said| said.original.as_str());
        Change { before: edited.before.clone(), says: said.collect::<Vec<_>>().join(" ") }
    };
    section.edited.iter().map(change).collect()
}

/// The edits that a call asks for.
fn asked(wire: &[api::ScriptEdit], plan: &Plan) -> Result<Vec<Edit>, Failure> {
    if !(1..=MOST_IN_A_CALL).contains(&wire.len()) {
        let message = format!("edits has {} sentences; change 1 to {MOST_IN_A_CALL} in one call", wire.len());
        return Err(Failure::invalid("edits", message));
    }
    let edits = wire.iter().map(|edit| read(edit, plan)).collect::<Result<Vec<Edit>, Failure>>()?;
    let places: BTreeSet<(u32, u32)> = edits.iter().map(|edit| (edit.section, edit.utterance)).collect();
    if places.len() < edits.len() {
        return Err(Failure::invalid("edits", "edits changes a sentence twice; name each sentence once"));
    }
    Ok(edits)
}

/// The edits that were made before, and those of a call after them: of a section the last utterance
/// first, so that each is the one that its caller has read.
fn added(mut before: Vec<Edit>, mut new: Vec<Edit>) -> Result<Vec<Edit>, Failure> {
    if before.len() + new.len() > MOST_EDITS {
        let message = format!(
            "a script takes {MOST_EDITS} edits, and this one has {}; change the document, and order it anew",
            before.len()
        );
        return Err(Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).at("edits"));
    }
    new.sort_by_key(|edit| (edit.section, std::cmp::Reverse(edit.utterance)));
    before.extend(new);
    Ok(before)
}

fn read(wire: &api::ScriptEdit, plan: &Plan) -> Result<Edit, Failure> {
    text::check("edits.text", &wire.text, SENTENCE_CHARS)?;
    if wire.text.trim().is_empty() {
        return Err(Failure::invalid("edits.text", "edits.text is empty; write what is to be said"));
    }
    let sections = plan.sections.len();
    let section = u32::try_from(wire.section).ok().filter(|section| (*section as usize) < sections);
    let section = section.ok_or_else(|| {
        let message = format!("the script has {sections} sections, counted from 0, and none is {}", wire.section);
        Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("edits.section")
    })?;
    let utterance = u32::try_from(wire.utterance)
        .map_err(|_| Failure::invalid("edits.utterance", "edits.utterance must not be negative"))?;
    Ok(Edit { section, utterance, text: wire.text.clone() })
}

#[cfg(test)]
mod tests {
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_core::content::script::{self, Order, PlannedSection, Role, Speaker, Style};

    use super::*;
    use crate::compose::words::said;

    /// The plan of so many sections.
    fn plan_of(sections: u32) -> Plan {
        let planned = |index| PlannedSection {
            index,
            title: format!("Part {index}"),
            level: 1,
            blocks: Vec::new(),
            chosen: Vec::new(),
            words: 9,
            brief: String::new(),
        };
        Plan {
            schema: script::SCHEMA,
            content: Digest::of(b"content"),
            order: Order::of(Style::Narration),
            engine: "extractive/1".to_owned(),
            title: "Salt".to_owned(),
            language: "en".to_owned(),
            sections: (0..sections).map(planned).collect(),
            skipped: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A script of two sections of three sentences each, in storage.
    struct World {
        blob: Arc<dyn Blob>,
        objects: Objects,
        secret: TenantSecret,
        plan: Digest,
    }

    impl World {
        async fn new() -> Self {
            let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
            let three = "It is one. It is two. It is three.";
            Self::of(blob, "plan", [three, three]).await
        }

        /// The script of another plan, with these words, in the same scope.
        async fn of(blob: Arc<dyn Blob>, plan: &str, words: [&str; 2]) -> Self {
            let tenant: TenantId = "acme".parse().unwrap();
            let objects = Objects::new(Arc::clone(&blob), &tenant, &"d1".parse().unwrap());
            let secret = TenantSecret::derive(b"master", &tenant);
            let plan = Digest::of(plan.as_bytes());
            objects.write_json(&objects.folder().plan(&plan), &plan_of(2)).await.unwrap();
            for (index, words) in (0..).zip(words) {
                let section = Section {
                    schema: script::SCHEMA,
                    index,
                    title: format!("Part {index}"),
                    level: 1,
                    utterances: said(words, &[], Role::Body, Speaker::default(), Language::English),
                    skipped: Vec::new(),
                    dropped: Vec::new(),
                    engine: String::new(),
                    edited: Vec::new(),
                };
                let path = objects.folder().section(&secret.section(&plan, index));
                objects.write_json(&path, &section).await.unwrap();
            }
            Self { blob, objects, secret, plan }
        }

        async fn edit(&self, edits_key: &str, edits: &[(i32, i32, &str)]) -> Result<EditScriptResponse, Failure> {
            let edit = |(section, utterance, text): &(i32, i32, &str)| api::ScriptEdit {
                section: *section,
                utterance: *utterance,
                text: (*text).to_owned(),
            };
            let request = EditScriptRequest {
                scope: "d1".to_owned(),
                plan_key: self.plan.to_string(),
                edits_key: edits_key.to_owned(),
                edits: edits.iter().map(edit).collect(),
                carried_key: String::new(),
            };
            edit_of(&self.blob, &self.secret, request).await
        }

        /// Changes the script as those edits changed another one.
        async fn carry(&self, edits_key: &str, carried_key: &str) -> EditScriptResponse {
            let request = EditScriptRequest {
                scope: "d1".to_owned(),
                plan_key: self.plan.to_string(),
                edits_key: edits_key.to_owned(),
                edits: Vec::new(),
                carried_key: carried_key.to_owned(),
            };
            edit_of(&self.blob, &self.secret, request).await.unwrap()
        }

        async fn shown(&self, index: u32, edits_key: &str) -> Vec<String> {
            let key = self.secret.edited(&self.secret.section(&self.plan, index), &edits_key.parse().unwrap());
            let section: Section = self.objects.read_json(&self.objects.folder().section(&key)).await.unwrap();
            section.utterances.into_iter().map(|said| said.original).collect()
        }
    }

    async fn edit_of(
        blob: &Arc<dyn Blob>,
        secret: &TenantSecret,
        request: EditScriptRequest,
    ) -> Result<EditScriptResponse, Failure> {
        edit(blob, &"acme".parse().unwrap(), secret, request).await
    }

    #[tokio::test]
    async fn the_edits_of_a_call_are_of_what_its_caller_has_read_and_go_on_from_those_before() {
        let world = World::new().await;
        let first = world.edit("", &[(1, 0, "Sea water. And salt."), (1, 2, "Sand.")]).await.unwrap();
        assert_eq!(first.sections, [1]);
        assert_eq!(world.shown(1, &first.edits_key).await, ["Sea water.", "And salt.", "It is two.", "Sand."]);
        let again = world.edit("", &[(1, 2, "Sand."), (1, 0, "Sea water. And salt.")]).await.unwrap();
        assert_eq!(again, first, "in whatever order they are named");

        let second = world.edit(&first.edits_key, &[(1, 1, "Salt water."), (0, 0, "It is zero.")]).await.unwrap();
        assert_eq!(second.sections, [0, 1]);
        assert_eq!(world.shown(1, &second.edits_key).await, ["Sea water.", "Salt water.", "It is two.", "Sand."]);
        assert_eq!(world.shown(0, &second.edits_key).await, ["It is zero.", "It is two.", "It is three."]);
        assert_eq!(world.shown(1, &first.edits_key).await.len(), 4, "what was made before stays");
        let kept = world.objects.folder().edits(&second.edits_key.parse().unwrap());
        assert_eq!(world.objects.read_json::<Edits>(&kept).await.unwrap().edits.len(), 4);
    }

    #[tokio::test]
    async fn another_script_is_changed_alike_where_it_says_the_same() {
        let world = World::new().await;
        let edits = [(0, 1, "It is a pair. No more."), (1, 1, "It is twice."), (1, 2, "Sand.")];
        let first = world.edit("", &edits).await.unwrap().edits_key;
        let words = ["It is zero. It is two. It is one.", "It is three."];
        let other = World::of(Arc::clone(&world.blob), "of a revision", words).await;
        let carried = other.carry("", &first).await;
        assert_eq!((carried.sections.as_slice(), carried.added_count), (&[0, 1][..], 2));
        let shown = other.shown(0, &carried.edits_key).await;
        assert_eq!(shown, ["It is zero.", "It is a pair.", "No more.", "It is one."], "each change once, in order");
        assert_eq!(other.shown(1, &carried.edits_key).await, ["Sand."]);
        let again = other.carry(&carried.edits_key, &first).await;
        assert_eq!((&again.edits_key, again.added_count), (&carried.edits_key, 0), "nothing is left to be changed");
        assert_eq!(again.sections, [0, 1]);

        let nothing = World::of(Arc::clone(&world.blob), "of another", ["It is four.", "It is five."]).await;
        let none = nothing.carry("", &first).await;
        assert_eq!((none.edits_key.as_str(), none.sections.len(), none.added_count), ("", 0, 0));
    }

    #[tokio::test]
    async fn edits_that_cannot_be_made_leave_no_list() {
        let world = World::new().await;
        let long = "word ".repeat(300);
        for (edits, kind, field) in [
            (&[][..], Kind::InvalidArgument, "edits"),
            (&[(0, 0, "A."), (0, 0, "B.")], Kind::InvalidArgument, "edits"),
            (&[(0, 0, " ")], Kind::InvalidArgument, "edits.text"),
            (&[(0, 0, "a\u{7}b")], Kind::InvalidArgument, "edits.text"),
            (&[(0, 0, long.as_str())], Kind::InvalidArgument, "edits.text"),
            (&[(2, 0, "A.")], Kind::OutOfRange, "edits.section"),
            (&[(-1, 0, "A.")], Kind::OutOfRange, "edits.section"),
            (&[(0, -1, "A.")], Kind::InvalidArgument, "edits.utterance"),
            (&[(1, 0, "A."), (0, 3, "A.")], Kind::OutOfRange, "edits"),
        ] {
            let refused = world.edit("", edits).await.unwrap_err();
            assert_eq!((refused.kind, refused.field.as_deref()), (kind, Some(field)), "{edits:?}: {refused}");
            assert_eq!(refused.reason, Reason::InvalidField);
        }
        let names = world.objects.kinds().await.unwrap();
        assert_eq!(names.get(&lectern_core::keys::ObjectKind::Edits), None);
    }

    #[test]
    fn a_script_takes_so_many_edits_and_no_more() {
        let edit = Edit { section: 0, utterance: 0, text: "A.".to_owned() };
        let new = || vec![edit.clone()];
        assert_eq!(added(vec![edit.clone(); MOST_EDITS - 1], new()).unwrap().len(), MOST_EDITS);
        let refused = added(vec![edit.clone(); MOST_EDITS], new()).unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::LimitExceeded, Some("edits")));
    }
}
