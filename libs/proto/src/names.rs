//! Resource names, such as `documents/{document}`, checked both ways.

use lectern_core::Failure;
use lectern_core::id::{DocumentId, LexiconId, NarrationId, StepId, TenantId};

/// Digits of the id of a key.
const KEY_DIGITS: usize = 16;
/// The most characters of the id of a pause: `tenants.` or `engines.`, and an id.
const LONGEST_PAUSE: usize = 72;

fn strip<'a>(name: &'a str, collection: &str, field: &str) -> Result<&'a str, Failure> {
    name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).ok_or_else(|| {
        Failure::invalid(
            field,
            format!("{field} is {name:?}; expected a resource name of the form \"{collection}/{{id}}\""),
        )
    })
}

/// Reads `documents/{id}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn document(name: &str, field: &str) -> Result<DocumentId, Failure> {
    strip(name, "documents", field)?.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `narrations/{id}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn narration(name: &str, field: &str) -> Result<NarrationId, Failure> {
    strip(name, "narrations", field)?.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `lexicons/{id}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn lexicon(name: &str, field: &str) -> Result<LexiconId, Failure> {
    strip(name, "lexicons", field)?.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `keys/{id}` from the request's field `field`: the id, of 16 hexadecimal digits in small
/// letters.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn key<'a>(name: &'a str, field: &str) -> Result<&'a str, Failure> {
    let id = strip(name, "keys", field)?;
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.len() == KEY_DIGITS && id.bytes().all(digit) {
        return Ok(id);
    }
    let name: String = name.chars().take(80).collect();
    let message = format!("{field} is {name:?}; expected \"keys/\" and the {KEY_DIGITS} hexadecimal digits of a key");
    Err(Failure::invalid(field, message))
}

/// Reads `tenants/{tenant}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn tenant(name: &str, field: &str) -> Result<TenantId, Failure> {
    strip(name, "tenants", field)?.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `uploads/{upload}` from the request's field `field`: the id, which has the form of any
/// other.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn upload<'a>(name: &'a str, field: &str) -> Result<&'a str, Failure> {
    let id = strip(name, "uploads", field)?;
    // What matters is that it cannot hold anything else.
    let form: Result<DocumentId, _> = id.parse();
    form.map(|_| id).map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `pauses/{pause}` from the request's field `field`: the id, of which only the form is
/// looked at.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn pause<'a>(name: &'a str, field: &str) -> Result<&'a str, Failure> {
    let id = strip(name, "pauses", field)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=LONGEST_PAUSE).contains(&id.len()) && id.bytes().all(fits) {
        return Ok(id);
    }
    let name: String = name.chars().take(80).collect();
    let message = format!(
        "{field} is {name:?}; expected \"pauses/\" and 1 to {LONGEST_PAUSE} characters of a-z, A-Z, 0-9, '-', '_' \
         and '.', such as pauses/services.tts"
    );
    Err(Failure::invalid(field, message))
}

/// Reads `documents/{document}/erasure` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn erasure(name: &str, field: &str) -> Result<DocumentId, Failure> {
    let whole = || Failure::invalid(field, format!("{field} is {name:?}; expected \"documents/{{id}}/erasure\""));
    document(name.strip_suffix("/erasure").ok_or_else(whole)?, field)
}

/// Reads `narrations/{narration}/artifacts/{artifact}` from the request's field `field`: the
/// narration, and the name of the file, which is not looked at.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn artifact<'a>(name: &'a str, field: &str) -> Result<(NarrationId, &'a str), Failure> {
    let whole = || {
        let message = format!("{field} is {name:?}; expected \"narrations/{{id}}/artifacts/{{file name}}\"");
        Failure::invalid(field, message)
    };
    let (of, file) = name.split_once("/artifacts/").ok_or_else(whole)?;
    Ok((narration(of, field)?, file))
}

/// Reads `engines/{engine}/voices/{voice}` from the request's field `field`: the engine and the
/// voice, neither of them empty nor with a `/` in it.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn voice<'a>(name: &'a str, field: &str) -> Result<(&'a str, &'a str), Failure> {
    let parts = name.strip_prefix("engines/").and_then(|rest| rest.split_once("/voices/"));
    let fits = |part: &str| !part.is_empty() && !part.contains('/');
    parts.filter(|(engine, voice)| fits(engine) && fits(voice)).ok_or_else(|| {
        let message = format!("{field} is {name:?}; expected \"engines/{{engine}}/voices/{{voice}}\"");
        Failure::invalid(field, message)
    })
}

