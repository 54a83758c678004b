//! Has a text narrated and plays it while it is being made: samples go to standard output.
//!
//! ```text
//! LECTERN_KEY=lk_... cargo run -p lectern-client --example listen -- URL FILE | aplay -f S16_LE -r
//! 24000
//! ```

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use lectern_client::{Client, ClientConfig, Sound, Upload};
use lectern_core::Failure;
use lectern_proto::v1::{Lane, Narration, Style};
use lectern_runtime::Secret;
use lectern_runtime::config::Loader;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, file] = arguments.as_slice() else {
        eprintln!("usage: listen URL FILE");
        return ExitCode::from(64);
    };
    // The environment is read by this crate alone, here as everywhere.
    let key = Loader::new("LECTERN").secret("KEY");
    match listen(url, key, Path::new(file)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => lectern_runtime::bootstrap::fail("listen", &failure),
    }
}

async fn listen(url: &str, key: Secret, file: &Path) -> Result<(), Failure> {
    let client = Client::connect(&ClientConfig::to(url), Some(key).filter(|key| !key.is_empty()))?;
    let document = client.upload(&Upload::file(file)).await?;
    let order = Narration {
        documents: vec![document.name],
        style: Style::Narration.into(),
        lane: Lane::Interactive.into(),
        ..Narration::default()
    };
    let accepted = client.order(order).await?;
    let mut listen = client.listen(&accepted.name);
    while let Some(sound) = listen.next().await? {
        match sound {
            Sound::Format(format) => eprintln!("{} Hz, {} channel", format.sample_rate_hertz, format.channel_count),
            Sound::SectionStart(section) => eprintln!("{}. {}", section.index + 1, section.title),
            Sound::Audio(samples) => {
                let written = std::io::stdout().write_all(&samples);
                written.map_err(|error| Failure::invalid("stdout", format!("nobody takes the samples: {error}")))?;
            }
            Sound::SectionEnd(section) => eprintln!("   {} samples", section.sample_count),
        }
    }
    Ok(())
}
