//! The integration tests of the ingest service, as one binary.

mod debian_pdfs;
mod documents;
mod formats;
mod hostile;
mod import;
mod kinds;
mod library;
mod ocr;
mod pack;
mod pdf;
mod pdf_blocks;
mod pdf_content;
mod pdf_tagged;
mod robust;
mod sandbox;
mod truth;
mod view;
