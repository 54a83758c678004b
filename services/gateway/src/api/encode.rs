//! A narration as callers see it.

use lectern_core::id::NarrationId;
use lectern_core::{Failure, Kind};
use lectern_proto::{convert, names, v1 as api};
use lectern_store::{Op, Query, Versioned};

use crate::conduct::{Moment, Wait};
use crate::domain::{Artifact, Bill, Narration, Phase, UsedLexicon};

/// A lexicon that a narration says its words by.
fn lexicon(used: &UsedLexicon) -> api::NarrationLexicon {
    let version = i64::try_from(used.version).unwrap_or(i64::MAX);
    api::NarrationLexicon { name: names::of_lexicon(&used.id), version }
}

/// The narration, with its etag and what is known beside its record.
pub fn narration(versioned: &Versioned<Narration>, moment: &Moment) -> api::Narration {
    let n = &versioned.record;
    let order = &n.spec.order;
    let (other_languages, spoken_languages) = convert::other_languages_to_wire(&order.other_languages);
    let step = n.failure().and_then(|failed| failed.step.as_ref());
    let failure = self::failure(n).map(|failure| convert::failure_to_wire(&failure, step));
    api::Narration {
        name: names::of_narration(&n.id),
        documents: vec![names::of_document(&n.document)],
        display_name: n.display_name().to_owned(),
        labels: n.labels().all().clone(),
        style: convert::style_to_wire(order.style).into(),
        length: order.length.map(convert::length_to_wire),
        footnotes: convert::footnotes_to_wire(order.footnotes).into(),
        speakers: convert::speakers_to_wire(&n.pins.speakers),
        lexicons: n.spec.lexicons.iter().map(lexicon).collect(),
        default_lexicons: n.spec.default_lexicons.iter().map(lexicon).collect(),
        without_default_lexicons: n.spec.without_default_lexicons,
        // What they came to is an object; a caller has what it sent.
        pronunciations: Vec::new(),
        lexicon_key: n.pins.speakers.lexicon().map(ToString::to_string).unwrap_or_default(),
        speed: Some(f64::from(n.spec.speed) / 100.0),
        formats: n.spec.formats.clone(),
        lane: n.lane,
        state: state(n).into(),
        progress: Some(progress(n, moment)),
        failure,
        title: n.title().to_owned(),
        language_code: language(n).to_owned(),
        duration: n.recording().and_then(|recording| duration(recording.samples, recording.sample_rate)),
        artifacts: n.artifacts().iter().map(|file| artifact(&n.id, file)).collect(),
        notes: n.notes().to_vec(),
        run: convert::number(n.run),
        create_time: Some(convert::time(n.created)),
        update_time: Some(convert::time(n.updated)),
        first_audio_time: n.first_audio().map(convert::time),
        finish_time: n.finished().map(convert::time),
        etag: n.version.to_string(),
        time_limit: n.spec.time_limit.and_then(|limit| prost_types::Duration::try_from(limit).ok()),
        // It stands still while a person is waited for.
        deadline_time: Some(n.deadline).filter(|_| !n.awaits_approval()).map(convert::time),
        hold_script: n.spec.hold,
        selection: convert::selection_to_wire(&order.selection),
        skip: convert::kinds_to_wire(&order.skip),
        read: convert::kinds_to_wire(&order.read),
        wait_reason: moment.wait.map_or(api::WaitReason::Unspecified, wait_reason).into(),
        repin_time: n.repinned.as_ref().map(|repinned| convert::time(repinned.at)),
        direction: convert::direction_to_wire(&order.direction),
        cast: convert::cast_to_wire(&order.cast),
        writer: n.pins.writer.clone(),
        bill: n.whole_bill().map(bill),
        other_languages: other_languages.into(),
        spoken_languages,
        emoji: convert::emoji_to_wire(order.emoji).into(),
    }
}

/// What it has cost.
fn bill(bill: Bill) -> api::Bill {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let Bill { calls, unknown, input, cached, output, thoughts, characters, micro_usd, first_call: _ } = bill;
    api::Bill {
        call_count: count(calls),
        unknown_call_count: count(unknown),
        input_token_count: count(input),
        cached_token_count: count(cached),
        output_token_count: count(output),
        thought_token_count: count(thoughts),
        cost_micro_usd: count(micro_usd),
        character_count: count(characters),
    }
}

/// How far it has come.
fn progress(n: &Narration, moment: &Moment) -> api::Progress {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let tally = n.tally();
    api::Progress {
        section_count: n.sections().map(convert::number),
        written_section_count: convert::number(n.written()),
        recorded_section_count: convert::number(n.recorded()),
        word_count: count(n.outline().map_or(0, |outline| outline.words)),
        utterance_count: count(tally.utterances),
        reused_utterance_count: count(tally.reused),
        recorded_duration: Some(of_millis(tally.millis)),
        estimated_duration: n.estimated_millis().map(of_millis),
        assembled_duration: moment.assembled.map(of_millis),
    }
}

