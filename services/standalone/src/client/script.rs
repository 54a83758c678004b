//! `lectern script`, `lectern edit` and `lectern approve`: a script that waits for a person.

use std::collections::BTreeSet;

use lectern_client::Client;
use lectern_core::{Failure, Reason};
use lectern_proto::v1::{
    DroppedSentence, ScriptEdit, ScriptSection, SourcePart, UpdateScriptRequest, Utterance, dropped_sentence, utterance,
};
use serde_json::{Value, json};

use super::instance::Instance;
use super::message::Message;
use super::out::Out;
use super::words::{self, Stop};
use crate::cli::manage::Edit;

/// Shows the script of the narration `name`, as far as it is written.
///
/// # Errors
/// What the server answers.
pub async fn show(name: &str, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let (sections, etag) = instance.client.script(name).await?;
    out.json(&json!({
        "name": name,
        "etag": etag,
        "sections": sections.iter().map(section).collect::<Vec<_>>(),
    }));
    lines(name, &sections, &etag).iter().chain(&dropped_lines(&sections)).for_each(|line| out.line(line));
    Ok(())
}

/// Puts another sentence in the place of one, or changes the script as another one was changed.
///
/// # Errors
/// What the server answers.
pub async fn edit(name: &str, edit: &Edit, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let (client, flags) = (&instance.client, instance.flags());
    let etag = etag(name, edit.etag.as_deref(), client).await?;
    let request = UpdateScriptRequest {
        name: name.to_owned(),
        edits: sentence(edit).into_iter().collect(),
        etag,
        edits_of: edit.edits_of.clone().unwrap_or_default(),
    };
    let updated = client.update_script(request).await;
    let updated = updated.map_err(|failure| read_again(failure, name, flags))?;
    let changed = updated.changed_sentence_count;
    out.json(&json!({"name": name, "etag": updated.etag, "changedSentenceCount": changed}));
    let changed = words::count(changed, "sentence");
    out.line(&format!("{changed} changed; `lectern script {name}{flags}` shows it, and"));
    out.line(&format!("`lectern approve {name}{flags}` has it spoken"));
    Ok(())
}

/// The sentence that is changed; none where it is the script of another narration that says what
/// is, or where no command is run.
fn sentence(edit: &Edit) -> Option<ScriptEdit> {
    Some(ScriptEdit { section: edit.section?, utterance: edit.sentence?, text: edit.text.clone()? })
}

/// Approves the script of the narration `name`.
///
/// # Errors
/// What the server answers.
pub async fn approve(name: &str, etag: Option<&str>, instance: &Instance) -> Result<(), Stop> {
    let client = &instance.client;
    let etag = self::etag(name, etag, client).await?;
    let approved = client.approve_script(name, &etag).await;
    approved.map(drop).map_err(|failure| read_again(failure, name, instance.flags()).into())
}

/// The etag that was named, or that of the script as it is now.
async fn etag(name: &str, named: Option<&str>, client: &Client) -> Result<String, Failure> {
    match named {
        Some(named) => Ok(named.to_owned()),
        None => client.script(name).await.map(|(_, etag)| etag),
    }
}

/// A refusal in the words of the command line.
fn read_again(failure: Failure, name: &str, flags: &str) -> Failure {
    let message = if failure.reason == Reason::EtagMismatch {
        format!("the script of {name} was changed meanwhile; `lectern script {name}{flags}` shows it as it is")
    } else if failure.reason == Reason::WrongState {
        format!(
            "the script of {name} does not wait for an approval: only one that was ordered with --hold can be changed, \
             from when it is written until it is approved; `lectern show {name}{flags}` says where it stands"
        )
    } else {
        return failure;
    };
    Failure { message, ..failure }
}

/// A script as a person reads it: what was changed has a star.
fn lines(name: &str, sections: &[ScriptSection], etag: &str) -> Vec<String> {
    let mut lines = vec![format!("{name}  etag {etag}")];
    for section in sections {
        lines.push(format!("section {}  {}", section.index, section.title));
        for said in &section.utterances {
            let star = if said.edited { '*' } else { ' ' };
            lines.push(format!("{star}{:>5}  {}", said.id, said.original));
            if !said.before.is_empty() {
                lines.push(format!("        was: {}", said.before));
            }
        }
    }
    lines
}

/// The sentences that were written and are not spoken, each with its section, the blocks that it
/// names, and what is wrong with it.
fn dropped_lines(sections: &[ScriptSection]) -> Vec<String> {
    let all = sections.iter().flat_map(|section| section.dropped.iter().map(move |sentence| (section.index, sentence)));
    let all: Vec<(i32, &DroppedSentence)> = all.collect();
    if all.is_empty() {
        return Vec::new();
    }
    let count = words::count(i64::try_from(all.len()).unwrap_or(i64::MAX), "sentence");
    let mut lines = vec![format!("not spoken: {count} that the writer wrote")];
    for (section, sentence) in all {
        let (blocks, why) = (blocks(&sentence.sources), words::dropped(sentence.reason()));
        lines.push(format!("section {section}  {blocks}: {why}"));
        lines.push(format!("        {}", sentence.text));
        if !sentence.detail.is_empty() {
            lines.push(format!("        ({})", sentence.detail));
        }
    }
    lines
}

