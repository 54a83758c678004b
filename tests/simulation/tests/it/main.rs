//! The simulator's own tests: a few seeds of all, and that they replay. `cargo xtask simulate` runs
//! the many.

mod replay;
