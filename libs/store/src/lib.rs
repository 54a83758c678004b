//! The store port, its adapters, steps, and the reconciler.
