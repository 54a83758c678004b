//! `lectern narrate`: documents in, recordings out.

mod dry_run;
mod lexicon;
mod one;
mod plan;
mod report;

use parking_lot::Mutex;

use lectern_core::{Failure, Reason};
use lectern_proto::v1::{Lane, Narration, OutputFormat, Speaker, Voice, Writer};
use lectern_runtime::Context;
use tokio::sync::OnceCell;

use self::lexicon::Words;
use self::one::{Done, Failed, Stage, one};
use self::plan::Planned;
use super::follow::patiently;
use super::instance::{Instance, Work};
use super::out::{Mode, Out};
use super::words::{self, Status, Stop};
use super::{hand_in, order, sources_of, speakers};
use crate::cli::Narrate;
use crate::config::Config;
use crate::{lock, writers};

/// What is the same for all documents of a command.
struct Job<'a> {
    order: &'a Narrate,
    instance: &'a Instance,
    context: &'a Context,
    out: &'a Out,
    /// Who is to speak, by the whole names of their voices; who is not named is chosen.
    speakers: Vec<Speaker>,
    /// How words are said.
    words: Words,
    /// The voices that there are, once they were asked for.
    voices: OnceCell<Vec<Voice>>,
    /// The writers, once they were asked for.
    writers: OnceCell<Vec<Writer>>,
}

impl Job<'_> {
    /// The order of a document.
    fn narration(&self, document: &str) -> Narration {
        let Words { lexicons, entries, defaults, without_defaults } = self.words.clone();
        Narration {
            lexicons,
            pronunciations: entries,
            without_default_lexicons: without_defaults,
            // No server reads it: it says that with others the order is another one.
            default_lexicons: defaults,
            ..narration(self.order, &self.speakers, document)
        }
    }

    /// The voices that there are. The server is asked once.
    async fn voices(&self) -> Result<&[Voice], Failure> {
        let (client, out, server) = (&self.instance.client, self.out, self.instance.server());
        let asked = || patiently(out, server, || Box::pin(client.voices()));
        self.voices.get_or_try_init(asked).await.map(Vec::as_slice)
    }

    /// The writers that there are. The server is asked once, and no provider.
    async fn writers(&self) -> Result<&[Writer], Failure> {
        let (client, out, server) = (&self.instance.client, self.out, self.instance.server());
        let asked = || patiently(out, server, || Box::pin(client.writers(false)));
        self.writers.get_or_try_init(asked).await.map(Vec::as_slice)
    }
}

/// What became of a document.
enum Became {
    Done(Box<Done>),
    Failed(Failed),
    Interrupted,
    /// Not begun: it would have failed as the one before it, or the command was interrupted.
    Left,
}

/// Narrates every document, against `--server` or the data of this machine. One that fails does not
/// stop the others.
///
/// # Errors
/// That of all documents that failed, where it is one; that it was interrupted.
pub async fn run(order: Narrate, config: Config, context: Context) -> Result<(), Stop> {
    order::check(&order.script)?;
    speakers::check((&order).into())?;
    let said = Words::read(&order.lexicons, order.no_default_lexicons)?;
    if order.detach && order.place.at.server.is_none() && lock::serving(&config.data).is_none() {
        let message = "--detach needs a server that goes on with it; start `lectern up`, or name one with --server";
        return Err(Failure::invalid("detach", message).into());
    }
    let out = Out::new(Mode::of(order.json, order.quiet));
    let items = sources_of(&order.sources, order.name.as_deref(), &context).await?;
    if order.revises.is_some() && items.len() > 1 {
        let message = "--revises names what one document is a revision of; name one document";
        return Err(Failure::invalid("document.revises", message).into());
    }
    let mut planned = plan::plan(items, order.out.as_deref(), &order::part(&order.script), order.force);
    if !order.dry_run && !order.detach {
        refuse_folders(&mut planned, &context).await?;
    }
    let result = if planned.iter().any(|planned| planned.item.is_ok()) {
        let work = if order.dry_run { Work::Idle } else { Work::All };
        let instance = Box::pin(Instance::of(&order.place, work, &config, &context, &out)).await?;
        writers::check_own(&order.script.writing, instance.is_own())?;
        let result = Box::pin(all(&order, said, &planned, &instance, &context, &out)).await;
        instance.close(result).await
    } else {
        // What is none needs no instance to say so.
        let became = planned.iter().filter_map(|planned| planned.item.as_ref().err()).map(refused).collect::<Vec<_>>();
        planned.iter().zip(&became).for_each(|(planned, became)| tell(&out, planned, became));
        end(&out, &planned, &became, order.dry_run)
    };
    result.and(out.finish().map_err(Stop::from))
}

