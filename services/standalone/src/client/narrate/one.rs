//! One document on its way: handed in, ordered, followed, and its files fetched. It may be
//! interrupted at any place; what was ordered is cancelled then, and what was made is kept.

use std::path::PathBuf;
use std::time::Duration;

use lectern_client::is_terminal;
use lectern_core::{Failure, Reason};
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{Document, Narration, Speaker, Style};
use parking_lot::Mutex;
use serde_json::json;
use tokio::time::Instant;

use super::plan::Planned;
use super::{Job, report};
use crate::cli::Place;
use crate::client::deliver::{deliver_asked, recording};
use crate::client::follow::{Followed, follow, patiently};
use crate::client::hand_in::{self, Handed};
use crate::client::progress::Progress;
use crate::client::words::{self, Status};
use crate::client::{order, voice};

/// A server that does not answer is not waited for longer by somebody who wants to stop.
const STOPPING: Duration = Duration::from_secs(10);

/// A recording that is there.
#[derive(Debug, Default)]
pub struct Done {
    /// The narration, as it ended; as it was accepted where it was not waited for, and as it waits
    /// for its approval where it was to.
    pub narration: Narration,
    /// Its files; none where it was not waited for.
    pub files: Vec<PathBuf>,
    /// From the order to its end.
    pub took: Duration,
    /// From the order to the end of the first section's recording.
    pub first_audio: Option<Duration>,
    /// Whether the same was narrated before, so that nothing was made.
    pub made_before: bool,
}

/// Why there is none.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Why, and what to do.
    pub failure: Failure,
    /// How the command ends because of it.
    pub status: Status,
    /// The narration, `narrations/{id}`, where it came to one.
    pub narration: String,
}

impl Failed {
    /// A failure of a document that came to no narration.
    pub fn of(failure: Failure) -> Self {
        Self { status: words::status(&failure), failure, narration: String::new() }
    }

    /// A failure of a narration on its way: of the document, where there is nothing in it that
    /// could be narrated.
    fn on_its_way(failure: Failure, narration: &str) -> Self {
        Self { status: words::of_narration(&failure), failure, narration: narration.to_owned() }
    }
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::of(failure)
    }
}

/// How far a document has come, for whoever has to stop it.
#[derive(Debug)]
pub enum Stage {
    /// Nothing is ordered yet.
    Before,
    /// This order is on its way, under this request id; whether it arrived is not known.
    Ordering(String, Box<Narration>),
    /// This narration is being made.
    Ordered(String),
    /// So is this one, and a server was making it before it was asked for here: somebody else may
    /// wait for it.
    Joined(String),
    /// It is made, and its files are being fetched.
    Made,
}

