//! The integration tests of the ingest service, as one binary.

mod formats;
mod sandbox;
mod view;
