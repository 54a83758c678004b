//! The queue port, its topology, its adapters, and the worker loop.
