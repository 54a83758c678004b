//! `lectern narrate`: documents in, recordings out.

use std::path::Path;

use lectern_client::Client;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{AudioFormat, Lane, Narration, Speaker};
use lectern_runtime::Context;
use tokio::time::Instant;

use super::hand_in;
use super::instance::Instance;
use super::progress::Progress;
use crate::cli::{self, Narrate, Source};
use crate::config::Config;

/// Narrates every file, against `--server` or an instance of its own.
///
/// # Errors
/// The first failure; what was made before it is kept.
pub async fn run(order: Narrate, config: Config, context: Context) -> Result<(), Failure> {
    order.sources.iter().try_for_each(Source::check)?;
    let folders: std::collections::BTreeSet<_> = order.sources.iter().map(Source::stem).collect();
    if folders.len() < order.sources.len() {
        return Err(Failure::invalid(
            "FILE",
            "two of the documents have the same name but for the ending; narrate them one by one, each with its own -o",
        ));
    }
    let instance = Instance::open(&order.place, config, &context).await?;
    let result = all(&order, &instance.client, &context).await;
    instance.close(result).await
}

async fn all(order: &Narrate, client: &Client, context: &Context) -> Result<(), Failure> {
    for source in &order.sources {
        let folder = match order.sources.len() {
            1 => order.out.clone(),
            _ => order.out.join(source.stem()),
        };
        one(order, client, context, source, &folder).await?;
    }
    Ok(())
}

/// What became of a narration that was watched.
enum Watched {
    Ended(Box<Narration>, Option<Instant>),
    Interrupted,
}

async fn one(
    order: &Narrate,
    client: &Client,
    context: &Context,
    source: &Source,
    folder: &Path,
) -> Result<(), Failure> {
    say(&source.to_string());
    std::fs::create_dir_all(folder).map_err(|e| {
        let message = format!("{} cannot be made: {e}; choose another folder with -o", folder.display());
        Failure::new(Kind::FailedPrecondition, Reason::Internal, message)
    })?;
    let document = hand_in(client, source).await?;
    let uploaded = Instant::now();
    let pages = document.page_count.map(|pages| format!(", {pages} pages")).unwrap_or_default();
    say(&format!("  {}{pages}, {} words, {}", document.mime_type, document.word_count, document.language_code));
    document.warnings.iter().for_each(|warning| say(&format!("  note: {warning}")));

    let name = client.order(narration(order, &document.name)).await?.name;

    let watched = tokio::select! {
        watched = watch(client, &name) => watched?,
        () = context.shutdown.wait() => Watched::Interrupted,
    };
    let (narration, first_audio) = match watched {
        Watched::Ended(narration, first_audio) => (narration, first_audio),
        Watched::Interrupted => {
            say("  cancelling");
            client.cancel(&name).await?;
            return Err(Failure::new(Kind::Cancelled, Reason::Cancelled, "the narration was cancelled"));
        }
    };
    if narration.state() != State::Succeeded {
        return Err(convert::failure(&narration.failure.unwrap_or_default()));
    }
    let made = uploaded.elapsed();
    for artifact in &narration.artifacts {
        client.download(artifact, folder).await?;
    }
    report(&narration, folder, made.as_secs_f64(), first_audio.map(|at| at.duration_since(uploaded).as_secs_f64()));
    Ok(())
}

/// Shows how far the narration has come, until it is terminal.
async fn watch(client: &Client, name: &str) -> Result<Watched, Failure> {
    let mut progress = Progress::new();
    let watched = follow(client, name, &mut progress).await;
    progress.end();
    watched
}

async fn follow(client: &Client, name: &str, progress: &mut Progress) -> Result<Watched, Failure> {
    let (mut watch, mut first_audio) = (client.watch(name), None);
    let mut last = Narration::default();
    while let Some(narration) = watch.next().await? {
        if first_audio.is_none() && narration.first_audio_time.is_some() {
            first_audio = Some(Instant::now());
        }
        progress.show(&narration);
        last = narration;
    }
    Ok(Watched::Ended(Box::new(last), first_audio))
}

fn narration(order: &Narrate, document: &str) -> Narration {
    let format = |format: &cli::Format| match format {
        cli::Format::Opus => AudioFormat::Opus,
        cli::Format::Wav => AudioFormat::Wav,
        cli::Format::Flac => AudioFormat::Flac,
        cli::Format::Mp3 => AudioFormat::Mp3,
    };
    let voice = Some(&order.voice).filter(|voice| !voice.is_empty());
    Narration {
        speakers: voice.into_iter().map(|voice| Speaker { voice: voice.clone() }).collect(),
        speed: Some(order.speed),
        formats: order.format.iter().map(|f| format(f).into()).collect(),
        lane: lane(order).into(),
        ..super::order::order(&order.script, document)
    }
}

/// The lane that was named. A server decides itself where none was, since it may keep some from a
/// tenant; an instance of the command's own has nobody else to serve.
fn lane(order: &Narrate) -> Lane {
    match order.lane {
        Some(lane) => lane.into(),
        None if order.place.server.is_some() => Lane::Unspecified,
        None => Lane::Interactive,
    }
}

#[allow(clippy::print_stdout, reason = "the command's output")]
fn report(narration: &Narration, folder: &Path, made: f64, first_audio: Option<f64>) {
    let length = narration.duration.map_or(0.0, |d| {
        #[allow(clippy::cast_precision_loss, reason = "seconds of audio")]
        let seconds = d.seconds as f64;
        seconds + f64::from(d.nanos) / 1e9
    });
    narration.notes.iter().for_each(|note| println!("  note: {note}"));
    println!("  {}", folder.display());
    // The last part of an artifact's name is that of its file.
    let mut files: Vec<&str> = narration.artifacts.iter().filter_map(|a| a.name.rsplit('/').next()).collect();
    files.sort_unstable();
    files.iter().for_each(|file| println!("    {file}"));
    println!(
        "  {} of audio, made in {made:.1} s, {:.1} times faster than real time",
        clock(length),
        length / made.max(0.001)
    );
    if let Some(first) = first_audio {
        println!("  first audio after {:.0} ms", first * 1000.0);
    }
}

fn clock(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length of audio")]
    let whole = seconds.round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

#[allow(clippy::print_stderr, reason = "progress for a person")]
fn say(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn an_order_goes_into_the_lane_that_was_named_and_a_server_decides_where_none_was() {
        let server = "--server=http://127.0.0.1:7400";
        for (arguments, expected) in [
            (&["lectern", "narrate", "a.md"][..], Lane::Interactive),
            (&["lectern", "narrate", "a.md", server][..], Lane::Unspecified),
            (&["lectern", "narrate", "a.md", "--lane", "standard"][..], Lane::Standard),
            (&["lectern", "narrate", "a.md", "--lane", "bulk", server][..], Lane::Bulk),
            (&["lectern", "narrate", "a.md", "--lane", "interactive", server][..], Lane::Interactive),
        ] {
            let Some(Command::Narrate(order)) = Cli::try_parse_from(arguments).unwrap().command else {
                panic!("{arguments:?}")
            };
            assert_eq!(narration(&order, "documents/a").lane(), expected, "{arguments:?}");
        }
    }
}
