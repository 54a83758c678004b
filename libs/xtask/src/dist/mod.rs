//! One archive with everything to narrate with: the program, the voice, licences and checksums. The
//! same files make the same archive, byte for byte; that the program itself is the same takes the
//! same toolchain in the same folder.

pub mod licenses;
mod tar;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;
use lectern_core::Digest;
use lectern_testkit::{env, temp_dir};

use crate::{process, repo, voice};
use licenses::Metadata;
use tar::Entry;

/// What is previewed with what was packed.
const FIXTURE: &str = "tests/fixtures/pdf/demo.pdf";
const SUMS: &str = "SHA256SUMS";

/// What is packed, and where it is put.
#[derive(Args)]
pub struct Options {
    /// Packs the program as it was built last.
    #[arg(long)]
    no_build: bool,
    /// The profile of cargo that it is built with.
    #[arg(long, default_value = "release", value_name = "NAME")]
    profile: String,
    /// Where the archive is put; `dist` in cargo's target folder where nothing is said.
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Makes the archive, unpacks it elsewhere, and runs what it has.
pub fn run(options: &Options) -> Result<ExitCode> {
    let voice = voice::prepare()?;
    if !options.no_build {
        process::run(process::cargo().args(["build", "--package", "lectern", "--profile", options.profile.as_str()]))?;
    }
    // The one profile whose folder has another name.
    let folder = if options.profile == "dev" { "debug" } else { options.profile.as_str() };
    let program = repo::target().join(folder).join("lectern");
    if !program.is_file() {
        bail!("{} is not built: leave out --no-build", program.display());
    }
    let target = host()?;
    let metadata = metadata(&target)?;
    let version = metadata.own("lectern")?.version.clone();
    let name = format!("lectern-{version}-{target}");
    let out = options.out.clone().unwrap_or_else(|| repo::target().join("dist"));
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;

    let entries = entries(&name, &program, &voice, &metadata)?;
    let archive = out.join(format!("{name}.tar.gz"));
    compress(&tar::tar(entries, time()?)?, &archive)?;
    write_sums(&out)?;
    check(&archive, &name, &version)?;
    println!("{}", archive.display());
    println!("{}", out.join(SUMS).display());
    Ok(ExitCode::SUCCESS)
}

/// Everything in the archive, under one folder.
fn entries(name: &str, program: &Path, voice: &Path, metadata: &Metadata) -> Result<Vec<Entry>> {
    let apache = read(&repo::path("LICENSE"))?;
    let own = metadata.own("lectern")?;
    let third_parties = metadata.third_parties("lectern")?;
    let licenses = licenses::third_party_licenses(own, &third_parties, &String::from_utf8_lossy(&apache))?;
    let mut files = vec![
        ("bin/lectern".to_owned(), stripped(program)?),
        ("LICENSE".to_owned(), apache),
        ("NOTICE".to_owned(), read(&repo::path("NOTICE"))?),
        ("README.md".to_owned(), read(&repo::path("README.md"))?),
        ("THIRD-PARTY-LICENSES".to_owned(), licenses.into_bytes()),
    ];
    for file in lectern_voice::FILES {
        files.push((format!("voice/{}", file.name), read(&voice.join(file.name))?));
    }
    files.sort();
    let mut sums = String::new();
    for (path, content) in &files {
        sums.push_str(&sum(path, content));
    }
    files.push((SUMS.to_owned(), sums.into_bytes()));
    let entry = |(path, content): (String, Vec<u8>)| Entry {
        program: path.starts_with("bin/"),
        path: format!("{name}/{path}"),
        content,
    };
    Ok(files.into_iter().map(entry).collect())
}

/// A line that `sha256sum --check` reads.
fn sum(path: &str, content: &[u8]) -> String {
    format!("{}  {path}\n", Digest::of(content))
}

/// The checksums of every archive in the folder, beside them.
fn write_sums(out: &Path) -> Result<()> {
    let mut archives: Vec<PathBuf> = fs::read_dir(out)?.flatten().map(|entry| entry.path()).collect();
    archives.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    archives.sort();
    let mut sums = String::new();
    for archive in archives {
        let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sums.push_str(&sum(&name, &read(&archive)?));
    }
    let file = out.join(SUMS);
    fs::write(&file, sums).with_context(|| file.display().to_string())
}

/// The program without what only a debugger reads, which is half of it.
pub fn stripped(program: &Path) -> Result<Vec<u8>> {
    let temp = temp_dir()?;
    let file = temp.path().join("lectern");
    let mut strip = Command::new("strip");
    strip.arg("--strip-debug").arg("-o").arg(&file).arg(program);
    process::output(&mut strip).context("`strip` comes with a C compiler: run `apt-get install binutils` as root")?;
    read(&file)
}

/// Writes it through gzip, without a name and a time of its own: whole or not at all.
fn compress(tar: &[u8], archive: &Path) -> Result<()> {
    let temp = temp_dir()?;
    let file = temp.path().join("archive.tar");
    fs::write(&file, tar).with_context(|| file.display().to_string())?;
    let mut gzip = Command::new("gzip");
    gzip.args(["--no-name", "--stdout"]).arg(&file);
    let partial = archive.with_extension("partial");
    let shown = || partial.display().to_string();
    let output = fs::File::create(&partial).with_context(shown)?;
    let status = gzip.stdout(output).status().context("`gzip` is missing")?;
    if !status.success() {
        bail!("gzip ended with {status}");
    }
    fs::rename(&partial, archive).with_context(shown)
}

/// Unpacks the archive into a folder of its own, holds its files against its sums, and runs the
/// program with an empty environment: it says its version, finds the voice beside it, and previews
/// a document.
fn check(archive: &Path, name: &str, version: &str) -> Result<()> {
    let temp = temp_dir()?;
    process::output(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(temp.path()))?;
    let root = temp.path().join(name);
    let sums = fs::read_to_string(root.join(SUMS))?;
    for line in sums.lines() {
        let path = line.split_once("  ").map(|(_, path)| path).with_context(|| format!("{SUMS} has {line}"))?;
        if sum(path, &read(&root.join(path))?).trim_end() != line {
            bail!("{path} is not what {SUMS} says");
        }
    }
    let run = |arguments: &[&str]| -> Result<String> {
        let mut command = Command::new(root.join("bin/lectern"));
        let output = process::output(command.args(arguments).env_clear().current_dir(temp.path()))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let said = run(&["--version"])?;
    if !said.contains(version) {
        bail!("`lectern --version` of the archive says {said:?}, and the archive is of {version}");
    }
    let found = PathBuf::from(run(&["voice", "path"])?);
    if found.canonicalize().ok() != root.join("voice").canonicalize().ok() {
        bail!("`lectern voice path` of the archive says {}, and the voice lies beside it", found.display());
    }
    let fixture = repo::path(FIXTURE);
    let preview = run(&["preview", "--temporary", &fixture.to_string_lossy()])?;
    if preview.is_empty() {
        bail!("`lectern preview` of the archive says nothing of {FIXTURE}");
    }
    Ok(())
}

/// The platform that programs are built for, as rustc names it.
pub fn host() -> Result<String> {
    let output = process::output(process::cargo().arg("-vV"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).context("cargo does not say its host")?;
    Ok(host.trim().to_owned())
}

pub fn metadata(target: &str) -> Result<Metadata> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", target];
    let output = process::output(process::cargo().args(arguments))?;
    serde_json::from_slice(&output.stdout).context("`cargo metadata`")
}

/// The time of all files: that of `SOURCE_DATE_EPOCH`, or of the last commit, in seconds since
/// 1970.
fn time() -> Result<u64> {
    if let Some(given) = env::value("SOURCE_DATE_EPOCH") {
        return given.parse().context("SOURCE_DATE_EPOCH is a number of seconds");
    }
    let mut git = Command::new("git");
    let output = process::output(git.current_dir(repo::root()).args(["log", "-1", "--format=%ct"]))
        .context("name the time of the archive's files with SOURCE_DATE_EPOCH where there is no git")?;
    String::from_utf8_lossy(&output.stdout).trim().parse().context("`git log` says no time")
}

pub fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| file.display().to_string())
}
