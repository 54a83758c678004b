//! Files with chapters, read back by a program of other hands where it is installed.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lectern_core::OutputFormat;

use super::{Mark, Spec, available, encoder};
use crate::outputs::cover::cover;

const RATE: u32 = 24_000;

fn spec(chapters: &[(&str, u64)]) -> Spec {
    let mut at = 0;
    let mark = |(title, length): &(&str, u64)| {
        let start = at;
        at += length;
        Mark { title: (*title).to_owned(), start, end: at }
    };
    Spec {
        authors: vec!["Ann".to_owned()],
        chapters: chapters.iter().map(mark).collect(),
        cover: Some(Arc::from(cover("Über Wasser", &[], &[1, 2]).unwrap())),
        ..Spec::plain(RATE, "Über Wasser")
    }
}

/// Writes a tone of this length.
fn write(format: OutputFormat, path: &Path, spec: &Spec, samples: u64) {
    let file = std::fs::File::create(path).unwrap();
    let mut encoder = encoder(format, file, spec).unwrap();
    let tone: Vec<i16> = (0..samples).map(|at| ((at as f64 * 0.06).sin() * 9_000.0) as i16).collect();
    tone.chunks(4_096).for_each(|chunk| encoder.write(chunk).unwrap());
    encoder.finish().unwrap();
}

/// What ffprobe says of a file; none where it is not installed.
fn probed(path: &Path) -> Option<serde_json::Value> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_chapters", "-show_format", "-show_streams", "-of", "json"])
        .arg(path)
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// How many samples a file is when it is decoded.
fn decoded(path: &Path) -> usize {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:a", "-ar", "24000", "-f", "s16le", "-"])
        .output()
        .unwrap();
    output.stdout.len() / 2
}

#[test]
fn chapters_title_and_cover_are_read_back_from_every_format_that_has_them() {
    let spec = spec(&[("Eins", 60_000), ("Größe & mehr", 70_000), ("Drei …", 62_333)]);
    let folder = tempfile::tempdir().unwrap();
    for format in [OutputFormat::Opus, OutputFormat::Mp3, OutputFormat::M4b] {
        if let Err(refusal) = available(format) {
            assert!(refusal.message.contains("package `ffmpeg`"), "{refusal}");
            continue;
        }
        let path = folder.path().join(format.file_name());
        write(format, &path, &spec, 192_333);
        let Some(said) = probed(&path) else { continue };
        let chapters = said["chapters"].as_array().unwrap();
        let titles: Vec<&str> = chapters.iter().map(|one| one["tags"]["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Eins", "Größe & mehr", "Drei …"], "{format}");
        let seconds = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap();
        let starts: Vec<f64> = chapters.iter().map(|one| seconds(&one["start_time"])).collect();
        for (start, expected) in starts.iter().zip([0.0, 2.5, 5.416_666]) {
            assert!((start - expected).abs() < 0.001_1, "{format}: {starts:?}");
        }
        let length = seconds(&said["format"]["duration"]);
        assert!((length - 8.013_875).abs() < 0.06, "{format}: {length} s");
        let pictures = said["streams"].as_array().unwrap().iter().filter(|one| one["codec_type"] == "video").count();
        assert_eq!(pictures, usize::from(format != OutputFormat::Opus), "{format}: the cover");
        let title = [
            &said["format"]["tags"]["title"],
            &said["streams"][0]["tags"]["TITLE"],
            &said["streams"][0]["tags"]["title"],
        ];
        assert!(title.iter().any(|title| title.as_str() == Some("Über Wasser")), "{format}: {title:?}");
    }
}

#[test]
fn an_mp3_is_as_long_as_what_was_encoded_to_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    if available(OutputFormat::Mp3).is_err() {
        return;
    }
    // ffmpeg hears its own delay of 529 samples too where there is less than that.
    let asked = [700_usize, 24_000, 120_777];
    let read = asked.map(|samples| {
        let path = folder.path().join("audio.mp3");
        write(OutputFormat::Mp3, &path, &spec(&[("All", samples as u64)]), samples as u64);
        decoded(&path)
    });
    assert_eq!(read, asked);
}

#[test]
fn an_audiobook_of_many_chapters_has_all_of_them() {
    if available(OutputFormat::M4b).is_err() {
        return;
    }
    let names: Vec<String> = (1..=300).map(|number| format!("Chapter {number}")).collect();
    let chapters: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 2_400)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audio.m4b");
    write(OutputFormat::M4b, &path, &spec(&chapters), 300 * 2_400);
    let Some(said) = probed(&path) else { return };
    let found = said["chapters"].as_array().unwrap();
    assert_eq!(found.len(), 300);
    let last = found[299]["start_time"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((last - 29.9).abs() < 0.001, "no drift at the end: {last}");
}
