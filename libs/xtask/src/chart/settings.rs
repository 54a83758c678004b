//! Rendered settings, read by the programs that they are for.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::objects::{Object, at};
use crate::{process, repo};

/// What comes from a Secret, and no service takes its settings without: of 32 bytes, as it must be
/// at least.
const SECRET: (&str, &str) = ("LECTERN_SECRET", "0123456789abcdef0123456789abcdef");

/// The ConfigMaps with settings: the service, and its file.
pub fn files(object: Object<'_>) -> Vec<(String, String)> {
    if object.kind() != "ConfigMap" {
        return Vec::new();
    }
    let Some(data) = at(object.value, "/data").as_object() else { return Vec::new() };
    let files = data.iter().filter_map(|(name, text)| {
        let service = name.strip_suffix(".toml")?;
        let service = if service == "lectern" { object.component() } else { service };
        Some((service.to_owned(), text.as_str()?.to_owned()))
    });
    files.collect()
}

/// What a program refuses of its settings, as a line. A service checks them as it does at its
/// start; `lectern` reads them.
///
/// # Errors
///
/// Where a program is not built.
pub fn refused(object: Object<'_>, scratch: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (service, text) in files(object) {
        let single = service == "single";
        let name = if single { "lectern".to_owned() } else { format!("lectern-{service}") };
        let program = repo::bin_dir().join(&name);
        if !program.is_file() {
            bail!("{} is not there: build it by `cargo build --profile ci --workspace --bins`", program.display());
        }
        let file = scratch.join("lectern.toml");
        fs::write(&file, &text).with_context(|| file.display().to_string())?;
        let mut command = Command::new(program);
        command.arg("--config").arg(&file).arg(if single { "--print-config" } else { "check-config" });
        if !single {
            command.env(SECRET.0, SECRET.1);
        }
        if let Err(error) = process::output(&mut command) {
            problems.push(format!("{}: {name} refuses the settings of {}: {error:#}", object.set, object.name()));
        }
    }
    Ok(problems)
}
