//! gRPC server and client plumbing: status details, deadlines, authentication, limits, TLS.
