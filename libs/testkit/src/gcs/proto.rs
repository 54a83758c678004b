//! What `build.rs` generates of `google.storage.v2` and what it imports.

#![allow(missing_docs, clippy::all, clippy::pedantic, dead_code, reason = "generated")]

pub(super) mod google {
    pub mod iam {
        pub mod v1 {
            tonic::include_proto!("google.iam.v1");
        }
    }
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
    pub mod storage {
        pub mod v2 {
            tonic::include_proto!("google.storage.v2");
        }
    }
}

pub(super) use google::iam;
pub(super) use google::storage::v2;
