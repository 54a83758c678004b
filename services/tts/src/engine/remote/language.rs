//! Which of a voice's languages a text is in.

/// The primary subtag of a BCP 47 tag.
fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

/// The tag of `spoken` that a text in `language` is read as: the same one, else the first with its
/// primary subtag (`en` is read as `en-US`). None for a text of which nobody knows the language, or
/// in one that is not spoken.
pub(in crate::engine) fn among<'a>(spoken: &'a [String], language: &str) -> Option<&'a str> {
    let same = |tag: &&String| tag.eq_ignore_ascii_case(language);
    let near = |tag: &&String| primary(tag).eq_ignore_ascii_case(primary(language));
    if language.is_empty() {
        return None;
    }
    spoken.iter().find(same).or_else(|| spoken.iter().find(near)).map(String::as_str)
}

/// Languages as providers name them, and as documents do.
const OTHERWISE: [(&str, &str); 3] = [("cmn", "zh"), ("nb", "no"), ("fil", "tl")];

/// The languages of a voice of this locale: the locale, and the same under the name that documents
/// have it by, where providers have another.
pub(in crate::engine) fn of_locale(locale: &str) -> Vec<String> {
    let mut languages = vec![locale.to_owned()];
    if let Some((theirs, usual)) = OTHERWISE.iter().find(|(theirs, _)| *theirs == primary(locale)) {
        languages.push(locale.replacen(theirs, usual, 1));
    }
    languages
}

/// The tag by which providers know a language of [`of_locale`].
pub(in crate::engine) fn of_provider(tag: &str) -> String {
    let known = OTHERWISE.iter().find(|(_, usual)| *usual == primary(tag));
    known.map_or_else(|| tag.to_owned(), |(theirs, usual)| tag.replacen(usual, theirs, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_its_own_language_or_one_with_its_name() {
        let spoken: Vec<String> = ["en-US", "en-GB", "de-DE"].map(str::to_owned).to_vec();
        for (language, tag) in [
            ("en-GB", Some("en-GB")),
            ("en", Some("en-US")),
            ("de-AT", Some("de-DE")),
            ("DE", Some("de-DE")),
            ("fr", None),
            ("und", None),
            ("", None),
        ] {
            assert_eq!(among(&spoken, language), tag, "{language:?}");
        }
        assert_eq!(of_locale("cmn-CN"), ["cmn-CN", "zh-CN"]);
        assert_eq!(of_locale("de-DE"), ["de-DE"]);
        for locale in ["cmn-CN", "nb-NO", "fil-PH", "de-DE"] {
            assert!(of_locale(locale).iter().all(|tag| of_provider(tag) == locale), "{locale}");
        }
    }
}
