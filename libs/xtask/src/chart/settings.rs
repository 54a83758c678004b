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

/// Where a pod has what lies beside its settings.
const BESIDE: &str = "/etc/lectern/config";

/// Whether a key of a `ConfigMap` is no settings: rows of models, or of the voices of an engine.
fn is_beside(name: &str) -> bool {
    name == "models.toml" || name.starts_with("rows-")
}

/// The ConfigMaps with settings: the service, and its file.
pub fn files(object: Object<'_>) -> Vec<(String, String)> {
    if object.kind() != "ConfigMap" {
        return Vec::new();
    }
    let Some(data) = at(object.value, "/data").as_object() else { return Vec::new() };
    let files = data.iter().filter(|(name, _)| !is_beside(name)).filter_map(|(name, text)| {
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
        let text = beside(object, &text, scratch)?;
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

/// Settings that name what lies beside them where it can be read here.
fn beside(object: Object<'_>, text: &str, scratch: &Path) -> Result<String> {
    let mut text = text.to_owned();
    let data = at(object.value, "/data").as_object();
    for (name, rows) in data.into_iter().flatten().filter(|(name, _)| is_beside(name)) {
        let file = scratch.join(name);
        fs::write(&file, rows.as_str().unwrap_or_default()).with_context(|| file.display().to_string())?;
        text = text.replace(&format!("{BESIDE}/{name}"), &file.display().to_string());
    }
    Ok(text)
}
