//! The archive around an EPUB (EPUB 3.3, section 4, Open Container Format): a ZIP whose first file
//! says what it is, as it stands and without anything beside it.

use std::io::{self, Read, Seek, Write};

use lectern_core::Failure;
use lectern_stage::work::no_room;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// What the archive says that it is.
const MEDIA_TYPE: &str = "application/epub+zip";

/// An EPUB under way.
pub(super) struct Archive<W: Write + Seek> {
    zip: ZipWriter<W>,
}

fn failed(error: ZipError) -> Failure {
    let said = error.to_string();
    if let ZipError::Io(error) = error {
        return no_room(&error);
    }
    Failure::internal(format!("the EPUB cannot be packed: {said}"))
}

fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method).last_modified_time(DateTime::default())
}

impl<W: Write + Seek> Archive<W> {
    /// An archive with its first file.
    pub(super) fn new(output: W) -> Result<Self, Failure> {
        let mut archive = Self { zip: ZipWriter::new(output) };
        archive.stored("mimetype", MEDIA_TYPE.as_bytes())?;
        Ok(archive)
    }

    /// A file that is packed.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        self.zip.start_file(name, options(CompressionMethod::Deflated)).map_err(failed)?;
        self.zip.write_all(text.as_bytes()).map_err(|error| no_room(&error))
    }

    /// A file that is packed already, or is to stand as it is.
    pub(super) fn stored(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.copied(name, bytes)
    }

    /// A file that is packed already, from where it can be read.
    pub(super) fn copied(&mut self, name: &str, mut from: impl Read) -> Result<(), Failure> {
        self.zip.start_file(name, options(CompressionMethod::Stored)).map_err(failed)?;
        io::copy(&mut from, &mut self.zip).map(drop).map_err(|error| no_room(&error))
    }

    /// Writes the list of all files.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let mut output = self.zip.finish().map_err(failed)?;
        output.flush().map_err(|error| no_room(&error))
    }
}