/// Narrates a document; none where it was interrupted.
///
/// # Errors
/// Why there is no recording of it.
pub async fn one(job: &Job<'_>, planned: &Planned, stage: &Mutex<Stage>) -> Result<Option<Done>, Failed> {
    let item = planned.item.as_ref().map_err(Clone::clone)?;
    let (client, out, server) = (&job.instance.client, job.out, job.instance.server());
    let reach = |next: Stage| *stage.lock() = next;
    out.say(&planned.label);

    let upload = hand_in::fresh_id();
    let handed =
        patiently(out, server, || Box::pin(hand_in::hand_in(client, item, &upload, job.order.revises.as_deref())))
            .await;
    let Handed { document, new } = handed?;
    out.say(&format!("  {}", hand_in::describe(&document)));
    if !new {
        out.say(&format!("  it was handed in before, as {}", document.name));
    }
    document.warnings.iter().for_each(|warning| out.say(&format!("  note: {warning}")));

    let asked = job.narration(&document.name);
    let digest = order::digest(&asked)?;
    if !job.order.detach {
        Box::pin(check(job, planned, &document, &asked)).await?;
    }

    let begun = Instant::now();
    let request = request_id(job, &asked).await?;
    reach(Stage::Ordering(request.clone(), Box::new(asked.clone())));
    let mut accepted = patiently(out, server, || Box::pin(client.order_under(&request, asked.clone()))).await?;
    let name = accepted.name.clone();
    let joined = server.is_some() && accepted.state() != State::Queued && !is_terminal(&accepted);
    reach(if joined { Stage::Joined(name.clone()) } else { Stage::Ordered(name.clone()) });
    // It stopped before: it goes on at the cost of what is missing.
    if matches!(accepted.state(), State::Failed | State::Cancelled) {
        accepted = Box::pin(retried(job, &name)).await?;
    }
    let made_before = accepted.state() == State::Succeeded;
    out.json(&json!({"event": "accepted", "source": planned.label, "narration": name}));
    if job.order.detach {
        reach(Stage::Made);
        out.line(&name);
        return Ok(Some(Done { narration: accepted, ..Done::default() }));
    }
    if made_before {
        out.say(&format!("  it was narrated before, as {name}; --again makes the files anew"));
    } else if joined {
        out.say(&format!("  it is being made already, as {name}"));
    } else if !job.order.place.temporary {
        out.say(&format!("  accepted as {name}"));
    }

    let mut progress = Progress::new(out, planned.label.as_str());
    let followed = Box::pin(follow(client, &name, &mut progress, &job.context.shutdown, server)).await;
    let ended = match followed.map_err(|failure| Failed { narration: name.clone(), ..Failed::of(failure) })? {
        Followed::Ended(ended) => *ended,
        Followed::Held(held) => {
            reach(Stage::Made);
            report::held(out, planned, &held, job.instance.flags());
            return Ok(Some(Done { narration: *held, took: begun.elapsed(), ..Done::default() }));
        }
        Followed::Interrupted => return Ok(None),
    };
    reach(Stage::Made);
    if ended.state() != State::Succeeded {
        let failure = convert::failure(&ended.failure.unwrap_or_default());
        return Err(Failed::on_its_way(failure, &name));
    }
    let took = begun.elapsed();
    let delivered = Box::pin(deliver_asked(client, &ended, &document, &planned.target, Some(&digest))).await;
    let files = delivered.map_err(|failure| fetch_again(failure, &name, &job.order.place))?;
    // That of a run before this one was heard long ago.
    let first_audio = first_audio(&ended).filter(|_| !made_before && ended.run <= 1);
    let done = Done { first_audio, narration: ended, files, took, made_before };
    report::done(out, planned, &done);
    Ok(Some(done))
}

/// The id under which it is ordered: one that the same order has again, unless it is to be made
/// anew.
async fn request_id(job: &Job<'_>, asked: &Narration) -> Result<String, Failure> {
    if job.order.again {
        return Ok(hand_in::fresh_id());
    }
    order::request_id(asked, job.voices().await?, job.writers().await?)
}

/// Starts a narration anew that stopped before, unless another command was faster, or a call whose
/// answer was lost in an outage.
async fn retried(job: &Job<'_>, name: &str) -> Result<Narration, Failure> {
    let (client, out, server) = (&job.instance.client, job.out, job.instance.server());
    match patiently(out, server, || Box::pin(client.retry(name))).await {
        Err(failure) if matches!(failure.reason, Reason::WrongState | Reason::EtagMismatch) => {
            patiently(out, server, || Box::pin(client.narration(name))).await
        }
        retried => retried,
    }
}

/// Refuses a folder that has another recording than the one that is asked for, before it is
/// ordered. It may have been asked for in other words: by the name of the voice or writer that is
/// the default, or of the language that the document is in.
async fn check(job: &Job<'_>, planned: &Planned, document: &Document, asked: &Narration) -> Result<(), Failure> {
    let refused = match planned.target.check(&recording(asked, document, None)?) {
        Ok(_) => return Ok(()),
        Err(refused) => refused,
    };
    let voices = job.voices().await?;
    let mut whole = asked.clone();
    if whole.language_code.is_empty() {
        whole.language_code.clone_from(&document.language_code);
    }
    // Those of a dialogue are chosen by more than their language.
    if let (false, Some(voice)) = (whole.style() == Style::Dialogue, voice::default_of(&whole.language_code, voices)) {
        match whole.speakers.first_mut() {
            Some(speaker) if speaker.voice.is_empty() => voice.clone_into(&mut speaker.voice),
            Some(_) => {}
            None => whole.speakers.push(Speaker { voice: voice.to_owned(), other_voices: Vec::new() }),
        }
    }
    if whole.writer.is_empty() {
        whole.writer = job.writers().await?.first().map(|writer| writer.name.clone()).unwrap_or_default();
    }
    planned.target.check(&recording(&whole, document, None)?).map(drop).map_err(|_| refused)
}

