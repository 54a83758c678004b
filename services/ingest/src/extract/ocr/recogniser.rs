//! Draws pages and has them recognised, a process at a time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lectern_core::content::document::Content;
use lectern_core::{Failure, Kind, Reason};

use super::super::archive::{damaged_because, too_complex};
use super::super::assembly::{Assembly, Meta};
use super::super::child::{Run, Sandbox, Source};
use super::words::paragraphs;

/// Dots an inch of a drawn page: what tesseract's own guide asks for ("Improving the quality of the
/// output", Rescaling).
const RESOLUTION: &str = "300";

/// Grows with every change that lets the same table of words come out otherwise.
const VERSION: u32 = 1;

/// The Debian packages of the programs.
pub(super) const TESSERACT_PACKAGE: &str = "tesseract-ocr";
pub(super) const POPPLER_PACKAGE: &str = "poppler-utils";

/// Which programs, and how long they may take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program `tesseract`.
    pub tesseract: PathBuf,
    /// The program `pdftoppm`; `pdfinfo` is beside it.
    pub pdftoppm: PathBuf,
    /// The languages that text may be in, as tesseract names them (`eng+deu`).
    pub languages: String,
    /// For all pages of one source.
    pub wall: Duration,
}

/// Recognises text in pictures.
#[derive(Debug, Clone)]
pub struct Recogniser {
    settings: Settings,
    /// The first line of what `tesseract --version` says, or none where it is not installed.
    tesseract: Option<String>,
    /// The same of `pdftoppm -v`.
    pdftoppm: Option<String>,
}

impl Recogniser {
    /// Looks which programs are there.
    pub async fn find(settings: Settings) -> Self {
        let tesseract = version(&settings.tesseract, "--version").await;
        let pdftoppm = version(&settings.pdftoppm, "-v").await;
        Self { settings, tesseract, pdftoppm }
    }

    /// What a content depends on beside the extractor: the programs' versions and the languages.
    /// Programs that are not there make no content, so nothing depends on them.
    #[must_use]
    pub fn pin(&self) -> String {
        let program = |name: &Option<String>| name.as_deref().unwrap_or("none").replace([' ', '/'], "-");
        format!(
            "ocr/{VERSION}+{}+{}+{}",
            program(&self.tesseract),
            program(&self.pdftoppm),
            self.settings.languages.replace('+', ".")
        )
    }

    /// Reads a source of pictures: a PDF page by page, anything else as one picture.
    ///
    /// # Errors
    /// `OCR_NOT_INSTALLED` naming the package that is missing, `NO_TEXT_LAYER` where no words are
    /// found, `DOCUMENT_TOO_COMPLEX` past a limit, `DOCUMENT_DAMAGED` where a program cannot read
    /// the source.
    pub async fn read(&self, sandbox: &Sandbox, source: &Source, is_pdf: bool) -> Result<Content, Failure> {
        if self.tesseract.is_none() {
            return Err(missing(TESSERACT_PACKAGE));
        }
        if is_pdf && self.pdftoppm.is_none() {
            return Err(missing(POPPLER_PACKAGE));
        }
        let all = async { if is_pdf { self.pdf(sandbox, source).await } else { self.picture(sandbox, source).await } };
        let Ok(assembly) = tokio::time::timeout(self.settings.wall, all).await else {
            return Err(self.too_long());
        };
        let mut assembly = assembly?;
        if assembly.drafts.is_empty() {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::NoTextLayer,
                "the source is pictures, and no words were found in them; send a sharper copy, or one with text",
            ));
        }
        assembly.warn("RECOGNISED_TEXT", self.said());
        assembly.finish(if is_pdf { "application/pdf" } else { "image/*" }, &self.pin())
    }

    async fn picture(&self, sandbox: &Sandbox, source: &Source) -> Result<Assembly, Failure> {
        let table = self.recognise(sandbox, source).await?;
        Ok(Assembly { drafts: paragraphs(&table, 1), ..Assembly::default() })
    }

    async fn pdf(&self, sandbox: &Sandbox, source: &Source) -> Result<Assembly, Failure> {
        let about = self.settings.pdftoppm.with_file_name("pdfinfo");
        let about = sandbox.run(Run::new(&about, ["-"]), source).await?;
        let about = String::from_utf8_lossy(&about).into_owned();
        let field =
            |name: &str| about.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
        let pages = field("Pages:").and_then(|pages| pages.parse::<u32>().ok());
        let pages = pages.ok_or_else(|| damaged_because("its pages cannot be counted"))?;
        let meta = Meta {
            title: field("Title:"),
            authors: field("Author:").into_iter().filter(|author| !author.is_empty()).collect(),
            pages: Some(pages),
            ..Meta::default()
        };
        let mut assembly = Assembly { meta, ..Assembly::default() };
        for page in 1..=pages {
            let table = self.page(sandbox, source, page).await?;
            assembly.drafts.extend(paragraphs(&table, page));
        }
        Ok(assembly)
    }

    /// The words on one page of a PDF, as tesseract's table.
    pub(super) async fn page(&self, sandbox: &Sandbox, source: &Source, page: u32) -> Result<String, Failure> {
        let number = page.to_string();
        let draw = Run::new(
            &self.settings.pdftoppm,
            ["-r", RESOLUTION, "-gray", "-f", number.as_str(), "-l", number.as_str(), "-"],
        );
        let picture = sandbox.run(draw, source).await?;
        self.recognise(sandbox, &Source::Bytes(picture)).await
    }

    pub(super) const fn has_tesseract(&self) -> bool {
        self.tesseract.is_some()
    }

    pub(super) const fn has_pdftoppm(&self) -> bool {
        self.pdftoppm.is_some()
    }

    pub(super) const fn wall(&self) -> Duration {
        self.settings.wall
    }

    /// What a listener is told of recognised text.
    pub(super) fn said(&self) -> String {
        let tesseract = self.tesseract.as_deref().unwrap_or_default();
        format!("the text was recognised from pictures by {tesseract} ({})", self.settings.languages)
    }

    pub(super) fn too_long(&self) -> Failure {
        too_complex(format!(
            "recognising the text takes more than {} seconds; split the document",
            self.settings.wall.as_secs()
        ))
    }

    async fn recognise(&self, sandbox: &Sandbox, picture: &Source) -> Result<String, Failure> {
        let run = Run::new(
            &self.settings.tesseract,
            ["stdin", "stdout", "-l", &self.settings.languages, "--psm", "3", "tsv"],
        );
        Ok(String::from_utf8_lossy(&sandbox.run(run, picture).await?).into_owned())
    }
}

fn missing(package: &str) -> Failure {
    Failure::new(
        Kind::FailedPrecondition,
        Reason::OcrNotInstalled,
        format!(
            "the source is pictures, and the program that reads them is not installed; the operator installs the Debian package \
             {package}"
        ),
    )
}

/// What a program says of its version, or none where it cannot be started.
async fn version(program: &Path, argument: &str) -> Option<String> {
    let said = tokio::process::Command::new(program).arg(argument).env_clear().output().await.ok()?;
    let said = if said.stdout.is_empty() { said.stderr } else { said.stdout };
    let first = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned();
    (!first.is_empty()).then_some(first)
}
