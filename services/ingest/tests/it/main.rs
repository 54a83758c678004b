//! The integration tests of the ingest service, as one binary.

mod debian_pdfs;
mod formats;
mod pdf;
mod sandbox;
mod view;
