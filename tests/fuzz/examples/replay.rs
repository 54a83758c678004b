//! `cargo run --profile ci -p lectern-fuzz --example replay TARGET FILE...`: runs a target on
//! files, one after the other, and says how long each took.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool that is run by hand")]

fn main() {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().unwrap_or_default();
    for file in arguments {
        match std::fs::read(&file) {
            Ok(bytes) => {
                let start = std::time::Instant::now();
                lectern_fuzz::run(&target, &bytes);
                println!("{:8.3} s  {file}", start.elapsed().as_secs_f64());
            }
            Err(error) => println!("{file}: {error}"),
        }
    }
}
