//! Generated protobuf types, gRPC clients and servers, the descriptor set for reflection, and
//! resource names.
//!
//! The protos in `proto/lectern` are the documentation of every message; nothing is documented
//! again here.

pub mod convert;
pub mod names;
mod redact;

pub use tonic_types::pb as rpc;

/// The public API.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("lectern.v1");
}

/// Commands, events, and what every stage serves to the conductor.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod work {
    pub mod v1 {
        tonic::include_proto!("lectern.work.v1");
    }
}

/// What ingest serves to other services.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod ingest {
    pub mod v1 {
        tonic::include_proto!("lectern.ingest.v1");
    }
}

/// Scripts.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod ai {
    pub mod v1 {
        tonic::include_proto!("lectern.ai.v1");
    }
}

/// Speech and recordings.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod tts {
    pub mod v1 {
        tonic::include_proto!("lectern.tts.v1");
    }
}

/// What the gateway serves to the stages.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod gateway {
    pub mod v1 {
        tonic::include_proto!("lectern.gateway.v1");
    }
}

/// What KEDA asks an external scaler (`third_party/keda`).
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    clippy::wildcard_enum_match_arm,
    reason = "generated code"
)]
pub mod externalscaler {
    tonic::include_proto!("externalscaler");
}

/// Lectern's own of the above, encoded as `google.protobuf.FileDescriptorSet`, comments and
/// annotations included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
