//! TLS of Google's crates.

use std::sync::Once;

/// Makes ring the process's TLS, as it is everywhere in Lectern, unless the process has one
/// already. Google's clients take whatever the process has, and end it by a panic when that is
/// nothing, so whoever makes one calls this before.
pub fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that the process has one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
