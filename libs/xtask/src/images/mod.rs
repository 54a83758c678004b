//! The images of the services and of `lectern`: built twice from the programs that were built last,
//! so that it is seen whether the same files make the same image, and then run under every
//! restriction that a cluster may ask for, as the chart deploys them, and as the compose file does.
//! No registry is needed: what stands for the base image is made here from Debian's packages, and
//! what stands for the servers of the compose file from the programs that tests run.

mod base;
mod compile;
mod compose;
mod composed;
mod deployed;
mod documents;
mod engine;
mod layout;
mod sbom;
mod tried;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::Args;

use crate::dist::{self, licenses::Metadata};
use crate::{process, programs, repo, tools, voice};
use engine::Engine;

/// The one file that all images are built by.
const DOCKERFILE: &str = "deploy/docker/Dockerfile";

/// What is built, and what is only looked at.
#[derive(Args)]
pub struct Options {
    /// Only reads the Dockerfile and the compose file, and builds and runs nothing.
    #[arg(long, conflicts_with_all = ["compile", "documents"])]
    check: bool,
    /// Also compiles, by the Dockerfile, with the toolchain of this machine: by hand, the better
    /// part of an hour.
    #[arg(long)]
    compile: bool,
    /// Packs the programs as they were built last.
    #[arg(long)]
    no_build: bool,
    /// Leaves the images in target/images, for what runs them afterwards.
    #[arg(long)]
    keep: bool,
    /// Only writes what goes into the images beside the programs, licences and a bill of materials,
    /// into a folder for each image here. The Dockerfile calls it.
    #[arg(long, value_name = "DIR")]
    documents: Option<PathBuf>,
}

/// An image.
#[derive(Clone, Copy)]
pub struct Image {
    /// The target of the Dockerfile, and the last part of its name.
    pub target: &'static str,
    /// Its program, which is called as the package that it is built from.
    pub program: &'static str,
    /// Whether the voice is in it.
    pub speaks: bool,
}

impl Image {
    /// Its name in the local storage.
    pub fn tag(&self, version: &str) -> String {
        format!("localhost/lectern/{}:{version}", self.target)
    }
}

/// The one with everything in one process, the client, and the test of a deployment.
pub const LECTERN: Image = Image { target: "lectern", program: "lectern", speaks: true };

/// All images.
pub static IMAGES: [Image; 5] = [
    Image { target: "gateway", program: "lectern-gateway", speaks: false },
    Image { target: "ingest", program: "lectern-ingest", speaks: false },
    Image { target: "ai", program: "lectern-ai", speaks: false },
    Image { target: "tts", program: "lectern-tts", speaks: true },
    LECTERN,
];

/// Does what the options say.
pub fn run(options: &Options) -> Result<ExitCode> {
    if let Some(folder) = &options.documents {
        let metadata = dist::metadata(&dist::host()?)?;
        IMAGES.iter().try_for_each(|image| documents::write(&metadata, image, &folder.join(image.target)))?;
        return Ok(ExitCode::SUCCESS);
    }
    lint()?;
    let compose = compose::check()?;
    if options.check {
        return Ok(ExitCode::SUCCESS);
    }
    if !options.no_build {
        programs::build_some(&IMAGES.map(|image| image.program))?;
    }
    compose::settings_are_known(&compose)?;
    let voice = voice::prepare()?;
    let metadata = dist::metadata(&dist::host()?)?;
    let engine = Engine::open(options.keep)?;
    let version = metadata.own("lectern")?.version.clone();
    let build = Build { engine: &engine, metadata: &metadata, version: &version, revision: &revision() };
    let done = all(&build, options.compile, &voice, &compose);
    // Also where something failed: a container that runs is in everybody's way.
    let closed = engine.close();
    done.and(closed).map(|()| ExitCode::SUCCESS)
}

/// Builds all images, and tries them.
fn all(build: &Build<'_>, compile: bool, voice: &Path, compose: &compose::Compose) -> Result<()> {
    base::make(build.engine)?;
    if compile {
        compile::all(build)?;
    }
    IMAGES.iter().try_for_each(|image| build.twice(image, voice))?;
    tried::all(build.engine, build.version)?;
    deployed::all(build.engine, build.version)?;
    composed::all(build.engine, build.version, compose)
}

/// What all builds have in common.
pub struct Build<'a> {
    pub engine: &'a Engine,
    pub metadata: &'a Metadata,
    pub version: &'a str,
    pub revision: &'a str,
}

impl Build<'_> {
    /// Builds an image from what was built, twice from files of other times, and demands the same.
    fn twice(&self, image: &Image, voice: &Path) -> Result<()> {
        let context = self.engine.empty_folder(image.target)?;
        layout::fill(&context, image, voice, self.metadata)?;
        let first = self.build_from("prebuilt", image, &context)?;
        process::output(Command::new("find").arg(&context).args(["-exec", "touch", "{}", "+"]))?;
        let second = self.build_from("prebuilt", image, &context)?;
        if first != second {
            bail!("{} built twice is {first} and {second}: something in it is of its own time or order", image.target);
        }
        println!("{:<8} {first}", image.target);
        process::remove_dir(&context)
    }

    /// Builds an image with what comes from a stage of the Dockerfile; the digest of its
    /// configuration, which names all of its layers.
    pub fn build_from(&self, stage: &str, image: &Image, context: &Path) -> Result<String> {
        let arguments = [("BINARIES", stage), ("VERSION", self.version), ("REVISION", self.revision)]
            .map(|(name, value)| format!("{name}={value}"));
        self.engine.build(&repo::path(DOCKERFILE), context, image.target, &image.tag(self.version), &arguments)
    }
}

/// Reads the Dockerfile as hadolint does.
fn lint() -> Result<()> {
    let mut hadolint = Command::new(tools::ensure("hadolint")?);
    process::output(hadolint.arg("--no-color").arg(repo::path(DOCKERFILE))).map(drop)
}

/// The commit, where there is one.
fn revision() -> String {
    let mut git = Command::new("git");
    let said = process::output(git.current_dir(repo::root()).args(["rev-parse", "HEAD"]));
    said.map_or_else(|_| "unknown".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
