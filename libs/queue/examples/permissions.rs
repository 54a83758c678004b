//! Writes the users of an installation for the configuration of nats-server, each with exactly what
//! it needs: `cargo run --profile ci -p lectern-queue --example permissions [PREFIX] [DOMAIN]`.
//!
//! Put what proves who it is (`nkey`, `password`, or the name of a certificate) in place of `?`.

use std::io::{self, Write as _};

use lectern_queue::{ConnectOptions, Identity, permissions};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (prefix, domain) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let mut out = io::stdout().lock();
    writeln!(out, "authorization {{\n  users: [")?;
    for identity in Identity::ALL {
        let options =
            ConnectOptions { identity, domain: domain.clone(), ..ConnectOptions::with_prefix(prefix.clone()) };
        writeln!(out, "    # {}\n    {{ nkey: ?, permissions: {{", identity.name())?;
        let may = permissions(&options);
        for (verb, subjects) in [("publish", may.publish), ("subscribe", may.subscribe)] {
            writeln!(out, "      {verb}: {{ allow: [")?;
            for subject in subjects {
                writeln!(out, "        \"{subject}\"")?;
            }
            writeln!(out, "      ] }}")?;
        }
        writeln!(out, "    }} }}")?;
    }
    writeln!(out, "  ]\n}}")
}
