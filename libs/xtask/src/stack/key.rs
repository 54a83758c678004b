//! The stack's one API key: made once, by the command that an operator uses, and kept beside the
//! data that know it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lectern_testkit::Program;

use super::files;
use crate::process;

/// The tenant that the key is for.
pub const TENANT: &str = "stack";
/// The variable in which `lectern` looks for a key.
const KEY: &str = "LECTERN_KEY";
/// The exit status of `lectern` when the server does not know the key.
const WRONG_KEY: i32 = 77;
/// How often, and how long apart, a gateway is asked that has only just begun to listen.
const TRIES: u32 = 40;
const APART: Duration = Duration::from_millis(250);

/// The gateway, and the `lectern` by which it is asked.
pub struct Gateway<'a> {
    pub lectern: &'a Path,
    pub url: &'a str,
    pub admin_key: &'a str,
}

impl Gateway<'_> {
    /// Makes sure that `file` has a key that the gateway knows; says so where it made one.
    pub fn ensure_key(&self, file: &Path) -> Result<Option<&'static str>> {
        let kept = fs::read_to_string(file).ok().map(|text| text.trim().to_owned()).filter(|key| !key.is_empty());
        let made = match kept {
            Some(key) if self.knows(&key)? => return Ok(None),
            Some(_) => "the gateway does not know the API key that was kept: another was made",
            None => "an API key was made",
        };
        files::keep(file, &self.create()?)?;
        Ok(Some(made))
    }

    fn knows(&self, key: &str) -> Result<bool> {
        let output = self.ask(key, &["quota"])?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(WRONG_KEY) => Ok(false),
            Some(_) | None => {
                bail!("the gateway does not say whether it knows the API key that was kept: {}", said(&output))
            }
        }
    }

    /// Makes a key for the tenant; the key is the last line of what the command prints.
    fn create(&self) -> Result<String> {
        let output =
            self.ask(self.admin_key, &["keys", "create", "--tenant", TENANT, "--name", "cargo xtask stack"])?;
        if !output.status.success() {
            bail!("the gateway made no API key: {}", said(&output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().last().map(|line| line.trim().to_owned()).context("`lectern keys create` printed no key")
    }

    /// Runs a command of `lectern` against the gateway, in an environment of its own; again while a
    /// gateway that has only just begun to listen cannot do it.
    fn ask(&self, key: &str, arguments: &[&str]) -> Result<Output> {
        let mut run = Program::at(self.lectern, Path::new("/")).env(KEY, key);
        for argument in arguments.iter().chain(&["--server", self.url]) {
            run = run.arg(*argument);
        }
        let once = || {
            let mut command: Command = run.command();
            command.stdin(Stdio::null()).output().with_context(|| self.lectern.display().to_string())
        };
        let mut output = once()?;
        for _ in 0..TRIES {
            if output.status.success() || output.status.code() == Some(WRONG_KEY) {
                break;
            }
            thread::sleep(APART);
            output = once()?;
        }
        Ok(output)
    }
}

fn said(output: &Output) -> String {
    format!("{} ({})", process::said(output).trim(), output.status)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use lectern_testkit::temp_dir;

    use super::*;

    /// Knows the key `lk_made` alone, which it makes for the administrator; each call is noted.
    const LECTERN: &str = r#"#!/bin/sh
echo "$1" >> "$(dirname "$0")/calls"
case "$1 $LECTERN_KEY" in
    "quota lk_made") exit 0 ;;
    "keys admin") echo "keys/1  tenants/stack"; echo lk_made ;;
    *) echo "lectern: the key is unknown [KEY_INVALID]" >&2; exit 77 ;;
esac
"#;

    #[test]
    fn one_key_is_made_and_kept_until_the_gateway_does_not_know_it() {
        let dir = temp_dir().unwrap();
        let lectern = dir.path().join("lectern");
        fs::write(&lectern, LECTERN).unwrap();
        fs::set_permissions(&lectern, fs::Permissions::from_mode(0o755)).unwrap();
        let gateway = Gateway { lectern: &lectern, url: "http://127.0.0.1:1", admin_key: "admin" };
        let file = dir.path().join("api-key");
        let calls = || fs::read_to_string(dir.path().join("calls")).unwrap().replace('\n', " ");

        assert_eq!(gateway.ensure_key(&file).unwrap(), Some("an API key was made"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "lk_made");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(gateway.ensure_key(&file).unwrap(), None);
        assert_eq!(calls(), "keys quota ");

        fs::write(&file, "lk_of_data_that_are_gone").unwrap();
        assert!(gateway.ensure_key(&file).unwrap().unwrap().contains("does not know"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "lk_made");

        let stranger = Gateway { admin_key: "nobody", ..gateway };
        fs::remove_file(&file).unwrap();
        let refused = stranger.ensure_key(&file).unwrap_err().to_string();
        assert!(refused.contains("KEY_INVALID"), "{refused}");
        assert!(!file.exists());
    }
}
