//! The lectern binary: all services in one process, and the command line client.