/// The blocks that a sentence names, each once: `block 3`, `blocks 3, 4`, `no block`.
fn blocks(sources: &[SourcePart]) -> String {
    let blocks: BTreeSet<i32> = sources.iter().map(|source| source.block).collect();
    let word = match blocks.len() {
        0 => return "no block".to_owned(),
        1 => "block",
        _ => "blocks",
    };
    format!("{word} {}", blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// A section as JSON, by the names of the API.
fn section(section: &ScriptSection) -> Value {
    Message::default()
        .number("index", section.index)
        .text("title", &section.title)
        .number("level", section.level)
        .list("utterances", &section.utterances, said)
        .list("dropped", &section.dropped, dropped)
        .end()
}

fn said(said: &Utterance) -> Value {
    let Utterance { id, speaker, role, original, spoken, added, sources, edited, before } = said;
    Message::default()
        .put("id", Value::from(*id))
        .number("speaker", *speaker)
        .word("role", *role, utterance::Role::as_str_name)
        .text("original", original)
        .text("spoken", spoken)
        .flag("added", *added)
        .list("sources", sources, source)
        .flag("edited", *edited)
        .text("before", before)
        .end()
}

fn dropped(sentence: &DroppedSentence) -> Value {
    let DroppedSentence { text, reason, detail, sources } = sentence;
    Message::default()
        .text("text", text)
        .word("reason", *reason, dropped_sentence::Reason::as_str_name)
        .text("detail", detail)
        .list("sources", sources, source)
        .end()
}

fn source(source: &SourcePart) -> Value {
    let SourcePart { block, start, end } = source;
    Message::default().number("block", *block).number("start", *start).number("end", *end).end()
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;

    use super::*;

    fn script() -> ScriptSection {
        let said = |id, original: &str| Utterance { id, original: original.to_owned(), ..Utterance::default() };
        let changed = Utterance { edited: true, before: "Salt is dear.".to_owned(), ..said(1, "Salt was dear.") };
        let utterances = vec![said(0, "Salt is old."), changed];
        ScriptSection { index: 2, title: "Salt".to_owned(), utterances, ..ScriptSection::default() }
    }

    #[test]
    fn a_sentence_is_shown_with_its_number_and_what_it_was() {
        let shown = lines("narrations/n1", &[script()], "e1");
        let expected = [
            "narrations/n1  etag e1",
            "section 2  Salt",
            "     0  Salt is old.",
            "*    1  Salt was dear.",
            "        was: Salt is dear.",
        ];
        assert_eq!(shown, expected);
        let value = section(&script());
        assert_eq!((&value["utterances"][0]["id"], &value["utterances"][1]["edited"]), (&json!(0), &json!(true)));
        assert_eq!(value["utterances"][1]["before"], "Salt is dear.");
    }

    #[test]
    fn what_was_written_and_is_not_spoken_is_listed_at_the_end() {
        assert!(dropped_lines(&[script()]).is_empty());
        let from = |block| SourcePart { block, start: 0, end: 9 };
        let sentence = |text: &str, reason: dropped_sentence::Reason, blocks: &[i32]| DroppedSentence {
            text: text.to_owned(),
            reason: reason.into(),
            sources: blocks.iter().map(|block| from(*block)).collect(),
            ..DroppedSentence::default()
        };
        let refused = DroppedSentence {
            detail: "says 1967; the source has 1687".to_owned(),
            ..sentence("It was dear in 1967.", dropped_sentence::Reason::Ungrounded, &[7, 4, 7])
        };
        let dropped = vec![refused, sentence("So it goes.", dropped_sentence::Reason::Unsourced, &[])];
        let section_of = ScriptSection { dropped, ..script() };
        let expected = [
            "not spoken: 2 sentences that the writer wrote",
            "section 2  blocks 4, 7: it says what the document does not",
            "        It was dear in 1967.",
            "        (says 1967; the source has 1687)",
            "section 2  no block: it names no place of the document",
            "        So it goes.",
        ];
        assert_eq!(dropped_lines(std::slice::from_ref(&section_of)), expected);
        let value = section(&section_of);
        assert_eq!(
            (&value["dropped"][0]["reason"], &value["dropped"][1]["sources"]),
            (&json!("REASON_UNGROUNDED"), &Value::Null)
        );
        assert_eq!(value["dropped"][0]["sources"][1], json!({"block": 4, "end": 9}));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let refused = |reason| Failure::new(Kind::Aborted, reason, "as the server has it");
        let other = read_again(refused(Reason::EtagMismatch), "narrations/n1", " --data d");
        assert!(other.message.contains("`lectern script narrations/n1 --data d`"), "{other}");
        assert!(read_again(refused(Reason::WrongState), "narrations/n1", "").message.contains("--hold"));
        assert_eq!(read_again(refused(Reason::InvalidField), "n", "").message, "as the server has it");
    }
}