/// From the order to the end of the first section's recording.
fn first_audio(narration: &Narration) -> Option<Duration> {
    let (first, created) = (narration.first_audio_time?, narration.create_time?);
    let nanos = |at: prost_types::Timestamp| i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
    u64::try_from(nanos(first) - nanos(created)).ok().map(Duration::from_nanos)
}

/// Says in a failure to fetch the files of a narration that it is there, and how to get them;
/// unless it is gone with its instance.
fn fetch_again(mut failure: Failure, name: &str, place: &Place) -> Failed {
    if !place.temporary {
        let get = format!("`lectern get {name}{}` fetches its files", place.at.flags());
        failure.message = format!("{}; the narration is made, and {get}", failure.message);
    }
    Failed { narration: name.to_owned(), ..Failed::of(failure) }
}

/// Cancels what was ordered of a document that was interrupted, unless somebody else may wait for
/// it, and says how to go on.
pub async fn stop(job: &Job<'_>, stage: &Mutex<Stage>) {
    let reached = std::mem::replace(&mut *stage.lock(), Stage::Made);
    if let Stage::Joined(name) = &reached {
        let cancel = format!("`lectern cancel {name}{}`", job.instance.flags());
        job.out.say(&format!("  stopped; {name} was being made before and goes on: {cancel} ends it"));
        return;
    }
    let client = &job.instance.client;
    let cancelled = async {
        let name = match reached {
            Stage::Before | Stage::Joined(_) | Stage::Made => return Ok(None),
            Stage::Ordering(request, order) => client.order_under(&request, *order).await?.name,
            Stage::Ordered(name) => name,
        };
        client.cancel(&name).await.map(Some)
    };
    let again = "the same command goes on from there";
    let told = match tokio::time::timeout(STOPPING, Box::pin(cancelled)).await {
        Ok(Ok(_)) if job.order.place.temporary => "  stopped; nothing is kept".to_owned(),
        Ok(Ok(None)) => format!("  stopped; {again}"),
        // It was faster than the interrupt.
        Ok(Ok(Some(made))) if made.state() == State::Succeeded => {
            format!("  stopped: {} is made, and the same command fetches its files", made.name)
        }
        Ok(Ok(Some(stopped))) => {
            format!("  stopped: {} is cancelled, what was made is kept, and {again}", stopped.name)
        }
        Ok(Err(failure)) => format!("  stopped, and it could not be cancelled: {}", words::sentence(&failure)),
        Err(_) => "  stopped; the server does not answer, so the narration may go on there".to_owned(),
    };
    job.out.say(&told);
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;

    use super::*;
    use crate::cli::At;

    #[test]
    fn a_narration_that_fails_on_its_way_is_told_from_a_document_with_nothing_in_it() {
        let status = |kind, reason| Failed::on_its_way(Failure::new(kind, reason, ""), "narrations/n1").status;
        assert_eq!(status(Kind::FailedPrecondition, Reason::DocumentEmpty), Status::Refused);
        assert_eq!(status(Kind::FailedPrecondition, Reason::SpeechRejected), Status::Failed);
        assert_eq!(status(Kind::Cancelled, Reason::Cancelled), Status::Failed);
        assert_eq!(status(Kind::ResourceExhausted, Reason::LimitExceeded), Status::Failed);
    }

    #[test]
    fn files_that_could_not_be_fetched_can_be_fetched_later() {
        let failed = |place: &Place| fetch_again(words::output("no space"), "narrations/n1", place);
        let at = At { server: Some("http://h:1".to_owned()), ..At::default() };
        let there = failed(&Place { at, ..Place::default() });
        assert!(there.failure.message.contains("`lectern get narrations/n1 --server http://h:1`"));
        assert_eq!(there.status, Status::Output);
        let gone = failed(&Place { temporary: true, ..Place::default() });
        assert_eq!((gone.failure.message.as_str(), gone.status), ("no space", Status::Output));
    }

    #[test]
    fn the_first_audio_is_counted_from_the_order() {
        let at = |text: &str| text.parse::<prost_types::Timestamp>().ok();
        let narration = Narration {
            create_time: at("2026-11-27T12:00:00.9Z"),
            first_audio_time: at("2026-11-27T12:00:02.4Z"),
            ..Narration::default()
        };
        assert_eq!(first_audio(&narration), Some(Duration::from_millis(1500)));
        assert_eq!(first_audio(&Narration::default()), None);
    }
}
