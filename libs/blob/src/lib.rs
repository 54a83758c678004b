//! The object storage port and its adapters.