/// Why a narration does not go on.
pub const fn wait_reason(wait: Wait) -> api::WaitReason {
    match wait {
        Wait::Queue => api::WaitReason::Queue,
        Wait::Paused => api::WaitReason::Paused,
        Wait::Suspended => api::WaitReason::Suspended,
        Wait::EngineUnavailable => api::WaitReason::EngineUnavailable,
        Wait::Budget => api::WaitReason::Budget,
    }
}

/// Why a narration ended, as its caller is told. How a defect of ours came about is for operators,
/// who find it in the log and among the dead letters: it may name objects, as it may not in the
/// answer of a call (`lectern_rpc::status`).
pub fn failure(n: &Narration) -> Option<Failure> {
    let failure = n.failure()?.failure.clone();
    if failure.kind != Kind::Internal {
        return Some(failure);
    }
    let mut message = "an internal error; retry the narration, and if it fails again, give an operator".to_owned();
    match n.traceparent.as_deref().and_then(trace_id) {
        Some(trace) => message.push_str(&format!(" the trace id {trace}")),
        None => message.push_str(" its name"),
    }
    Some(Failure { message, ..failure })
}

/// The trace's id in a `traceparent`: `{version}-{trace}-{span}-{flags}`.
fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1)
}

/// The language it is spoken in; before it is planned that of the order, where one is set.
fn language(n: &Narration) -> &str {
    let planned = n.outline().map(|outline| outline.language.as_str()).filter(|language| !language.is_empty());
    planned.or(n.spec.order.language.as_deref()).unwrap_or_default()
}

/// A file of a narration's recording.
pub fn artifact(narration: &NarrationId, artifact: &Artifact) -> api::Artifact {
    api::Artifact {
        name: names::of_artifact(narration, &artifact.name),
        mime_type: artifact.media_type.clone(),
        size_bytes: i64::try_from(artifact.size).unwrap_or(i64::MAX),
        sha256: artifact.sha256.to_string(),
    }
}

/// The state that callers are shown.
pub fn state(n: &Narration) -> api::narration::State {
    match n.phase() {
        Phase::Extracting if n.queued() => api::narration::State::Queued,
        Phase::Extracting => api::narration::State::Extracting,
        Phase::Planning => api::narration::State::Planning,
        Phase::Narrating => api::narration::State::Narrating,
        Phase::AwaitingApproval => api::narration::State::AwaitingApproval,
        Phase::Assembling => api::narration::State::Assembling,
        Phase::Succeeded => api::narration::State::Succeeded,
        Phase::Failed => api::narration::State::Failed,
        Phase::Cancelled => api::narration::State::Cancelled,
    }
}

/// Of the narrations that `query` finds, those that [`state`] says to be in a state.
pub fn in_state(query: Query, state: api::narration::State) -> Query {
    let query = match phase(state) {
        Shown::Any => return query,
        Shown::In(phase) => query.eq("phase", phase.as_str()),
    };
    match state {
        // As `Narration::queued` has it.
        api::narration::State::Queued => query.eq("run", 1),
        api::narration::State::Extracting => query.filter("run", Op::Gt, 1),
        api::narration::State::Unspecified
        | api::narration::State::Planning
        | api::narration::State::Narrating
        | api::narration::State::Assembling
        | api::narration::State::Succeeded
        | api::narration::State::Failed
        | api::narration::State::Cancelled
        | api::narration::State::AwaitingApproval => query,
    }
}

/// In which phase a narration shows a state.
enum Shown {
    /// In any: nothing is asked for.
    Any,
    /// In this.
    In(Phase),
}

/// The phase that a state in a filter asks for.
const fn phase(state: api::narration::State) -> Shown {
    match state {
        api::narration::State::Unspecified => Shown::Any,
        api::narration::State::Queued | api::narration::State::Extracting => Shown::In(Phase::Extracting),
        api::narration::State::Planning => Shown::In(Phase::Planning),
        api::narration::State::Narrating => Shown::In(Phase::Narrating),
        api::narration::State::Assembling => Shown::In(Phase::Assembling),
        api::narration::State::Succeeded => Shown::In(Phase::Succeeded),
        api::narration::State::Failed => Shown::In(Phase::Failed),
        api::narration::State::Cancelled => Shown::In(Phase::Cancelled),
        api::narration::State::AwaitingApproval => Shown::In(Phase::AwaitingApproval),
    }
}

