//! Generated protobuf types, gRPC clients and servers, the descriptor set for reflection, and resource names.
//!
//! The protos in `proto/lectern` are the documentation of every message; nothing is documented again here.

#![allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated code")]
#![allow(clippy::large_futures, clippy::wildcard_enum_match_arm, clippy::unwrap_used, reason = "generated code")]

pub mod names;

/// The public API.
pub mod v1 {
    tonic::include_proto!("lectern.v1");
}

/// Commands, events, and what every stage serves to the conductor.
pub mod work {
    pub mod v1 {
        tonic::include_proto!("lectern.work.v1");
    }
}

/// What ingest serves to other services.
pub mod ingest {
    pub mod v1 {
        tonic::include_proto!("lectern.ingest.v1");
    }
}

/// Scripts.
pub mod ai {
    pub mod v1 {
        tonic::include_proto!("lectern.ai.v1");
    }
}

/// Speech and recordings.
pub mod tts {
    pub mod v1 {
        tonic::include_proto!("lectern.tts.v1");
    }
}

/// All of the above, encoded as `google.protobuf.FileDescriptorSet`, comments included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
