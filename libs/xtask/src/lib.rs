//! The contributor's one tool: cargo xtask.
