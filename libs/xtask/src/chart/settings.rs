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

/// The rows of models that lie beside the settings: the key of the `ConfigMap`, and where a pod has
/// them.
const MODELS: (&str, &str) = ("models.toml", "/etc/lectern/config/models.toml");

/// The ConfigMaps with settings: the service, and its file.
pub fn files(object: Object<'_>) -> Vec<(String, String)> {
    if object.kind() != "ConfigMap" {
        return Vec::new();
    }
    let Some(data) = at(object.value, "/data").as_object() else { return Vec::new() };
    let files = data.iter().filter(|(name, _)| *name != MODELS.0).filter_map(|(name, text)| {
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
        let text = beside_models(object, &text, scratch)?;
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

/// Settings that name the rows of models where they can be read here.
fn beside_models(object: Object<'_>, text: &str, scratch: &Path) -> Result<String> {
    let rows = at(object.value, "/data").get(MODELS.0).and_then(serde_json::Value::as_str);
    let Some(rows) = rows else { return Ok(text.to_owned()) };
    let file = scratch.join(MODELS.0);
    fs::write(&file, rows).with_context(|| file.display().to_string())?;
    Ok(text.replace(MODELS.1, &file.display().to_string()))
}
