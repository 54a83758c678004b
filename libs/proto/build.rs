//! Compiles the protos without a system protoc and keeps the descriptor set for reflection.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script where to write through the environment")]
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let root = PathBuf::from("../../proto");
    let vendored = PathBuf::from("../../third_party/googleapis");
    println!("cargo::rerun-if-changed=../../proto");
    println!("cargo::rerun-if-changed=../../third_party/googleapis");
    let files = [
        "lectern/v1/admin.proto",
        "lectern/v1/documents.proto",
        "lectern/v1/errors.proto",
        "lectern/v1/keys.proto",
        "lectern/v1/lexicons.proto",
        "lectern/v1/narrations.proto",
        "lectern/v1/scripts.proto",
        "lectern/v1/selections.proto",
        "lectern/v1/tenants.proto",
        "lectern/v1/voices.proto",
        "lectern/v1/writers.proto",
        "lectern/work/v1/stage.proto",
        "lectern/work/v1/work.proto",
        "lectern/ingest/v1/ingest.proto",
        "lectern/ai/v1/ai.proto",
        "lectern/tts/v1/tts.proto",
        "lectern/gateway/v1/gateway.proto",
    ];
    let mut compiler = protox::Compiler::new([&root, &vendored])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    // Encoded by the compiler, which knows the annotations; a decoded set has lost them.
    std::fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .bytes(".")
        .btree_map(".lectern")
        .extern_path(".google.rpc", "::tonic_types::pb")
        // Their debug formats are in `src/redact.rs`, and leave the secrets out.
        .skip_debug([".lectern.v1.CreateKeyResponse", ".lectern.gateway.v1.VerifyKeyRequest"])
        .compile_fds(compiler.file_descriptor_set())?;
    external_scaler()
}

/// KEDA's contract of an external scaler. Apart from the others: reflection tells of Lectern's own.
fn external_scaler() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=../../third_party/keda");
    let mut compiler = protox::Compiler::new(["../../third_party/keda"])?;
    compiler.include_imports(true).include_source_info(false).open_file("externalscaler.proto")?;
    tonic_prost_build::configure().btree_map(".").compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
