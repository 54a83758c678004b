//! Narrates a file on a running server and fetches what was made of it.
//!
//! ```text
//! LECTERN_KEY=lk_... cargo run -p lectern-client --example narrate -- URL FILE [FOLDER]
//! ```
//!
//! `lectern up` is a server to try it with, at `http://127.0.0.1:7400` and without a key.

use std::path::Path;
use std::process::ExitCode;

use lectern_client::{Client, ClientConfig, Upload, is_terminal};
use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{Narration, Style};
use lectern_runtime::Secret;
use lectern_runtime::config::Loader;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, file, folder) = match arguments.as_slice() {
        [url, file] => (url, file, "lectern-out"),
        [url, file, folder] => (url, file, folder.as_str()),
        _ => {
            eprintln!("usage: narrate URL FILE [FOLDER]");
            return ExitCode::from(64);
        }
    };
    // The environment is read by this crate alone, here as everywhere.
    let key = Loader::new("LECTERN").secret("KEY");
    match narrate(url, key, Path::new(file), Path::new(folder)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => lectern_runtime::bootstrap::fail("narrate", &failure),
    }
}

async fn narrate(url: &str, key: Secret, file: &Path, folder: &Path) -> Result<(), Failure> {
    let client = Client::connect(&ClientConfig::to(url), Some(key).filter(|key| !key.is_empty()))?;
    let document = client.upload(&Upload::file(file)).await?;
    println!("{}: {}, {} words, {}", document.name, document.mime_type, document.word_count, document.language_code);

    let style = Style::Narration.into();
    let documents = vec![document.name];
    let accepted = client.order(Narration { documents, style, ..Narration::default() }).await?;
    let mut watch = client.watch(&accepted.name);
    while let Some(narration) = watch.next().await? {
        let progress = narration.progress.unwrap_or_default();
        let (recorded, all) = (progress.recorded_section_count, progress.section_count.unwrap_or_default());
        println!("{}, {recorded}/{all} sections", narration.state().as_str_name());
        if is_terminal(&narration) && narration.state() != State::Succeeded {
            return Err(convert::failure(&narration.failure.unwrap_or_default()));
        }
        if narration.state() == State::Succeeded {
            fetch(&client, &narration, folder).await?;
        }
    }
    Ok(())
}

async fn fetch(client: &Client, narration: &Narration, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::invalid("FOLDER", format!("{} cannot be made: {error}", folder.display())))?;
    for artifact in &narration.artifacts {
        let path = client.download(artifact, folder).await?;
        println!("{}, {} bytes", path.display(), artifact.size_bytes);
    }
    Ok(())
}
