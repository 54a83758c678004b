//! A file of Opus for each chapter: the audio of an EPUB, whose pages each have their own, so that
//! a reading system loads what is heard and no more.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use lectern_core::Failure;
use lectern_stage::work::no_room;

use super::opus::Opus;
use super::{Encoder, Spec};

/// The name of the file of the chapter with this number, from 0.
#[must_use]
pub fn file_name(number: usize) -> String {
    format!("s{:04}.opus", number.saturating_add(1))
}

pub(super) struct Parts {
    folder: PathBuf,
    spec: Spec,
    // The chapter that is next.
    next: usize,
    at: u64,
    current: Option<Current>,
}

/// A chapter under way.
struct Current {
    file: Box<Opus<BufWriter<File>>>,
    end: u64,
}

impl Parts {
    pub(super) fn new(folder: &Path, spec: &Spec) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| no_room(&error))?;
        Ok(Self { folder: folder.to_owned(), spec: spec.clone(), next: 0, at: 0, current: None })
    }

    /// The chapter that the next sample belongs to. One without samples has no file.
    fn current(&mut self) -> Result<Current, Failure> {
        if let Some(current) = self.current.take() {
            return Ok(current);
        }
        while let Some(mark) = self.spec.chapters.get(self.next) {
            let number = self.next;
            self.next += 1;
            if mark.end <= self.at {
                continue;
            }
            let file = File::create(self.folder.join(file_name(number))).map_err(|error| no_room(&error))?;
            let spec = Spec { authors: self.spec.authors.clone(), ..Spec::plain(self.spec.sample_rate, &mark.title) };
            let end = mark.end;
            return Ok(Current { file: Box::new(Opus::new(BufWriter::new(file), &spec)?), end });
        }
        Err(Failure::internal("a recording has samples behind its last chapter"))
    }
}

impl Encoder for Parts {
    fn write(&mut self, mut samples: &[i16]) -> Result<(), Failure> {
        while !samples.is_empty() {
            let mut current = self.current()?;
            let left = usize::try_from(current.end - self.at).unwrap_or(usize::MAX);
            let (now, later) = samples.split_at(samples.len().min(left));
            current.file.write(now)?;
            self.at += now.len() as u64;
            samples = later;
            if self.at < current.end {
                self.current = Some(current);
            } else {
                current.file.finish()?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        match self.current {
            Some(current) => current.file.finish(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ogg::PacketReader;

    use super::super::Mark;
    use super::*;

    /// The samples at 24 kHz that a file says it has.
    fn samples(path: &Path) -> u64 {
        let mut reader = PacketReader::new(File::open(path).unwrap());
        let head = reader.read_packet().unwrap().unwrap();
        let pre_skip = u64::from(u16::from_le_bytes([head.data[10], head.data[11]]));
        let mut end = 0;
        while let Some(packet) = reader.read_packet().unwrap() {
            end = packet.absgp_page();
        }
        (end - pre_skip) / 2
    }

    #[test]
    fn each_chapter_has_its_samples_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let lengths = [1_000_u64, 0, 5_000, 24_001];
        let mut at = 0;
        let mark = |length: &u64| {
            let start = at;
            at += length;
            Mark { title: "T".to_owned(), start, end: at }
        };
        let chapters = lengths.iter().map(mark).collect();
        let spec = Spec { chapters, ..Spec::plain(24_000, "T") };
        let into = folder.path().join("parts");
        let mut parts = Box::new(Parts::new(&into, &spec).unwrap());
        let all = vec![100_i16; 30_001];
        all.chunks(777).for_each(|chunk| parts.write(chunk).unwrap());
        parts.finish().unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(&into).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["s0001.opus", "s0003.opus", "s0004.opus"], "a chapter without samples has none");
        for (name, length) in [("s0001.opus", 1_000), ("s0003.opus", 5_000), ("s0004.opus", 24_001)] {
            assert_eq!(samples(&into.join(name)), length, "{name}");
        }
    }

    #[test]
    fn samples_behind_the_last_chapter_are_a_defect() {
        let folder = tempfile::tempdir().unwrap();
        let chapters = vec![Mark { title: "T".to_owned(), start: 0, end: 10 }];
        let mut parts = Parts::new(folder.path(), &Spec { chapters, ..Spec::plain(24_000, "T") }).unwrap();
        assert!(parts.write(&[0; 10]).is_ok());
        assert!(parts.write(&[0; 1]).unwrap_err().message.contains("last chapter"));
    }
}
