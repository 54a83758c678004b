//! `lectern narrate`: documents in, recordings out.

use std::path::{Path, PathBuf};

use lectern_client::Client;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{AudioFormat, Lane, Narration};
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
    let pages = if document.page_count > 0 { format!(", {} pages", document.page_count) } else { String::new() };
    say(&format!("  {}{pages}, {} words, {}", document.media_type, document.word_count, document.language));
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
        return Err(convert::failure(narration.failure.unwrap_or_default()));
    }
    let made = uploaded.elapsed();
    for artifact in &narration.artifacts {
        client.download(&narration.name, artifact, folder).await?;
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
    Narration {
        voice: order.voice.clone(),
        speed: order.speed,
        formats: order.format.iter().map(|f| format(f).into()).collect(),
        lane: Lane::Interactive.into(),
        ..super::order::order(&order.script, document)
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
    let mut files: Vec<PathBuf> = narration.artifacts.iter().map(|a| PathBuf::from(&a.file_name)).collect();
    files.sort();
    files.iter().for_each(|file| println!("    {}", file.display()));
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