/// Reads `deadLetters/{narration}.{run}.{kind}.{index}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn dead_letter(name: &str, field: &str) -> Result<StepId, Failure> {
    let id = strip(name, "deadLetters", field)?;
    id.replace('.', "/").parse().map_err(|_| {
        Failure::invalid(
            field,
            format!("{field} is {name:?}; expected deadLetters/{{narration}}.{{run}}.{{kind}}.{{index}}"),
        )
    })
}

/// `deadLetters/{narration}.{run}.{kind}.{index}`.
#[must_use]
pub fn of_dead_letter(step: &StepId) -> String {
    format!("deadLetters/{}", step.to_string().replace('/', "."))
}

/// `documents/{id}`.
#[must_use]
pub fn of_document(id: &DocumentId) -> String {
    format!("documents/{id}")
}

/// `narrations/{id}`.
#[must_use]
pub fn of_narration(id: &NarrationId) -> String {
    format!("narrations/{id}")
}

/// `lexicons/{lexicon}`.
#[must_use]
pub fn of_lexicon(id: &LexiconId) -> String {
    format!("lexicons/{id}")
}

/// `keys/{id}`.
#[must_use]
pub fn of_key(id: &str) -> String {
    format!("keys/{id}")
}

/// `tenants/{tenant}`.
#[must_use]
pub fn of_tenant(id: &TenantId) -> String {
    format!("tenants/{id}")
}

/// `uploads/{upload}`.
#[must_use]
pub fn of_upload(id: &str) -> String {
    format!("uploads/{id}")
}

/// `pauses/{pause}`.
#[must_use]
pub fn of_pause(id: &str) -> String {
    format!("pauses/{id}")
}

/// `documents/{document}/erasure`.
#[must_use]
pub fn of_erasure(id: &DocumentId) -> String {
    format!("documents/{id}/erasure")
}

/// `narrations/{narration}/artifacts/{artifact}`.
#[must_use]
pub fn of_artifact(narration: &NarrationId, file: &str) -> String {
    format!("narrations/{narration}/artifacts/{file}")
}

/// `engines/{engine}/voices/{voice}`.
#[must_use]
pub fn of_voice(engine: &str, voice: &str) -> String {
    format!("engines/{engine}/voices/{voice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_more_than_one_part_come_back_as_they_were() {
        let (document, narration) = ("d1".parse().unwrap(), "n1".parse().unwrap());
        assert_eq!(erasure(&of_erasure(&document), "name"), Ok(document));
        assert_eq!(artifact(&of_artifact(&narration, "audio.opus"), "name"), Ok((narration, "audio.opus")));
        assert_eq!(voice(&of_voice("local", "heart"), "name"), Ok(("local", "heart")));
        for wrong in
            ["engines/local", "voices/local/heart", "engines//voices/x", "engines/a/voices/b/c", "engines/a/voices/"]
        {
            assert!(voice(wrong, "name").is_err(), "{wrong}");
        }
        assert!(erasure("documents/d1", "name").is_err());
    }

    #[test]
    fn a_name_that_nothing_can_have_is_an_invalid_field() {
        let longest = "x".repeat(64);
        let (upload_name, pause_name) = (of_upload(&longest), of_pause(&format!("tenants.{longest}")));
        assert_eq!(key("keys/0123456789abcdef", "name"), Ok("0123456789abcdef"));
        assert_eq!(upload(&upload_name, "name"), Ok(longest.as_str()));
        assert_eq!(pause(&pause_name, "name"), Ok(&pause_name["pauses/".len()..]));
        for wrong in ["keys/", "keys/k1", "keys/0123456789ABCDEF", "keys/0123456789abcdef0", "0123456789abcdef"] {
            let refused = key(wrong, "name").unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("name"), "{wrong}");
        }
        for wrong in ["uploads/", "uploads/a b", "uploads/a.b", "uploads/a/b", &format!("{upload_name}x"), "a"] {
            assert_eq!(upload(wrong, "name").unwrap_err().field.as_deref(), Some("name"), "{wrong}");
        }
        for wrong in ["pauses/", "pauses/a b", "pauses/a/b", "pauses/ü", &format!("{pause_name}x"), "services.tts"] {
            assert_eq!(pause(wrong, "name").unwrap_err().field.as_deref(), Some("name"), "{wrong}");
        }
    }

    #[test]
    fn names_of_artifacts_have_a_narration_and_a_file() {
        assert!(artifact("narrations/n1", "name").is_err());
    }
}
