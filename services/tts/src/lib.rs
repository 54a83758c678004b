//! Owns recordings: turns sections into audio and its timeline.
