//! What is said of recordings that are made, and of several documents at the end.

use std::time::Duration;

use lectern_proto::v1::{Narration, Progress};
use serde_json::{Value, json};

use super::Became;
use super::one::{Done, Failed};
use super::plan::Planned;
use crate::client::out::{self, Out};
use crate::client::words::{clock, count, seconds, sentence};

/// Reports a recording that is there.
pub fn done(out: &Out, planned: &Planned, done: &Done) {
    let Done { narration, files, took, first_audio, made_before } = done;
    let folder = planned.target.folder.display();
    let mut progress = narration.progress.unwrap_or_default();
    if *made_before {
        progress.reused_utterance_count = progress.utterance_count;
    }
    let length = narration.duration.as_ref().map(seconds).unwrap_or_default();
    out.json(&json!({
        "event": "done",
        "source": planned.label,
        "narration": narration.name,
        "title": narration.title,
        "folder": folder.to_string(),
        "files": files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
        "audio": length,
        "sentences": progress.utterance_count,
        "sentences_reused": progress.reused_utterance_count,
        "took": took.as_secs_f64(),
        "made_before": made_before,
        "notes": narration.notes,
    }));
    narration.notes.iter().for_each(|note| out.line(&format!("  note: {note}")));
    out.line(&format!("  {folder}"));
    let names = files.iter().filter_map(|file| file.file_name());
    names.for_each(|name| out.line(&format!("    {}", name.to_string_lossy())));
    if *made_before {
        let reused = reused(&progress).map(|reused| format!(": {reused}")).unwrap_or_default();
        out.line(&format!("  {} of audio, made before{reused}", clock(length)));
    } else {
        out.line(&format!("  {}", made(narration, *took)));
        reused(&progress).iter().for_each(|reused| out.line(&format!("  {reused}")));
    }
    if let Some(first) = first_audio {
        out.line(&format!("  first section recorded after {} ms", first.as_millis()));
    }
}

/// Says that a script waits for its approval, and how to go on; `flags` lead to where it is.
pub fn held(out: &Out, planned: &Planned, narration: &Narration, flags: &str) {
    let (name, folder) = (&narration.name, planned.target.folder.display().to_string());
    out.json(&json!({"event": "held", "source": planned.label, "narration": name, "folder": folder}));
    out.line(&format!("  the script is written, and waits: `lectern script {name}{flags}` shows it,"));
    out.line(&format!("  `lectern edit {name} SECTION SENTENCE TEXT{flags}` changes a sentence of it, and"));
    out.line(&format!("  `lectern approve {name} -o '{folder}'{flags}` has it spoken"));
}

/// `12:05 of audio, made in 6.5 s, 111 times faster than real time`
fn made(narration: &Narration, took: Duration) -> String {
    let length = narration.duration.as_ref().map(seconds).unwrap_or_default();
    let took = took.as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "seconds of audio")]
    let times = length as f64 / took.max(0.001);
    format!("{} of audio, made in {took:.1} s, {times:.1} times faster than real time", clock(length))
}

/// How much of the speech had not to be made.
fn reused(progress: &Progress) -> Option<String> {
    match (progress.reused_utterance_count, progress.utterance_count) {
        (0, _) => None,
        (1, 1) => Some("its one sentence was there already".to_owned()),
        (reused, all) if reused == all => Some(format!("all {all} sentences were there already")),
        (1, all) => Some(format!("1 of {} was there already", count(all, "sentence"))),
        (reused, all) => Some(format!("{reused} of {} were there already", count(all, "sentence"))),
    }
}

/// A failure as a line of JSON.
pub fn failed(label: &str, failed: &Failed) -> Value {
    let mut value = json!({
        "event": "failed",
        "source": label,
        "reason": failed.failure.reason.as_str(),
        "message": sentence(&failed.failure),
        "status": failed.status as u8,
    });
    if let Some(object) = value.as_object_mut().filter(|_| !failed.narration.is_empty()) {
        object.insert("narration".to_owned(), failed.narration.clone().into());
    }
    value
}

/// Sums up what became of several documents.
pub fn summary(out: &Out, planned: &[Planned], became: &[Became]) {
    let done = became.iter().filter(|became| matches!(became, Became::Done(_))).count();
    let failed = became.iter().filter(|became| matches!(became, Became::Failed(_))).count();
    let left = became.len() - done - failed;
    out.json(&json!({"event": "summary", "done": done, "failed": failed, "left": left}));
    let all = became.len();
    out.line("");
    let left = if left > 0 { format!(", {left} not begun or not finished") } else { String::new() };
    out.line(&format!("{done} of {all} documents done, {failed} failed{left}"));
    let rows: Vec<Vec<String>> = planned.iter().zip(became).map(|(planned, became)| row(planned, became)).collect();
    out::table(&rows).iter().for_each(|row| out.line(&format!("  {row}")));
}

fn row(planned: &Planned, became: &Became) -> Vec<String> {
    let (word, what) = match became {
        Became::Done(done) if done.files.is_empty() => ("ordered", done.narration.name.clone()),
        Became::Done(done) => {
            let length = done.narration.duration.as_ref().map(seconds).unwrap_or_default();
            ("done", format!("{}  {}", clock(length), planned.target.folder.display()))
        }
        Became::Failed(failed) => ("failed", failed.failure.reason.to_string()),
        Became::Interrupted => ("stopped", String::new()),
        Became::Left => ("not begun", String::new()),
    };
    vec![word.to_owned(), planned.label.clone(), what]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_already_is_said() {
        let reused = |reused, all| {
            super::reused(&Progress { reused_utterance_count: reused, utterance_count: all, ..Progress::default() })
        };
        assert_eq!(reused(0, 240), None);
        assert_eq!(reused(212, 240).as_deref(), Some("212 of 240 sentences were there already"));
        assert_eq!(reused(240, 240).as_deref(), Some("all 240 sentences were there already"));
        assert_eq!(reused(1, 1).as_deref(), Some("its one sentence was there already"));
    }

    #[test]
    fn the_length_and_the_time_it_took_are_said() {
        let duration = Some(prost_types::Duration { seconds: 725, nanos: 0 });
        let narration = Narration { duration, ..Narration::default() };
        let line = made(&narration, Duration::from_millis(2900));
        assert_eq!(line, "12:05 of audio, made in 2.9 s, 250.0 times faster than real time");
    }
}
