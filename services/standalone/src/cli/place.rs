//! Where a command does its work: a server, or a folder of data; and under which key.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::Secret;

use crate::client::words::KEY_FILE;

/// No API key is longer, in bytes; a longer file is not one that has a key.
const LONGEST_KEY: u64 = 4096;

/// Where a command works that makes something: the flags of [`At`], and those of an instance of its
/// own.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// A server, or a folder of data.
    #[command(flatten)]
    pub at: At,
    /// Keeps nothing but the files that are made: no data folder is read or written, and nothing
    /// is found again.
    #[arg(long, conflicts_with_all = ["server", "data"])]
    pub temporary: bool,
    /// Allows the instance of its own to fetch https:// URLs, as the setting `import.enabled` does.
    #[arg(long, conflicts_with = "server")]
    pub import: bool,
}

/// Where a command looks that makes nothing: a server, or a folder of data. The folder of the
/// configuration where nothing is said.
#[derive(Debug, Clone, Default, Args)]
pub struct At {
    /// A running server (`http://host:port`) instead of the data folder of this machine.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The API key for --server. Prefer --key-file or the environment variable LECTERN_KEY: other
    /// users of the machine see arguments in the list of processes.
    #[arg(long, value_name = "KEY", requires = "server", conflicts_with = "key_file", value_parser = secret)]
    pub key: Option<Secret>,
    /// A file with the API key for --server, and nothing else.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub key_file: Option<PathBuf>,
    /// The folder of data; that of LECTERN_DATA, or $XDG_DATA_HOME/lectern, where none is named.
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    pub data: Option<PathBuf>,
}

/// The flags of a credential, wherever a command has them.
#[derive(Debug)]
pub struct Credential<'a> {
    /// What `--key` said, and what is used in the end.
    pub key: &'a mut Option<Secret>,
    /// What `--key-file` said.
    pub file: Option<&'a Path>,
}

impl At {
    /// The credential's flags.
    pub fn credential(&mut self) -> Credential<'_> {
        Credential { key: &mut self.key, file: self.key_file.as_deref() }
    }

    /// The flags that lead another command to the same place, with a space before each; a key is
    /// not repeated.
    #[must_use]
    pub fn flags(&self) -> String {
        let server = self.server.iter().map(|server| format!(" --server {server}"));
        let data = self.data.iter().map(|data| format!(" --data {}", data.display()));
        server.chain(data).collect()
    }
}

impl Credential<'_> {
    /// Settles the key: that of the argument, else that of the file, else `environment` where it is
    /// not empty.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a file that cannot be read or has no key.
    pub fn settle(self, environment: &Secret) -> Result<(), Failure> {
        if self.key.is_none() {
            *self.key = match self.file {
                Some(file) => Some(read(file)?),
                None => Some(environment).filter(|key| !key.is_empty()).cloned(),
            };
        }
        Ok(())
    }
}

/// Reads a key. A longer file is read no further than a key can be long.
fn read(file: &Path) -> Result<Secret, Failure> {
    let wrong = |kind: Kind, what: String| {
        let message = format!("--key-file: {} {what}; name a file that holds the API key alone", file.display());
        Failure::new(kind, Reason::InvalidField, message).at(KEY_FILE)
    };
    let mut text = String::new();
    let opened = File::open(file).and_then(|opened| opened.take(LONGEST_KEY).read_to_string(&mut text));
    opened.map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let kind = if missing { Kind::NotFound } else { Kind::InvalidArgument };
        wrong(kind, format!("cannot be read: {error}"))
    })?;
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [key] => Ok(Secret::new(key)),
        [] => Err(wrong(Kind::InvalidArgument, "is empty".to_owned())),
        _ => Err(wrong(Kind::InvalidArgument, "has more than one word".to_owned())),
    }
}

/// Keeps an argument out of what is printed of the command line.
pub fn secret(argument: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_holds_one_key_and_white_space() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let settle = |text: Option<&str>| {
            match text {
                Some(text) => std::fs::write(&file, text).unwrap(),
                None => drop(std::fs::remove_file(&file)),
            }
            let mut at = At { key_file: Some(file.clone()), ..At::default() };
            at.credential().settle(&Secret::new("lk_env")).map(|()| at.key.unwrap().expose().to_owned())
        };
        assert_eq!(settle(Some("lk_file\n")), Ok("lk_file".to_owned()));
        for (text, says, kind) in [
            (Some(" \n"), "is empty", Kind::InvalidArgument),
            (Some("lk_a lk_b"), "more than one word", Kind::InvalidArgument),
            (None, "cannot be read", Kind::NotFound),
        ] {
            let failure = settle(text).unwrap_err();
            assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
            assert!(failure.message.contains("--key-file") && !failure.message.contains("lk_"), "{failure}");
        }
    }

    #[test]
    fn another_command_is_led_to_the_same_place_without_the_key() {
        let server = Some("http://h:1".to_owned());
        let at = At { server, key: Some(Secret::new("lk_argument")), ..At::default() };
        assert_eq!(at.flags(), " --server http://h:1");
        let at = At { data: Some(PathBuf::from("/srv/d")), ..At::default() };
        assert_eq!((at.flags().as_str(), At::default().flags().as_str()), (" --data /srv/d", ""));
    }

    #[test]
    fn the_argument_goes_before_the_environment() {
        let mut at = At { key: Some(Secret::new("lk_argument")), ..At::default() };
        at.credential().settle(&Secret::new("lk_env")).unwrap();
        assert_eq!(at.key.as_ref().map(Secret::expose), Some("lk_argument"));
        let mut at = At::default();
        at.credential().settle(&Secret::new("")).unwrap();
        assert!(at.key.is_none(), "an empty key is none");
    }
}
