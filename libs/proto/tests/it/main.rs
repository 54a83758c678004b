//! What callers are told beside the protos says the same as the protos: the page on the API, and
//! the service config of its clients. And the protos keep to their own rules.

#![allow(clippy::expect_used, reason = "a test's helpers may panic")]

mod annotations;
mod page;
mod reasons;
mod retries;
mod shape;

use std::collections::BTreeSet;
use std::path::PathBuf;

use lectern_proto::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// The package of the public API.
const PUBLIC: &str = "lectern.v1";

/// A file under `docs`.
fn document(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Our files, without those that they import of others.
fn ours() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the build wrote it");
    set.file.into_iter().filter(|file| file.package().starts_with("lectern.")).collect()
}

/// The files of the public API.
fn public() -> Vec<FileDescriptorProto> {
    ours().into_iter().filter(|file| file.package() == PUBLIC).collect()
}

/// Every method of the public API: its service with the package, and its name.
fn methods() -> BTreeSet<(String, String)> {
    let mut methods = BTreeSet::new();
    for service in public().iter().flat_map(|file| &file.service) {
        let whole = format!("{PUBLIC}.{}", service.name());
        methods.extend(service.method.iter().map(|method| (whole.clone(), method.name().to_owned())));
    }
    methods
}