/// Finds out which folders have something else in them, before anything is spent.
async fn refuse_folders(planned: &mut [Planned], context: &Context) -> Result<(), Failure> {
    for planned in planned {
        let Ok(item) = &planned.item else { continue };
        let checked = tokio::select! {
            biased;
            () = context.shutdown.wait() => return Err(words::interrupted("stopped before anything was sent")),
            source = hand_in::sha256(item) => {
                source.and_then(|source| planned.target.check_source(source.as_deref()))
            }
        };
        if let Err(failure) = checked {
            planned.item = Err(failure);
        }
    }
    Ok(())
}

/// What becomes of a document that is none that can be narrated.
fn refused(failure: &Failure) -> Became {
    Became::Failed(Failed::of(failure.clone()))
}

async fn all(
    order: &Narrate,
    words: Words,
    planned: &[Planned],
    instance: &Instance,
    context: &Context,
    out: &Out,
) -> Result<(), Stop> {
    let (voices, writers) = (OnceCell::new(), OnceCell::new());
    let mut job = Job { order, instance, context, out, speakers: Vec::new(), words, voices, writers };
    if speakers::named(order.into()) {
        let voices = tokio::select! {
            biased;
            () = context.shutdown.wait() => return Err(words::interrupted("stopped before anything was sent").into()),
            voices = job.voices() => voices?,
        };
        job.speakers = speakers::speakers(order.into(), voices)?;
    }
    tokio::select! {
        biased;
        () = context.shutdown.wait() => return Err(words::interrupted("stopped before anything was sent").into()),
        settled = job.words.settle(instance, out) => settled?,
    }
    let mut became = Vec::new();
    for planned in planned {
        let next = if became.last().is_some_and(ends_all) {
            Became::Left
        } else {
            match &planned.item {
                Ok(_) => Box::pin(document(&job, planned)).await,
                Err(failure) => refused(failure),
            }
        };
        tell(out, planned, &next);
        became.push(next);
    }
    end(out, planned, &became, order.dry_run)
}

/// Whether the next document would fare as this one did: interrupted, or without a server, or by
/// the same key.
fn ends_all(became: &Became) -> bool {
    match became {
        Became::Interrupted | Became::Left => true,
        Became::Failed(failed) => {
            failed.failure.reason != Reason::UrlUnreachable
                && matches!(failed.status, Status::Unavailable | Status::Denied)
        }
        Became::Done(_) => false,
    }
}

/// Narrates a document, or says what a narration would be.
async fn document(job: &Job<'_>, planned: &Planned) -> Became {
    if job.order.dry_run {
        let looked = Box::pin(dry_run::one(job, planned)).await;
        return match looked {
            Ok(()) => Became::Done(Box::default()),
            Err(failure) if failure.reason == Reason::Cancelled => Became::Interrupted,
            Err(failure) => Became::Failed(Failed::of(job.instance.explain(failure))),
        };
    }
    let stage = Mutex::new(Stage::Before);
    let done = tokio::select! {
        biased;
        () = job.context.shutdown.wait() => None,
        done = Box::pin(one(job, planned, &stage)) => Some(done),
    };
    match done {
        Some(Ok(Some(done))) => Became::Done(Box::new(done)),
        Some(Err(failed)) => Became::Failed(Failed { failure: job.instance.explain(failed.failure), ..failed }),
        None | Some(Ok(None)) => {
            one::stop(job, &stage).await;
            Became::Interrupted
        }
    }
}

