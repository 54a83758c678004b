//! BSON as JSON and back, for filters that people write and documents that they read.

use serde_json::{Map, Value, json};

use super::wire::{CUT_SHORT, Document, next_field};

/// How deep documents are read; MongoDB's own limit is 100.
const DEPTH: usize = 100;

/// Adds a field with any value of JSON. A whole number becomes a long, which MongoDB compares with
/// every other kind of number by its value.
#[must_use]
pub fn field(document: Document, name: &str, value: &Value) -> Document {
    match value {
        Value::Null => document.element(0x0A, name, &[]),
        Value::Bool(yes) => document.element(0x08, name, &[u8::from(*yes)]),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => document.element(0x12, name, &whole.to_le_bytes()),
            None => document.element(0x01, name, &number.as_f64().unwrap_or(f64::NAN).to_le_bytes()),
        },
        Value::String(text) => document.text(name, text),
        Value::Array(items) => {
            let array = items
                .iter()
                .enumerate()
                .fold(Document::default(), |array, (at, item)| field(array, &at.to_string(), item));
            document.element(0x04, name, &array.bytes())
        }
        Value::Object(fields) => match date(fields) {
            Some(millis) => document.element(0x09, name, &millis.to_le_bytes()),
            None => document.document(name, &object(fields)),
        },
    }
}

/// The milliseconds of `{"$date": 0}`, as dates are shown.
fn date(fields: &Map<String, Value>) -> Option<i64> {
    (fields.len() == 1).then(|| fields.get("$date")?.as_i64())?
}

/// A document of these fields.
#[must_use]
pub fn object(fields: &Map<String, Value>) -> Document {
    fields.iter().fold(Document::default(), |document, (name, value)| field(document, name, value))
}

/// A document as JSON. What JSON has no word for stands as an object with one field, as MongoDB
/// writes it (`{"$date": 0}`, in milliseconds); bytes stand as their count.
///
/// # Errors
///
/// When it is cut short, of a kind that is not known here, or nested too deep.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    fields(bytes, DEPTH).map(|fields| Value::Object(fields.into_iter().collect()))
}

fn fields(bytes: &[u8], depth: usize) -> Result<Vec<(String, Value)>, String> {
    if depth == 0 {
        return Err(format!("documents nest deeper than {DEPTH}"));
    }
    let mut rest = behind_size(bytes)?;
    let mut found = Vec::new();
    while let Some(field) = next_field(&mut rest)? {
        let name = String::from_utf8_lossy(field.name).into_owned();
        found.push((name, value(field.kind, field.value, depth)?));
    }
    Ok(found)
}

/// The value of a field, of the bytes that its kind has.
fn value(kind: u8, bytes: &[u8], depth: usize) -> Result<Value, String> {
    Ok(match kind {
        0x01 => json!(f64::from_le_bytes(array(bytes)?)),
        0x02 => {
            let text = behind_size(bytes)?;
            json!(String::from_utf8_lossy(text.strip_suffix(&[0]).unwrap_or(text)))
        }
        0x03 => Value::Object(fields(bytes, depth - 1)?.into_iter().collect()),
        0x04 => Value::Array(fields(bytes, depth - 1)?.into_iter().map(|(_, item)| item).collect()),
        0x05 => {
            // The subtype stands between the size and the bytes.
            let size = behind_size(bytes)?.len().saturating_sub(1);
            json!({ "$binary": format!("{size} bytes") })
        }
        0x07 => {
            let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "$oid": id })
        }
        0x08 => Value::Bool(bytes != [0]),
        0x09 => json!({ "$date": i64::from_le_bytes(array(bytes)?) }),
        0x0A => Value::Null,
        0x10 => json!(i32::from_le_bytes(array(bytes)?)),
        0x11 => json!({ "$timestamp": u64::from_le_bytes(array(bytes)?) }),
        0x12 => json!(i64::from_le_bytes(array(bytes)?)),
        other => return Err(format!("a value of the kind 0x{other:02x} cannot be shown")),
    })
}

/// What stands behind the four bytes of a size.
fn behind_size(bytes: &[u8]) -> Result<&[u8], String> {
    bytes.get(4..).ok_or_else(|| CUT_SHORT.to_owned())
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| CUT_SHORT.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_from_json_is_read_back() {
        let written = json!({
            "_id": { "$regex": "^abc/" },
            "list": [1, "two", null, { "deep": true }],
            "number": -7_000_000_000_i64,
            "share": 0.5,
            "since": { "$gt": { "$date": 1_700_000_000_000_i64 } },
            "text": "caf\u{e9}",
        });
        let Value::Object(fields) = &written else { panic!("an object") };
        assert_eq!(read(&object(fields).bytes()).unwrap(), written);
    }

    #[test]
    fn kinds_that_json_lacks_are_named() {
        let bytes = Document::default()
            .element(0x05, "bytes", &[2, 0, 0, 0, 0, 7, 7])
            .element(0x07, "id", &[9; 12])
            .element(0x09, "date", &5_i64.to_le_bytes())
            .element(0x10, "int", &3_i32.to_le_bytes())
            .bytes();
        let expected = json!({
            "bytes": { "$binary": "2 bytes" },
            "id": { "$oid": "09".repeat(12) },
            "date": { "$date": 5 },
            "int": 3,
        });
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn what_is_cut_short_unknown_or_too_deep_is_an_error() {
        let whole = Document::default().text("a", "b").bytes();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(read(&Document::default().element(0x42, "x", &[]).bytes()).unwrap_err().contains("0x42"));
        let deep = (0..DEPTH + 1).fold(Document::default(), |inner, _| Document::default().document("a", &inner));
        assert!(read(&deep.bytes()).unwrap_err().contains("nest"));
    }
}
