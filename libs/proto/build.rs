//! Compiles the protos without a system protoc and keeps the descriptor set for reflection.

use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script where to write through the environment")]
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let root = PathBuf::from("../../proto");
    println!("cargo::rerun-if-changed=../../proto");
    let files = [
        "lectern/v1/admin.proto",
        "lectern/v1/documents.proto",
        "lectern/v1/errors.proto",
        "lectern/v1/keys.proto",
        "lectern/v1/narrations.proto",
        "lectern/v1/scripts.proto",
        "lectern/v1/voices.proto",
        "lectern/work/v1/stage.proto",
        "lectern/work/v1/work.proto",
        "lectern/ingest/v1/ingest.proto",
        "lectern/ai/v1/ai.proto",
        "lectern/tts/v1/tts.proto",
    ];
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    let descriptors = compiler.file_descriptor_set();
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}