/// Tells what became of a document, as soon as it has.
fn tell(out: &Out, planned: &Planned, became: &Became) {
    if let Became::Failed(failed) = became {
        out.json(&report::failed(&planned.label, failed));
        out.complain(&format!("lectern: {}: {}", planned.label, words::sentence(&failed.failure)));
    }
    if matches!(became, Became::Interrupted) {
        out.json(&serde_json::json!({"event": "interrupted", "source": planned.label}));
    }
}

/// Sums up several documents, and says how the command ends.
fn end(out: &Out, planned: &[Planned], became: &[Became], dry_run: bool) -> Result<(), Stop> {
    if planned.len() > 1 && !dry_run {
        report::summary(out, planned, became);
    }
    let failed: Vec<Status> = became
        .iter()
        .filter_map(|became| match became {
            Became::Failed(failed) => Some(failed.status),
            Became::Interrupted => Some(Status::Interrupted),
            Became::Done(_) | Became::Left => None,
        })
        .collect();
    words::end_of_several(&failed)
}

/// The order of a document as the flags say it.
fn narration(order: &Narrate, speakers: &[Speaker], document: &str) -> Narration {
    Narration {
        speakers: speakers.to_vec(),
        speed: Some(order.speed),
        formats: order.format.iter().map(|format| OutputFormat::from(*format).into()).collect(),
        lane: lane(order).into(),
        hold_script: order.hold,
        ..order::order(&order.script, document)
    }
}

/// The lane that was named. A server decides itself where none was, since it may keep some from a
/// tenant; an instance of the command's own has nobody else to serve.
fn lane(order: &Narrate) -> Lane {
    match order.lane {
        Some(lane) => lane.into(),
        None if order.place.at.server.is_some() => Lane::Unspecified,
        None => Lane::Interactive,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(arguments: &[&str]) -> Narrate {
        let arguments = [&["lectern", "narrate", "a.md"], arguments].concat();
        match Cli::try_parse_from(&arguments).unwrap().command {
            Some(Command::Narrate(order)) => *order,
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    #[test]
    fn an_order_goes_into_the_lane_that_was_named_and_a_server_decides_where_none_was() {
        let server = "--server=http://127.0.0.1:7400";
        for (arguments, expected) in [
            (&[][..], Lane::Interactive),
            (&[server][..], Lane::Unspecified),
            (&["--lane", "standard"][..], Lane::Standard),
            (&["--lane", "bulk", server][..], Lane::Bulk),
            (&["--lane", "interactive", server][..], Lane::Interactive),
        ] {
            assert_eq!(narration(&parsed(arguments), &[], "documents/a").lane(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn an_order_without_flags_is_opus_by_the_default_voice() {
        let order = narration(&parsed(&[]), &[], "documents/a");
        assert_eq!(order.formats, [i32::from(OutputFormat::Opus)]);
        assert!(order.speakers.is_empty());
        let speaker = Speaker { voice: "engines/e/voices/v".to_owned(), other_voices: Vec::new() };
        let named = parsed(&["--format", "wav,m4b,epub,srt,words"]);
        let named = narration(&named, std::slice::from_ref(&speaker), "documents/a");
        let formats =
            [OutputFormat::Wav, OutputFormat::M4b, OutputFormat::Epub, OutputFormat::Srt, OutputFormat::Words];
        assert_eq!(named.formats, formats.map(i32::from));
        assert_eq!(named.speakers, [speaker]);
        assert!(!named.hold_script && narration(&parsed(&["--hold"]), &[], "documents/a").hold_script);
        assert!(!parsed(&[]).no_default_lexicons && parsed(&["--no-default-lexicons"]).no_default_lexicons);
    }
}
