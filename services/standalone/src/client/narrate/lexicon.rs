//! How words are said, as the flags say it: lexicons of the server by their names, and files of
//! this machine, whose entries are the narration's own.

use std::path::Path;

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1::lexicon_service_client::LexiconServiceClient;
use lectern_proto::v1::{GetLexiconRequest, LexiconEntry, NarrationLexicon};
use lectern_rpc::failure;

use crate::client::follow::patiently;
use crate::client::instance::Instance;
use crate::client::out::Out;
use crate::client::{lexicon_file, named};

/// The ending of a lexicon's file.
const ENDING: &str = "toml";

/// What the flags say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Words {
    /// The lexicons that are named.
    pub lexicons: Vec<NarrationLexicon>,
    /// The entries of files, in their order.
    pub entries: Vec<LexiconEntry>,
}

impl Words {
    /// Reads the files that are named, and takes the rest for names.
    ///
    /// # Errors
    /// What is wrong with a file, or with the entries of all.
    pub(super) fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut words = Self::default();
        for argument in arguments {
            let path = Path::new(argument);
            if path.is_file() || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING)) {
                words.entries.append(&mut lexicon_file::read(path)?);
            } else {
                words.lexicons.push(NarrationLexicon { name: named("lexicons", argument), version: 0 });
            }
        }
        convert::lexicon_entries("narration.pronunciations", &words.entries)?;
        Ok(words)
    }

    /// Finds out which versions the named ones have: with another one an order is another.
    ///
    /// # Errors
    /// What the server answers.
    pub(super) async fn settle(&mut self, instance: &Instance, out: &Out) -> Result<(), Failure> {
        for lexicon in &mut self.lexicons {
            let found = patiently(out, instance.server(), || {
                let mut client = LexiconServiceClient::new(instance.client.channel());
                let request = GetLexiconRequest { name: lexicon.name.clone() };
                Box::pin(async move { client.get_lexicon(request).await.map_err(|status| failure(&status)) })
            });
            let found = found.await?.into_inner().lexicon.unwrap_or_default();
            lexicon.version = found.version;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_a_file_or_the_name_of_a_lexicon() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("words.toml");
        std::fs::write(&file, "[[entry]]\ntext = \"lead\"\nrespelling = \"led\"\n").unwrap();
        let file = file.display().to_string();
        let words = Words::read(&["names".to_owned(), file.clone(), "lexicons/more".to_owned()]).unwrap();
        let names: Vec<_> = words.lexicons.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((names, words.entries.len()), (vec!["lexicons/names", "lexicons/more"], 1));
        assert_eq!(Words::read(&[]).unwrap(), Words::default());
        assert!(Words::read(&["none.toml".to_owned()]).unwrap_err().message.contains("none.toml"));
        std::fs::write(&file, "[[entry]]\n").unwrap();
        assert!(Words::read(&[file]).is_err());
    }
}
