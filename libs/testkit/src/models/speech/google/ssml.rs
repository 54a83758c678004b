//! SSML as it is read: what is spoken, and where marks stand.

use super::families::Family;
use crate::models::gemini::Refusal;

/// What is read of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Spoken {
    /// What is spoken.
    pub text: String,
    /// Names of marks, each with the words before it.
    pub marks: Vec<(String, usize)>,
    /// Characters of the tags of marks, which cost nothing.
    pub of_marks: usize,
}

/// Tags, and the attributes that each may have.
const TAGS: [(&str, &[&str]); 10] = [
    ("speak", &[]),
    ("p", &[]),
    ("s", &[]),
    ("sub", &["alias"]),
    ("say-as", &["interpret-as", "format", "detail"]),
    ("phoneme", &["alphabet", "ph"]),
    ("mark", &["name"]),
    ("emphasis", &["level"]),
    ("prosody", &["rate", "pitch", "volume"]),
    ("break", &["time", "strength"]),
];
/// Those that every family takes which takes any.
const USUAL: [&str; 6] = ["speak", "p", "s", "sub", "say-as", "phoneme"];
/// Those that have nothing in them.
const EMPTY: [&str; 2] = ["mark", "break"];

/// Reads SSML for a voice of this family.
pub(super) fn read(ssml: &str, family: &Family) -> Result<Spoken, Refusal> {
    if !family.ssml {
        return Err(Refusal::invalid("This voice does not support SSML input."));
    }
    let mut spoken = Spoken::default();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = ssml;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('<') {
            let (tag, behind) = after.split_once('>').ok_or_else(invalid)?;
            rest = behind;
            match tag.strip_prefix('/') {
                Some(name) if open.last() == Some(&name) => {
                    open.pop();
                }
                Some(_) => return Err(invalid()),
                None => opened(tag, family, &mut open, &mut spoken)?,
            }
            continue;
        }
        if open.first() != Some(&"speak") {
            return Err(invalid());
        }
        let (text, behind) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        spoken.text.push_str(&unescaped(text)?);
        rest = behind;
    }
    if open.is_empty() && ssml.starts_with("<speak") { Ok(spoken) } else { Err(invalid()) }
}

/// Takes in a tag that opens or stands alone.
fn opened<'a>(tag: &'a str, family: &Family, open: &mut Vec<&'a str>, spoken: &mut Spoken) -> Result<(), Refusal> {
    let alone = tag.ends_with('/');
    let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
    let known = TAGS.iter().find(|(known, _)| *known == name);
    let (_, allowed) = known.ok_or_else(|| Refusal::unknown(format!("<{name}>")))?;
    if !USUAL.contains(&name) && !family.tags.contains(&name) {
        let message = if family.id == "Studio" {
            format!("<{name}> tags are not currently supported by Studio voices.")
        } else {
            format!("This voice does not support <{name}>.")
        };
        return Err(Refusal::invalid(message));
    }
    let attributes = attributes_of(attributes)?;
    if attributes.iter().any(|(name, _)| !allowed.contains(&name.as_str())) {
        return Err(invalid());
    }
    let of = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    match name {
        "mark" => {
            let named = of("name").filter(|named| !named.is_empty()).ok_or_else(invalid)?;
            spoken.marks.push((named.to_owned(), words(&spoken.text)));
            spoken.of_marks += tag.chars().count() + 2;
        }
        "phoneme" if of("alphabet") != Some("ipa") || of("ph").is_none_or(str::is_empty) => return Err(invalid()),
        _ => {}
    }
    // What stands in nothing is closed at once.
    match (alone, EMPTY.contains(&name)) {
        (true, _) => Ok(()),
        (false, false) if open.is_empty() == (name == "speak") => {
            open.push(name);
            Ok(())
        }
        (false, _) => Err(invalid()),
    }
}

/// How many words a text has: what stands between white space and has a letter or a digit.
fn words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

fn attributes_of(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(invalid)?;
        let (value, behind) = after.split_once('"').ok_or_else(invalid)?;
        found.push((name.to_owned(), unescaped(value)?));
        rest = behind.trim_start();
    }
    Ok(found)
}

/// A text without its escapes. A sign that has to be escaped and is not is refused.
fn unescaped(text: &str) -> Result<String, Refusal> {
    const ESCAPES: [(&str, char); 5] =
        [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&apos;", '\'')];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let known = ESCAPES.iter().find(|(escaped, _)| escape.starts_with(escaped));
        let (escaped, sign) = known.ok_or_else(invalid)?;
        out.push(*sign);
        rest = escape.get(escaped.len()..).unwrap_or_default();
    }
    Ok(out + rest)
}

fn invalid() -> Refusal {
    Refusal::invalid("Invalid SSML. Newer voices like Neural2 require valid SSML.")
}