/// A length of audio on the wire.
pub fn of_millis(millis: u64) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(millis / 1_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0),
    }
}

fn duration(samples: u64, rate: u32) -> Option<prost_types::Duration> {
    let rate = u64::from(rate);
    (rate > 0).then(|| prost_types::Duration {
        seconds: i64::try_from(samples / rate).unwrap_or(i64::MAX),
        nanos: i32::try_from(samples % rate * 1_000_000_000 / rate).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::{Reason, SystemClock, Timestamp};
    use lectern_store::memory::MemoryStore;
    use lectern_store::{Collection, Revision};

    use super::*;
    use crate::domain::{StepFailure, Tally};
    use crate::testing::{assemble, narrate, narrate_words, succeed, write};

    /// A narration as it is shown at a moment.
    fn as_of(n: &Narration, moment: Moment) -> api::Narration {
        narration(&Versioned { record: n.clone(), revision: Revision::FIRST }, &moment)
    }

    #[test]
    fn what_is_recorded_is_shown_as_counts_and_as_time() {
        let mut n = crate::testing::narration();
        let progress = |n: &Narration, moment| as_of(n, moment).progress.expect("progress");
        let accepted = progress(&n, Moment::default());
        assert_eq!((accepted.recorded_duration, accepted.estimated_duration), (Some(of_millis(0)), None));
        narrate_words(&mut n, 2, 330);
        assert_eq!(progress(&n, Moment::default()).estimated_duration, Some(of_millis(120_000)));
        let counts = Tally { utterances: 12, reused: 5, words: 165, millis: 61_500 };
        assert!(n.section_recorded(1, counts, n.updated));
        let half = progress(&n, Moment::default());
        assert_eq!((half.utterance_count, half.reused_utterance_count), (12, 5));
        let minute = prost_types::Duration { seconds: 61, nanos: 500_000_000 };
        assert_eq!((half.recorded_duration, half.estimated_duration), (Some(minute), Some(of_millis(123_000))));
        assert_eq!(half.assembled_duration, None);
        assemble(&mut n);
        let moment = Moment { assembled: Some(9_250), ..Moment::default() };
        assert_eq!(progress(&n, moment).assembled_duration, Some(of_millis(9_250)));
    }

    #[test]
    fn why_it_waits_is_shown_with_its_reason() {
        let n = crate::testing::narration();
        for (wait, reason) in [
            (None, api::WaitReason::Unspecified),
            (Some(Wait::Queue), api::WaitReason::Queue),
            (Some(Wait::Paused), api::WaitReason::Paused),
            (Some(Wait::Suspended), api::WaitReason::Suspended),
            (Some(Wait::EngineUnavailable), api::WaitReason::EngineUnavailable),
            (Some(Wait::Budget), api::WaitReason::Budget),
        ] {
            assert_eq!(as_of(&n, Moment { wait, ..Moment::default() }).wait_reason(), reason);
        }
    }

    #[test]
    fn what_of_a_document_was_ordered_is_shown_as_it_is_read() {
        let mut n = crate::testing::narration();
        let plain = as_of(&n, Moment::default());
        assert_eq!((plain.selection, plain.skip.len(), plain.read.len()), (None, 0, 0));
        n.spec.order.selection.first = Some(60);
        n.spec.order.skip.insert(lectern_core::content::script::ContentKind::Code);
        n.spec.order.read.insert(lectern_core::content::script::ContentKind::Citations);
        n.spec.order.direction.tone = "calm".to_owned();
        assert_eq!(convert::order(&as_of(&n, Moment::default())), Ok(n.spec.order));
    }

    #[test]
    fn a_script_that_waits_for_a_person_has_no_deadline_meanwhile() {
        let mut n = crate::testing::narration();
        n.spec.hold = true;
        narrate(&mut n, 1);
        assert!(as_of(&n, Moment::default()).deadline_time.is_some());
        write(&mut n, 0);
        let waits = as_of(&n, Moment::default());
        assert_eq!((waits.state(), waits.deadline_time), (api::narration::State::AwaitingApproval, None));
        assert!(waits.hold_script && waits.finish_time.is_none());
        n.approve(Timestamp(1));
        assert!(as_of(&n, Moment::default()).deadline_time.is_some());
    }

    #[test]
    fn samples_become_seconds_and_nanoseconds() {
        let d = duration(36_000, 24_000).expect("a rate");
        assert_eq!((d.seconds, d.nanos), (1, 500_000_000));
        assert_eq!(duration(1, 0), None);
    }

    #[tokio::test]
    async fn a_list_by_state_has_the_narrations_that_show_it() {
        use api::narration::State;

        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
        let narrations = Collection::<Narration>::new(store);
        narrations.ensure().await.expect("a collection");
        let ways: [fn(&mut Narration); 6] = [
            |_| {},
            |n| assert!(n.extracted()),
            |n| narrate(n, 1),
            |n| {
                n.spec.hold = true;
                narrate(n, 1);
                write(n, 0);
            },
            |n| succeed(n, Timestamp(1)),
            |n| {
                n.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped"), Timestamp(1));
            },
        ];
        for (run, way) in [1, 2].into_iter().flat_map(|run| ways.map(|way| (run, way))) {
            let mut n = crate::testing::narration();
            n.run = run;
            way(&mut n);
            n.id = format!("n-{run}-{}", n.phase().as_str()).parse().expect("an id");
            narrations.insert(&n).await.expect("inserted");
        }
        for wanted in [
            State::Queued,
            State::Extracting,
            State::Planning,
            State::Succeeded,
            State::Failed,
            State::AwaitingApproval,
        ] {
            let found = async |query: Query| narrations.find(&query).await.expect("found").items;
            let shown = found(Query::new()).await.into_iter().filter(|n| state(&n.record) == wanted);
            let shown: Vec<String> = shown.map(|n| n.record.id.to_string()).collect();
            let listed = found(in_state(Query::new(), wanted)).await;
            let listed: Vec<String> = listed.into_iter().map(|n| n.record.id.to_string()).collect();
            assert_eq!(listed, shown, "{wanted:?}");
        }
    }

    #[test]
    fn a_narration_shows_what_was_ordered_and_what_was_chosen() {
        let mut n = crate::testing::narration();
        n.spec.order.language = Some("en".to_owned());
        let show = |n: &Narration| as_of(n, Moment::default());
        let shown = show(&n);
        assert_eq!(shown.writer, "extractive", "who was chosen");
        assert_eq!(shown.documents, ["documents/d1"]);
        let voice = "engines/tone/voices/a".to_owned();
        assert_eq!(shown.speakers, [api::Speaker { voice, other_voices: Vec::new() }]);
        assert_eq!((shown.speed, shown.language_code.as_str()), (Some(1.0), "en"));
        assert_eq!(shown.progress.and_then(|progress| progress.section_count), None, "it is not planned");
        let sections = std::num::NonZeroU32::new(3).expect("some");
        assert!(n.planned(sections, 10, "Tides".to_owned(), "en-GB".to_owned(), Vec::new()));
        assemble(&mut n);
        let file = Artifact {
            name: "audio.opus".to_owned(),
            media_type: "audio/ogg".to_owned(),
            size: 9,
            sha256: lectern_core::Digest::of(b"audio"),
        };
        assert!(n.assembled(24_000, 36_000, vec![file], n.updated));
        let shown = show(&n);
        assert_eq!((shown.title.as_str(), shown.duration), ("Tides", Some(of_millis(1_500))));
        assert_eq!(shown.progress.and_then(|progress| progress.section_count), Some(3));
        assert_eq!(shown.language_code, "en-GB");
        assert_eq!(shown.artifacts[0].name, "narrations/n1/artifacts/audio.opus");
    }

    #[test]
    fn how_a_defect_came_about_is_not_told_to_callers() {
        let step: Option<lectern_core::id::StepId> = "n1/1/plan/0".parse().ok();
        let shown = |failure: Failure, traceparent: Option<&str>| {
            let mut n = crate::testing::narration();
            n.traceparent = traceparent.map(str::to_owned);
            assert!(n.fail(StepFailure { failure, step: step.clone() }, n.updated));
            let wire = as_of(&n, Moment::default()).failure.expect("why");
            assert_eq!(convert::failed_step(&wire), step);
            convert::failure(&wire)
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let defect = Failure::internal("tenants/acme/d1/plan.json cannot be written");
        for (traceparent, given) in [(Some(format!("00-{trace}-00f067aa0ba902b7-01")), trace), (None, "its name")] {
            let told = shown(defect.clone(), traceparent.as_deref());
            assert_eq!((told.kind, told.reason), (Kind::Internal, Reason::Internal));
            assert!(!told.message.contains("plan.json") && told.message.ends_with(given), "{told}");
        }
        let theirs = Failure::invalid("narration.length", "the document has no so many words");
        assert_eq!(shown(theirs.clone(), None).message, theirs.message);
    }

    #[test]
    fn a_narration_is_queued_until_something_of_it_is_made() {
        let mut n = crate::testing::narration();
        assert_eq!(state(&n), api::narration::State::Queued);
        n.run = 2;
        assert_eq!(state(&n), api::narration::State::Extracting);
        assert!(n.extracted());
        assert_eq!(state(&n), api::narration::State::Planning);
    }
}
