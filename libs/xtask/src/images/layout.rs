//! What an image is built from where its program is there already: the context of the Dockerfile's
//! stage `prebuilt`, in the form that its stage `compiled` has in `/out`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Image, documents};
use crate::dist::{self, licenses::Metadata};
use crate::{files, repo};

/// Fills an empty folder.
pub fn fill(context: &Path, image: &Image, voice: &Path, metadata: &Metadata) -> Result<()> {
    let program = repo::bin_dir().join(image.program);
    if !program.is_file() {
        bail!("{} is not built: leave out --no-build", program.display());
    }
    // A folder for each path that the Dockerfile copies, whether this image has something there.
    for folder in ["bin", "voice", "data"] {
        fs::create_dir(context.join(folder))?;
    }
    let binary = context.join("bin").join(image.program);
    files::put_program(&binary, &dist::stripped(&program)?)?;
    documents::write(metadata, image, &context.join("doc").join(image.target))?;
    if image.speaks {
        for file in lectern_voice::FILES {
            put(&context.join("voice").join(file.name), &dist::read(&voice.join(file.name))?)?;
        }
    }
    Ok(())
}

/// Writes a file that everybody may read.
pub fn put(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| path.display().to_string())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).with_context(|| path.display().to_string())
}
