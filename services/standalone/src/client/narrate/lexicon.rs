//! How words are said, as the flags say it: lexicons of the server by their names, or those that
//! narrations have by default, and files of this machine, whose entries are the narration's own.

use std::path::Path;

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1::lexicon_service_client::LexiconServiceClient;
use lectern_proto::v1::{GetLexiconRequest, Lexicon, LexiconEntry, ListLexiconsRequest, NarrationLexicon};
use lectern_rpc::failure;

use crate::client::follow::patiently;
use crate::client::instance::Instance;
use crate::client::out::Out;
use crate::client::{lexicon_file, named, pages};

/// The ending of a lexicon's file.
const ENDING: &str = "toml";

/// What the flags say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Words {
    /// The lexicons that are named.
    pub lexicons: Vec<NarrationLexicon>,
    /// The entries of files, in their order.
    pub entries: Vec<LexiconEntry>,
    /// The lexicons that it has without naming them; none before they are asked for.
    pub defaults: Vec<NarrationLexicon>,
    /// Whether it does without these.
    pub without_defaults: bool,
}

impl Words {
    /// Reads the files that are named, and takes the rest for names.
    ///
    /// # Errors
    /// What is wrong with a file, or with the entries of all.
    pub(super) fn read(arguments: &[String], without_defaults: bool) -> Result<Self, Failure> {
        let mut words = Self { without_defaults, ..Self::default() };
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

    /// Finds out which versions the named ones have, and which there are by default in which
    /// versions: with another one an order is another.
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
        if self.without_defaults {
            return Ok(());
        }
        let page = move |_, page_token: String| async move {
            let page = patiently(out, instance.server(), || {
                let mut client = LexiconServiceClient::new(instance.client.channel());
                let request = ListLexiconsRequest { page_size: 0, page_token: page_token.clone() };
                Box::pin(async move { client.list_lexicons(request).await.map_err(|status| failure(&status)) })
            });
            let page = page.await?.into_inner();
            Ok((page.lexicons, page.next_page_token))
        };
        let mut listed = Vec::new();
        pages::up_to(usize::MAX, out, page, |lexicon: Lexicon| listed.push(lexicon)).await?;
        self.have(listed);
        Ok(())
    }

    /// Takes in which of the server's lexicons it has by default.
    fn have(&mut self, listed: Vec<Lexicon>) {
        let of_all = listed.into_iter().filter(|lexicon| lexicon.by_default);
        let unnamed = of_all.filter(|lexicon| self.lexicons.iter().all(|named| named.name != lexicon.name));
        self.defaults = unnamed.map(|Lexicon { name, version, .. }| NarrationLexicon { name, version }).collect();
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
        let words = Words::read(&["names".to_owned(), file.clone(), "lexicons/more".to_owned()], false).unwrap();
        let names: Vec<_> = words.lexicons.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((names, words.entries.len()), (vec!["lexicons/names", "lexicons/more"], 1));
        assert_eq!(Words::read(&[], false).unwrap(), Words::default());
        assert!(Words::read(&[], true).unwrap().without_defaults);
        assert!(Words::read(&["none.toml".to_owned()], false).unwrap_err().message.contains("none.toml"));
        std::fs::write(&file, "[[entry]]\n").unwrap();
        assert!(Words::read(&[file], false).is_err());
    }

    #[test]
    fn what_it_has_by_default_is_what_the_server_says_and_it_does_not_name() {
        let lexicon = |name: &str, by_default| Lexicon {
            name: named("lexicons", name),
            version: 3,
            by_default,
            ..Lexicon::default()
        };
        let mut words = Words::read(&["a".to_owned()], false).unwrap();
        words.have(vec![lexicon("a", true), lexicon("b", false), lexicon("c", true)]);
        assert_eq!(words.defaults, [NarrationLexicon { name: "lexicons/c".to_owned(), version: 3 }]);
        assert_eq!(words.lexicons.len(), 1, "the server adds those itself");
    }
}
