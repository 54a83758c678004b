//! Rows of data: those that are built in, and those of a file that the settings name, each of which
//! takes the place of the built-in one of the same id.

use std::path::Path;

use lectern_core::Failure;
use serde::de::DeserializeOwned;

/// The built-in rows, and before them those of `file` where it is named; `setting` is where.
///
/// # Errors
/// `INVALID_FIELD` for `setting` where the file cannot be read. `INTERNAL` where the built-in rows
/// cannot, which a test rules out.
pub(in crate::engine) fn read<T: DeserializeOwned>(
    built_in: &str,
    file: &Path,
    setting: &str,
) -> Result<(Option<T>, T), Failure> {
    let built_in: T =
        toml::from_str(built_in).map_err(|e| Failure::internal(format!("the built-in rows of voices: {e}")))?;
    if file.as_os_str().is_empty() {
        return Ok((None, built_in));
    }
    let wrong = |what: String| Failure::invalid(setting, format!("the file {} {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let own = toml::from_str(&text).map_err(|error| wrong(format!("has rows that cannot be read: {error}")))?;
    Ok((Some(own), built_in))
}

/// The rows of `own`, and those of `built_in` whose id is none of theirs.
pub(in crate::engine) fn merged<T>(own: Vec<T>, built_in: Vec<T>, id: impl Fn(&T) -> &str) -> Vec<T> {
    let known = |row: &T| own.iter().any(|other| id(other) == id(row));
    let rest: Vec<T> = built_in.into_iter().filter(|row| !known(row)).collect();
    own.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Rows {
        ids: Vec<String>,
    }

    #[test]
    fn rows_of_a_file_go_before_the_built_in_ones() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.toml");
        let read = || read::<Rows>("ids = ['a', 'b']", &file, "engines.e.rows_file");
        assert!(read().unwrap_err().message.contains("cannot be read"));
        std::fs::write(&file, "ids = 3").unwrap();
        assert_eq!(read().unwrap_err().field.as_deref(), Some("engines.e.rows_file"));
        std::fs::write(&file, "ids = ['b', 'c']").unwrap();
        let (own, built_in) = read().unwrap();
        let merged = merged(own.unwrap().ids, built_in.ids, |id| id.as_str());
        assert_eq!(merged, ["b", "c", "a"]);
        let (none, _) = super::read::<Rows>("ids = []", Path::new(""), "x").unwrap();
        assert_eq!(none, None);
    }
}
