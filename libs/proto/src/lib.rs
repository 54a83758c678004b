//! Generated protobuf types, gRPC clients and servers, the descriptor set, and resource names.
