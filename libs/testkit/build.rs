//! Compiles `google.storage.v2` for the fake of Google Cloud Storage, where that is asked for.

#[cfg(feature = "gcs")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../third_party/googleapis");
    let mut compiler = protox::Compiler::new(["../../third_party/googleapis"])?;
    compiler.include_imports(true).include_source_info(false).open_file("google/storage/v2/storage.proto")?;
    tonic_prost_build::configure()
        .build_client(false)
        .bytes(".")
        .extern_path(".google.rpc", "::tonic_types::pb")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

#[cfg(not(feature = "gcs"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
