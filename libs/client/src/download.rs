//! Files of a recording on their way to a folder: each message is checked as it comes, the whole at
//! the end, and a file has its name only once it is complete.

use std::io;
use std::path::{Path, PathBuf};

use lectern_core::digest::Hasher;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_proto::v1::{Artifact, DownloadArtifactRequest, DownloadArtifactResponse};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

use crate::client::Client;
use crate::retry::{broke_off, failed};

impl Client {
    /// Fetches a file of a narration, as the narration lists it, into `folder`, which must be
    /// there, and returns its path. A file of the same name is replaced. It appears there whole, or
    /// not at all; a message that was damaged on its way is fetched again.
    ///
    /// # Errors
    /// Those of [`Self::download_as`], and `INVALID_FIELD` for a name that is none of an artifact
    /// or leads out of the folder.
    pub async fn download(&self, artifact: &Artifact, folder: &Path) -> Result<PathBuf, Failure> {
        let target = folder.join(file_name(artifact)?);
        self.download_as(artifact, &target).await?;
        Ok(target)
    }

    /// Fetches a file of a narration, as the narration lists it, to exactly this path, whose folder
    /// must be there. A file that is there is replaced. It appears there whole, or not at all.
    ///
    /// # Errors
    /// What the server answers; `CHECKSUM_MISMATCH` when the whole is not what the artifact says;
    /// `WRONG_STATE` when the narration has another file of that name by now; `INVALID_FIELD` for a
    /// path that is none of a file; why the folder cannot be written.
    pub async fn download_as(&self, artifact: &Artifact, path: &Path) -> Result<(), Failure> {
        if path.file_name().is_none() {
            let message = format!("{} is not the path of a file; name one", path.display());
            return Err(Failure::invalid("path", message));
        }
        let size = u64::try_from(artifact.size_bytes)
            .map_err(|_| Failure::invalid("artifact.size_bytes", "the size of a file is not negative"))?;
        let mut partial = Partial::create(path, self.random_number()).await?;
        let mut tries = self.tries();
        while partial.size < size {
            let before = partial.size;
            let Err(failure) = self.fetch(artifact, &mut partial).await else { break };
            if partial.size > before {
                tries.progress();
            }
            tries.wait(failure).await?;
        }
        partial.complete(artifact).await
    }

    /// Fetches what is missing, in one stream.
    async fn fetch(&self, artifact: &Artifact, partial: &mut Partial) -> Result<(), Failure> {
        let request = DownloadArtifactRequest {
            name: artifact.name.clone(),
            offset: i64::try_from(partial.size).unwrap_or(i64::MAX),
            length: None,
        };
        let answer = Box::pin(self.narrations().download_artifact(request)).await;
        let mut stream = answer.map_err(|status| failed(&status))?.into_inner();
        while let Some(message) = stream.message().await.map_err(|status| failed(&status))? {
            check(&message, artifact, partial.size)?;
            partial.append(&message.data).await?;
        }
        if i64::try_from(partial.size) == Ok(artifact.size_bytes) { Ok(()) } else { Err(broke_off("the file")) }
    }
}

/// Whether a message brings what stands in the file at `offset`.
fn check(message: &DownloadArtifactResponse, artifact: &Artifact, offset: u64) -> Result<(), Failure> {
    let name = &artifact.name;
    if message.artifact.as_ref().is_some_and(|now| now.sha256 != artifact.sha256) {
        let message = format!("the narration has another {name} by now; get the narration again, then the file");
        return Err(Failure::new(Kind::FailedPrecondition, Reason::WrongState, message));
    }
    if u64::try_from(message.offset) != Ok(offset) {
        let message = format!("{name} was to go on at {offset}, and came from {}; fetch it again", message.offset);
        return Err(Failure::new(Kind::Aborted, Reason::OffsetMismatch, message));
    }
    if crc32c::crc32c(&message.data) != message.crc32c {
        return Err(damaged(name));
    }
    Ok(())
}

fn damaged(name: &str) -> Failure {
    let message = format!("{name} arrived damaged; fetch it again");
    Failure::new(Kind::DataLoss, Reason::ChecksumMismatch, message)
}

/// The name of the file in a folder. It comes from the server, which has no say in where on this
/// machine anything is written.
fn file_name(artifact: &Artifact) -> Result<&str, Failure> {
    let (_, name) = names::artifact(&artifact.name, "artifact.name")?;
    let path = Path::new(name);
    if path.file_name().is_some_and(|only| only == path.as_os_str()) {
        return Ok(name);
    }
    Err(Failure::invalid("artifact.name", format!("{name:?} is not the name of a file in a folder")))
}

/// A file that is not complete: under another name, and gone with its owner.
#[derive(Debug)]
struct Partial {
    target: PathBuf,
    path: PathBuf,
    file: File,
    hasher: Hasher,
    /// Bytes of it that are good.
    size: u64,
    moved: bool,
}

impl Partial {
    async fn create(target: &Path, random: u64) -> Result<Self, Failure> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!(".{name}.{random:016x}.part"));
        let file = File::options().write(true).create_new(true).open(&path).await;
        let file = file.map_err(|error| unwritable(target, &error))?;
        Ok(Self { target: target.to_owned(), path, file, hasher: Hasher::default(), size: 0, moved: false })
    }

    async fn append(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.file.write_all(data).await.map_err(|error| unwritable(&self.target, &error))?;
        self.hasher.update(data);
        self.size += data.len() as u64;
        Ok(())
    }

    /// Puts it under its name.
    async fn complete(mut self, artifact: &Artifact) -> Result<(), Failure> {
        if self.hasher.clone().finish().to_string() != artifact.sha256 {
            return Err(damaged(&artifact.name));
        }
        let moved = async {
            self.file.flush().await?;
            // A name must not outlive what it names, should the machine fail now.
            self.file.sync_all().await?;
            fs::rename(&self.path, &self.target).await
        };
        moved.await.map_err(|error| unwritable(&self.target, &error))?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.moved {
            // One that cannot be removed is hidden, and harms nobody.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn unwritable(target: &Path, error: &io::Error) -> Failure {
    let message = format!("{} cannot be written: {error}; choose another folder", target.display());
    Failure::new(Kind::FailedPrecondition, Reason::Internal, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_but_into_its_folder() {
        let artifact = |file: &str| Artifact { name: format!("narrations/n1/artifacts/{file}"), ..Artifact::default() };
        assert_eq!(file_name(&artifact("audio.opus")), Ok("audio.opus"));
        for file in ["", ".", "..", "../audio.opus", "/etc/passwd", "a/b", "audio.opus/"] {
            assert!(file_name(&artifact(file)).is_err(), "{file}");
        }
        let bare = Artifact { name: "audio.opus".to_owned(), ..Artifact::default() };
        assert!(file_name(&bare).is_err(), "no name of an artifact");
    }
}
