//! A narration as callers see it.

use lectern_proto::{convert, names, v1 as api};
use lectern_store::{Op, Query, Versioned};

use crate::domain::{Artifact, Narration, Phase};

/// The narration, with its etag.
pub fn narration(versioned: &Versioned<Narration>) -> api::Narration {
    let n = &versioned.record;
    let failure = n.failure.as_ref().map(|f| convert::failure_to_wire(&f.failure, f.step.as_ref()));
    api::Narration {
        name: names::of_narration(&n.id),
        document: names::of_document(&n.document),
        style: convert::style_to_wire(n.order.style).into(),
        length: n.order.length.map(convert::length_to_wire),
        footnotes: convert::footnotes_to_wire(n.order.footnotes).into(),
        voice: n.pins.voice.clone(),
        speed: f64::from(n.speed) / 100.0,
        formats: n.formats.clone(),
        lane: n.lane,
        state: state(n).into(),
        progress: Some(api::Progress {
            sections: convert::number(n.sections),
            sections_written: convert::number(n.written.count()),
            sections_recorded: convert::number(n.recorded.count()),
            words: i64::try_from(n.words).unwrap_or(i64::MAX),
        }),
        failure,
        title: n.title.clone(),
        language: n.language.clone(),
        duration: duration(n.samples, n.sample_rate),
        artifacts: n.artifacts.iter().map(artifact).collect(),
        notes: n.notes.clone(),
        run: convert::number(n.run),
        create_time: Some(convert::time(n.created)),
        update_time: Some(convert::time(n.updated)),
        first_audio_time: n.first_audio.map(convert::time),
        finish_time: n.finished.map(convert::time),
        etag: n.version.to_string(),
        time_limit: n.time_limit.and_then(|limit| prost_types::Duration::try_from(limit).ok()),
        expire_time: Some(convert::time(n.deadline)),
    }
}

/// A file of a recording.
pub fn artifact(artifact: &Artifact) -> api::Artifact {
    api::Artifact {
        file_name: artifact.name.clone(),
        media_type: artifact.media_type.clone(),
        size_bytes: i64::try_from(artifact.size).unwrap_or(i64::MAX),
        sha256: artifact.sha256.to_string(),
    }
}

fn state(n: &Narration) -> api::narration::State {
    match n.phase {
        Phase::Extracting if n.queued() => api::narration::State::Queued,
        Phase::Extracting => api::narration::State::Extracting,
        Phase::Planning => api::narration::State::Planning,
        Phase::Narrating => api::narration::State::Narrating,
        Phase::Assembling => api::narration::State::Assembling,
        Phase::Succeeded => api::narration::State::Succeeded,
        Phase::Failed => api::narration::State::Failed,
        Phase::Cancelled => api::narration::State::Cancelled,
    }
}

/// Of the narrations that `query` finds, those that [`state`] says to be in a state.
pub fn in_state(query: Query, state: api::narration::State) -> Query {
    let Some(phase) = phase(state) else { return query };
    let query = query.eq("phase", phase_word(phase));
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
        | api::narration::State::Cancelled => query,
    }
}

/// The phase that a state in a filter asks for.
fn phase(state: api::narration::State) -> Option<Phase> {
    match state {
        api::narration::State::Unspecified => None,
        api::narration::State::Queued | api::narration::State::Extracting => Some(Phase::Extracting),
        api::narration::State::Planning => Some(Phase::Planning),
        api::narration::State::Narrating => Some(Phase::Narrating),
        api::narration::State::Assembling => Some(Phase::Assembling),
        api::narration::State::Succeeded => Some(Phase::Succeeded),
        api::narration::State::Failed => Some(Phase::Failed),
        api::narration::State::Cancelled => Some(Phase::Cancelled),
    }
}

/// The word for a phase in its record.
const fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Extracting => "extracting",
        Phase::Planning => "planning",
        Phase::Narrating => "narrating",
        Phase::Assembling => "assembling",
        Phase::Succeeded => "succeeded",
        Phase::Failed => "failed",
        Phase::Cancelled => "cancelled",
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

    use lectern_core::SystemClock;
    use lectern_store::Collection;
    use lectern_store::memory::MemoryStore;

    use super::*;

    #[test]
    fn samples_become_seconds_and_nanoseconds() {
        let d = duration(36_000, 24_000).expect("a rate");
        assert_eq!((d.seconds, d.nanos), (1, 500_000_000));
        assert_eq!(duration(1, 0), None);
    }

    #[test]
    fn every_phase_is_written_as_its_record_has_it() {
        for phase in [
            Phase::Extracting,
            Phase::Planning,
            Phase::Narrating,
            Phase::Assembling,
            Phase::Succeeded,
            Phase::Failed,
            Phase::Cancelled,
        ] {
            let record = serde_json::to_value(phase).expect("a word");
            assert_eq!(record, phase_word(phase));
        }
    }

    #[tokio::test]
    async fn a_list_by_state_has_the_narrations_that_show_it() {
        use api::narration::State;

        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
        let narrations = Collection::<Narration>::new(store);
        narrations.ensure().await.expect("a collection");
        let phases = [Phase::Extracting, Phase::Planning, Phase::Narrating, Phase::Succeeded, Phase::Cancelled];
        for (run, phase) in [1, 2].into_iter().flat_map(|run| phases.map(|phase| (run, phase))) {
            let mut n = crate::testing::narration();
            n.id = format!("n-{run}-{}", phase_word(phase)).parse().expect("an id");
            (n.run, n.phase) = (run, phase);
            narrations.insert(&n).await.expect("inserted");
        }
        for wanted in [State::Queued, State::Extracting, State::Planning, State::Succeeded, State::Failed] {
            let found = async |query: Query| narrations.find(&query).await.expect("found").items;
            let shown = found(Query::new()).await.into_iter().filter(|n| state(&n.record) == wanted);
            let shown: Vec<String> = shown.map(|n| n.record.id.to_string()).collect();
            let listed = found(in_state(Query::new(), wanted)).await;
            let listed: Vec<String> = listed.into_iter().map(|n| n.record.id.to_string()).collect();
            assert_eq!(listed, shown, "{wanted:?}");
        }
    }

    #[test]
    fn a_narration_is_queued_until_something_of_it_is_made() {
        let mut n = crate::testing::narration();
        assert_eq!(state(&n), api::narration::State::Queued);
        n.run = 2;
        assert_eq!(state(&n), api::narration::State::Extracting);
        n.phase = Phase::Planning;
        assert_eq!(state(&n), api::narration::State::Planning);
    }
}
