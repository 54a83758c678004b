//! `lectern show`: all that is known of a narration, as a person asks for it.

use lectern_client::{Client, is_terminal};
use lectern_core::{Failure, Reason};
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{Artifact, Bill, Document, Narration, Progress};
use lectern_provider::MicroUsd;

use super::instance::Instance;
use super::manage::{describe, json};
use super::out::{self, Out};
use super::progress;
use super::words::{self, Stop};

/// Shows the narration `name`.
///
/// # Errors
/// What the server answers.
pub async fn run(name: &str, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let client = &instance.client;
    let narration = client.narration(name).await?;
    out.json(&json::narration(&narration));
    let mut documents = Vec::new();
    for document in &narration.documents {
        documents.push((document.as_str(), look_up(client, document).await?));
    }
    let idle = instance.is_own().then(|| instance.flags());
    lines(&narration, &documents, idle).iter().for_each(|line| out.line(line));
    Ok(())
}

/// A document; none of one that is gone.
async fn look_up(client: &Client, name: &str) -> Result<Option<Document>, Failure> {
    match client.get_document(name).await {
        Ok(document) => Ok(Some(document)),
        Err(failure) if matches!(failure.reason, Reason::DocumentErased | Reason::ResourceNotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The page of a narration: its facts, its files, its notes. An instance that is `idle` does no
/// work; these are the flags that lead to its data.
fn lines(narration: &Narration, documents: &[(&str, Option<Document>)], idle: Option<&str>) -> Vec<String> {
    let title = describe::title(narration);
    let mut lines =
        vec![if title.is_empty() { narration.name.clone() } else { format!("{}  {title}", narration.name) }];
    let rows: Vec<Vec<String>> = facts(narration, documents, idle)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![format!("  {name}"), value])
        .collect();
    lines.extend(out::table(&rows));
    if !narration.artifacts.is_empty() {
        lines.push("  files".to_owned());
        let mut rows: Vec<Vec<String>> = narration.artifacts.iter().map(file).collect();
        rows.sort_unstable();
        lines.extend(out::table(&rows));
    }
    if !narration.notes.is_empty() {
        lines.push("  notes".to_owned());
        lines.extend(narration.notes.iter().map(|note| format!("    {note}")));
    }
    lines
}

/// Each fact with its name; what is not known is empty.
fn facts(
    narration: &Narration,
    documents: &[(&str, Option<Document>)],
    idle: Option<&str>,
) -> Vec<(&'static str, String)> {
    let failure = narration.failure.as_ref().map(|status| words::sentence(&convert::failure(status)));
    let waits = match idle.filter(|_| !is_terminal(narration)) {
        Some(flags) if narration.state() == State::AwaitingApproval => {
            format!("its script is to be approved; `lectern approve {}{flags}` goes on with it", narration.name)
        }
        Some(flags) => {
            format!("nothing works on it just now; `lectern watch {}{flags}` goes on with it", narration.name)
        }
        None => progress::waits(narration.wait_reason()).unwrap_or_default().to_owned(),
    };
    let counts = narration.progress.unwrap_or_default();
    let mut facts = vec![
        ("state", describe::standing(narration, idle.is_some())),
        ("it waits", waits),
        ("it failed", failure.unwrap_or_default()),
        ("length", describe::length(narration)),
        ("audio made", audio(narration, &counts)),
        ("sections", sections(&counts)),
        ("sentences", sentences(&counts)),
        ("words", if counts.word_count > 0 { counts.word_count.to_string() } else { String::new() }),
    ];
    facts.extend(documents.iter().map(|(name, document)| ("document", of_document(name, document.as_ref()))));
    facts.extend(describe::order(narration));
    facts.extend([
        ("model", narration.bill.as_ref().map(of_bill).unwrap_or_default()),
        ("run", if narration.run > 1 { narration.run.to_string() } else { String::new() }),
        ("accepted", describe::moment(narration.create_time.as_ref())),
        ("first section", describe::moment(narration.first_audio_time.as_ref())),
        ("ended", describe::moment(narration.finish_time.as_ref())),
    ]);
    if !is_terminal(narration) {
        facts.push(("due by", describe::moment(narration.deadline_time.as_ref())));
    }
    facts
}

/// How much audio there is of what there will be, while it is made.
fn audio(narration: &Narration, counts: &Progress) -> String {
    match counts.recorded_duration {
        Some(made) if narration.duration.is_none() => words::clock(words::seconds(&made)),
        Some(_) | None => String::new(),
    }
}

fn sections(counts: &Progress) -> String {
    counts.section_count.map_or_else(String::new, |all| {
        format!("{all}: {} written, {} recorded", counts.written_section_count, counts.recorded_section_count)
    })
}

fn sentences(counts: &Progress) -> String {
    match (counts.utterance_count, counts.reused_utterance_count) {
        (0, _) => String::new(),
        (all, 0) => format!("{all} recorded"),
        (all, reused) => format!("{all} recorded, {reused} of them were there already"),
    }
}

/// What the calls of its writer's model have cost so far.
fn of_bill(bill: &Bill) -> String {
    let cost = format!("{}, {}", words::count(bill.call_count, "call"), MicroUsd::of_signed(bill.cost_micro_usd));
    match bill.unknown_call_count {
        0 => cost,
        unknown => format!("{cost} at most, since the cost of {} is not known", words::count(unknown, "call")),
    }
}

/// `documents/d1, tides.pdf, PDF, 6 pages, 2035 words`.
fn of_document(name: &str, document: Option<&Document>) -> String {
    let Some(document) = document else { return format!("{name}, which is deleted") };
    let parts = [
        name.to_owned(),
        document.display_name.clone(),
        describe::kind(document).to_owned(),
        document.page_count.map(|pages| words::count(pages, "page")).unwrap_or_default(),
        words::count(document.word_count, "word"),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Name and size of a file. The last part of an artifact's name is that of its file.
fn file(artifact: &Artifact) -> Vec<String> {
    let name = artifact.name.rsplit('/').next().unwrap_or_default();
    vec![format!("    {name}"), describe::size(artifact.size_bytes)]
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::{OutputFormat, Style, WaitReason};
    use prost_types::Duration;

    use super::*;

    fn seconds(seconds: i64) -> Option<Duration> {
        Some(Duration { seconds, nanos: 0 })
    }

    fn document() -> Document {
        Document {
            display_name: "tides.pdf".to_owned(),
            mime_type: "application/pdf".to_owned(),
            page_count: Some(6),
            word_count: 2_035,
            ..Document::default()
        }
    }

    #[test]
    fn one_that_is_made_says_how_far_it_is_and_why_it_waits() {
        let narration = Narration {
            name: "narrations/n1".to_owned(),
            title: "Tides".to_owned(),
            style: Style::Narration.into(),
            formats: vec![OutputFormat::Opus.into()],
            state: State::Narrating.into(),
            wait_reason: WaitReason::Paused.into(),
            progress: Some(Progress {
                section_count: Some(5),
                written_section_count: 3,
                recorded_section_count: 2,
                word_count: 1_800,
                utterance_count: 60,
                reused_utterance_count: 12,
                recorded_duration: seconds(150),
                estimated_duration: seconds(600),
                assembled_duration: None,
            }),
            create_time: "2026-11-27T12:00:00Z".parse().ok(),
            deadline_time: "2026-11-28T12:00:00Z".parse().ok(),
            ..Narration::default()
        };
        assert_eq!(
            lines(&narration, &[("documents/d1", Some(document()))], None),
            [
                "narrations/n1  Tides",
                "  state       narrating 25 %, waits",
                "  it waits    an operator has paused what it needs",
                "  length      about 10:00",
                "  audio made  2:30",
                "  sections    5: 3 written, 2 recorded",
                "  sentences   60 recorded, 12 of them were there already",
                "  words       1800",
                "  document    documents/d1, tides.pdf, PDF, 6 pages, 2035 words",
                "  style       narration",
                "  formats     opus",
                "  accepted    2026-11-27 12:00:00Z",
                "  due by      2026-11-28 12:00:00Z",
            ]
        );
        let lines = lines(&narration, &[], Some(" --data d"));
        assert_eq!(
            lines[2],
            "  it waits    nothing works on it just now; `lectern watch narrations/n1 --data d` goes on with it"
        );
    }

    #[test]
    fn one_that_is_done_has_files_and_notes_and_one_that_failed_says_why() {
        let artifact = |file: &str, size_bytes| Artifact {
            name: format!("narrations/n1/artifacts/{file}"),
            size_bytes,
            ..Artifact::default()
        };
        let mut narration = Narration {
            name: "narrations/n1".to_owned(),
            state: State::Succeeded.into(),
            duration: seconds(633),
            progress: Some(Progress { recorded_duration: seconds(633), ..Progress::default() }),
            artifacts: vec![artifact("captions.vtt", 4_000), artifact("audio.opus", 2_500_000)],
            notes: vec!["SOURCE_SHORT: the source was too short".to_owned()],
            deadline_time: "2026-11-28T12:00:00Z".parse().ok(),
            ..Narration::default()
        };
        assert_eq!(
            lines(&narration, &[("documents/d1", None)], Some("")),
            [
                "narrations/n1",
                "  state     succeeded",
                "  length    10:33",
                "  document  documents/d1, which is deleted",
                "  files",
                "    audio.opus    2.5 MB",
                "    captions.vtt  4.0 kB",
                "  notes",
                "    SOURCE_SHORT: the source was too short",
            ]
        );
        narration.state = State::Failed.into();
        narration.failure = Some(convert::failure_to_wire(&Failure::not_found("documents/d1"), None));
        let lines = lines(&narration, &[], Some(""));
        assert!(lines[2].contains("it failed") && lines[2].contains("documents/d1 does not exist"), "{lines:?}");
    }

    #[test]
    fn what_a_model_cost_is_told_and_what_of_it_nobody_knows() {
        let bill = Bill { call_count: 7, cost_micro_usd: 12_345, ..Bill::default() };
        assert_eq!(of_bill(&bill), "7 calls, 0.012345 USD");
        let lost = Bill { unknown_call_count: 1, ..bill };
        assert_eq!(of_bill(&lost), "7 calls, 0.012345 USD at most, since the cost of 1 call is not known");
    }
}
