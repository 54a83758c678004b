//! How a provider is reached, as the settings of whoever calls it have it: where it is, and who we
//! are there.

use std::path::Path;

use lectern_core::{Digest, Failure};
use lectern_google::{Credentials, Options};
use lectern_runtime::Secret;
use url::Url;

use crate::near::is_near;

/// What tokens of Google Cloud are for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Of so many signs is what stands for an account: they tell those of an installation apart.
const ACCOUNT_SIGNS: usize = 12;

/// How a provider is reached: the part of an engine's settings that is the same for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// Where it is; empty for the provider's own host.
    pub url: &'a str,
    /// The API key; empty for none.
    pub key: &'a Secret,
    /// A file with the API key in its only line; empty for none.
    pub key_file: &'a Path,
    /// The project on Google Cloud that is billed; empty for none.
    pub project: &'a str,
    /// The location on Google Cloud; empty for none.
    pub location: &'a str,
}

impl Access<'_> {
    /// Whether it has neither a key nor a file of one.
    #[must_use]
    pub fn is_keyless(&self) -> bool {
        self.key.is_empty() && self.key_file.as_os_str().is_empty()
    }

    /// Checks what types cannot; `table` is where the settings lie, `writers.NAME` say.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub fn check(&self, table: &str) -> Result<(), Failure> {
        let wrong = |key: &str, message: &str| Err(Failure::invalid(format!("{table}.{key}"), message));
        if !self.key.is_empty() && !self.key_file.as_os_str().is_empty() {
            return wrong("key_file", "there is a key and a file of one; set one of them");
        }
        if !self.url.is_empty()
            && let Err(message) = self.check_url()
        {
            return wrong("url", message);
        }
        // It is a part of the provider's host, which gets the key.
        if !self.location.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return wrong("location", "this is no location; write it as Google does, such as global or europe-west4");
        }
        Ok(())
    }

    /// What is wrong with the URL. It is printed where the settings are, so that no secret belongs
    /// into it.
    fn check_url(&self) -> Result<(), &'static str> {
        let Ok(url) = self.url.parse::<Url>() else {
            return Err("this is no URL; write it as https://HOST/PATH");
        };
        let secret = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.contains("key") || name.contains("token") || name == "sig"
        };
        if !["http", "https"].contains(&url.scheme()) {
            Err("this is no URL of a server; write it with http:// or https://")
        } else if !url.username().is_empty() || url.password().is_some() {
            Err("a URL has no user and no password here; give the key as key or key_file")
        } else if url.query_pairs().any(|(name, _)| secret(&name)) {
            Err("a URL has no key in it here; give it as key or key_file")
        } else if url.scheme() == "http" && !(self.is_keyless() && self.project.is_empty()) && !is_near(&url) {
            Err("the key would go there in the clear, where others can read it; write https://, or leave the key out")
        } else {
            Ok(())
        }
    }

    /// Where it is: the URL of the settings, or `fallback`.
    ///
    /// # Errors
    /// `INVALID_FIELD` for what is no URL.
    pub fn base(&self, table: &str, fallback: &str) -> Result<Url, Failure> {
        let text = if self.url.is_empty() { fallback } else { self.url };
        Url::parse(text).map_err(|e| {
            Failure::invalid(format!("{table}.url"), format!("this is no URL: {e}; write it as https://HOST/PATH"))
        })
    }

    /// The API key, from the settings or from its file; none where there is none.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a file that cannot be read, or has no key; the key itself is in no
    /// message.
    pub fn api_key(&self, table: &str) -> Result<Option<Secret>, Failure> {
        if !self.key.is_empty() {
            return Ok(Some(self.key.clone()));
        }
        if self.key_file.as_os_str().is_empty() {
            return Ok(None);
        }
        let wrong = |what: &str| {
            let message = format!("the file {} {what}", self.key_file.display());
            Failure::invalid(format!("{table}.key_file"), message)
        };
        let text = std::fs::read_to_string(self.key_file)
            .map_err(|error| wrong(&format!("cannot be read: {error}; put the API key there")))?;
        let key = text.trim();
        if key.is_empty() || key.lines().count() > 1 {
            return Err(wrong("does not hold one line; put the API key there, and nothing else"));
        }
        Ok(Some(Secret::new(key)))
    }

    /// The account of Google Cloud that is called by where there is no key: the application default
    /// credentials, or the metadata server at `metadata` for tests against a stand-in. `purpose`
    /// says in logs what it is for, as in "a model on Google Cloud"; quota is that of
    /// `quota_project`, where one is named. To be called within a runtime of tokio.
    ///
    /// # Errors
    /// `INVALID_FIELD` where there are no credentials.
    pub fn google(
        &self,
        table: &str,
        purpose: &str,
        quota_project: Option<String>,
        metadata: Option<String>,
    ) -> Result<Credentials, Failure> {
        let options = Options { scopes: vec![SCOPE.to_owned()], quota_project, metadata };
        Credentials::application_default(purpose, options).map_err(|e| {
            Failure::invalid(format!("{table}.project"), format!("there are no credentials of Google Cloud: {e}"))
        })
    }

    /// Signs that follow from the server, and from the account there that the credential is for.
    #[must_use]
    pub fn account(&self) -> String {
        let server = self.url.parse::<Url>();
        let server = server.map_or_else(|_| self.url.to_owned(), |url| url.origin().ascii_serialization());
        let key_file = self.key_file.to_string_lossy();
        let parts = [server.as_str(), self.project, self.location, self.key.expose(), &*key_file];
        Digest::of(parts.join("\n").as_bytes()).to_string().chars().take(ACCOUNT_SIGNS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Settings {
        url: &'static str,
        key: Secret,
        key_file: std::path::PathBuf,
        project: &'static str,
    }

    fn with_key(key: &str) -> Settings {
        Settings { url: "", key: Secret::new(key), key_file: "".into(), project: "" }
    }

    impl Settings {
        fn access(&self) -> Access<'_> {
            let Self { url, key, key_file, project } = self;
            Access { url, key, key_file, project, location: "" }
        }
    }

    #[test]
    fn a_key_goes_nowhere_in_the_clear_and_is_in_no_url() {
        for (url, key, field) in [
            ("https://models.example.com/v1?v=1", "k", None),
            ("http://127.0.0.1:8880/v1", "k", None),
            ("http://models.example.com/v1", "", None),
            ("http://models.example.com/v1", "k", Some("engines.e.url")),
            ("https://u:p@models.example.com/v1", "", Some("engines.e.url")),
            ("https://models.example.com/v1?api_key=k", "", Some("engines.e.url")),
            ("localhost:1", "", Some("engines.e.url")),
            ("http://[", "", Some("engines.e.url")),
        ] {
            let settings = Settings { url, ..with_key(key) };
            let checked = settings.access().check("engines.e").map_err(|failure| failure.field);
            assert_eq!(checked.err().flatten().as_deref(), field, "{url}");
        }
        let key = Secret::new("k");
        let at = |location| Access { url: "", key: &key, key_file: Path::new(""), project: "p", location };
        assert_eq!((at("").check("e"), at("europe-west4").check("e")), (Ok(()), Ok(())));
        assert_eq!(at("example.com/").check("e").unwrap_err().field.as_deref(), Some("e.location"));
        let both = Settings { key_file: "key".into(), ..with_key("k") };
        assert_eq!(both.access().check("e").unwrap_err().field.as_deref(), Some("e.key_file"));
    }

    #[test]
    fn a_key_is_read_from_its_file_and_told_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let settings = Settings { key_file: path.clone(), ..with_key("") };
        assert!(settings.access().api_key("e").unwrap_err().message.contains("cannot be read"));
        for (text, key) in [("the-key\n", Some("the-key")), ("", None), ("\n", None), ("the-key\nanother", None)] {
            std::fs::write(&path, text).unwrap();
            let read = settings.access().api_key("e");
            match key {
                Some(key) => assert_eq!(read.unwrap().unwrap().expose(), key),
                None => {
                    let refused = read.unwrap_err();
                    assert_eq!(refused.field.as_deref(), Some("e.key_file"));
                    assert!(!refused.message.contains("the-key"), "{refused}");
                }
            }
        }
        assert!(with_key("").access().api_key("e").unwrap().is_none() && with_key("").access().is_keyless());
        assert_eq!(with_key("k").access().api_key("e").unwrap().unwrap().expose(), "k");
    }

    #[test]
    fn an_account_is_told_from_others_and_says_nothing_of_its_key() {
        let known = || Settings { url: "http://127.0.0.1:11434/v1", ..with_key("the-key") };
        let account = |settings: &Settings| settings.access().account();
        assert_eq!(account(&known()), account(&Settings { url: "http://127.0.0.1:11434/v2", ..known() }));
        for other in [
            Settings { url: "http://127.0.0.1:11435/v1", ..known() },
            Settings { key: Secret::new("another"), ..known() },
            Settings { project: "p", ..known() },
            Settings { key: Secret::default(), key_file: "/run/key".into(), ..known() },
        ] {
            assert_ne!(account(&known()), account(&other));
        }
        assert!(!account(&known()).contains("the-key"));
    }
}
