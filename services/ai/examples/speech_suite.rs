//! Says texts: JSON lines of `language` and `text` in, a line with what is `said` of each out. With
//! `--speed LANGUAGE SECONDS` it says the paragraphs that it is given, which empty lines part, over
//! and over on one thread for that long, and prints how many bytes of them a second. For `cargo
//! xtask speech-suite`.

#![allow(clippy::disallowed_methods, reason = "a tool that measures real time")]

use std::hint::black_box;
use std::io::{Error, Read as _, Write as _};
use std::time::{Duration, Instant};

use lectern_ai::speakable::{Emoji, Language, speak};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Question {
    language: String,
    text: String,
}

#[derive(Serialize)]
struct Answer {
    said: String,
}

fn main() -> std::io::Result<()> {
    let mut input = String::new();
    std::io::stdin().lock().read_to_string(&mut input)?;
    let mut out = std::io::stdout().lock();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            for line in input.lines().filter(|line| !line.is_empty()) {
                let question: Question = serde_json::from_str(line)?;
                let said = say(&question.text, named(&question.language)?);
                writeln!(out, "{}", serde_json::to_string(&Answer { said })?)?;
            }
            Ok(())
        }
        ["--speed", language, seconds] => {
            let seconds = seconds.parse::<u64>().map_err(Error::other)?;
            writeln!(out, "{}", bytes_a_second(&input, named(language)?, Duration::from_secs(seconds)))
        }
        _ => Err(Error::other("speech_suite [--speed LANGUAGE SECONDS]")),
    }
}

fn named(tag: &str) -> std::io::Result<Language> {
    Language::of(tag).ok_or_else(|| Error::other(format!("there are no rules for {tag}")))
}

fn say(text: &str, language: Language) -> String {
    speak(text, &[], language, Emoji::Named).text
}

/// How many bytes of the paragraphs are said a second; the first round is not counted.
fn bytes_a_second(prose: &str, language: Language, within: Duration) -> u64 {
    let paragraphs: Vec<&str> = prose.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).collect();
    let round = || {
        let mut bytes = 0_u128;
        for paragraph in &paragraphs {
            black_box(say(black_box(paragraph), language));
            bytes += paragraph.len() as u128;
        }
        bytes
    };
    if round() == 0 {
        return 0;
    }
    let begun = Instant::now();
    let mut bytes = 0;
    while begun.elapsed() < within {
        bytes += round();
    }
    u64::try_from(bytes * 1_000_000 / begun.elapsed().as_micros().max(1)).unwrap_or(u64::MAX)
}
