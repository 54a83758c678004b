//! MP4 around frames of AAC (ISO/IEC 14496-12 and 14496-14), as audiobooks are: chapters twice, as
//! a track of text, which `QuickTime` began, and as a list, which Nero did, since players read the
//! one or the other; title, authors and cover as iTunes has them.
//!
//! Frames are written as they come. What lists them stands behind them, where its sizes are known:
//! nothing is held but the size of each frame.

use std::io::{self, Seek, SeekFrom, Write};

use super::adts::{Frames, Kind};
use super::{Mark, Spec};

/// Samples of a frame of AAC.
const FRAME: u32 = 1024;
/// Samples that the encoder puts before the first one: what is heard begins behind them.
const PRIMING: u32 = 1024;
/// Frames that lie together, a bit more than a second of them: players seek by such.
const TOGETHER: u32 = 32;
/// Where the size of all frames stands: behind the first box and the header of the second.
const SIZE_AT: u64 = 28 + 8;
/// The tracks.
const SOUND: u32 = 1;
const TITLES: u32 = 2;
/// A Nero list counts in one byte.
const MOST_LISTED: usize = 255;
/// A Nero list's titles count their bytes in one.
const LONGEST_LISTED: usize = 255;
/// What `iTunes` calls an audiobook.
const AUDIOBOOK: u8 = 2;
/// The identity.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// A file of MP4 under way.
#[derive(Debug)]
pub(super) struct Mp4<W> {
    output: W,
    spec: Spec,
    kind: Option<Kind>,
    // Where the next byte goes.
    at: u64,
    sizes: Vec<u16>,
    chunks: Vec<u64>,
}

impl<W: Write + Seek> Mp4<W> {
    /// Writes what comes before the frames.
    pub(super) fn new(mut output: W, spec: &Spec) -> io::Result<Self> {
        let brands = [b"M4B ".as_slice(), &0x200_u32.to_be_bytes(), b"M4B M4A mp42"].concat();
        output.write_all(&boxed(b"ftyp", &[&brands]))?;
        // A size of 1 says that the true one follows, in 64 bits; it is written when it is known.
        output.write_all(&[&1_u32.to_be_bytes(), b"mdat".as_slice(), &16_u64.to_be_bytes()].concat())?;
        let spec = spec.clone();
        Ok(Self { output, spec, kind: None, at: SIZE_AT + 8, sizes: Vec::new(), chunks: Vec::new() })
    }

    /// Writes what comes behind the frames, of which `samples` are to be heard.
    pub(super) fn finish(mut self, samples: u64) -> io::Result<()> {
        let titles: Vec<Vec<u8>> = self.spec.chapters.iter().map(|mark| title(&mark.title)).collect();
        let titles_at = self.at;
        for one in &titles {
            self.output.write_all(one)?;
            self.at += one.len() as u64;
        }
        let all = self.at - (SIZE_AT - 8);
        let movie = self.movie(samples, &titles, titles_at)?;
        self.output.write_all(&movie)?;
        self.output.seek(SeekFrom::Start(SIZE_AT))?;
        self.output.write_all(&all.to_be_bytes())?;
        self.output.flush()
    }

    fn movie(&self, samples: u64, titles: &[Vec<u8>], titles_at: u64) -> io::Result<Vec<u8>> {
        let rate = self.spec.sample_rate;
        let next = if titles.is_empty() { TITLES } else { TITLES + 1 };
        let rest = [&0x1_0000_u32.to_be_bytes()[..], &0x100_u16.to_be_bytes(), &[0; 10]].concat();
        let header = [
            &[0_u8; 16][..],
            &rate.to_be_bytes(),
            &samples.to_be_bytes(),
            &rest,
            &numbers(&MATRIX),
            &[0; 24],
            &next.to_be_bytes(),
        ];
        let sound = self.sound(samples)?;
        let titles = if titles.is_empty() { Vec::new() } else { self.titles(samples, titles, titles_at)? };
        let header = full(b"mvhd", 1, 0, &header);
        Ok(boxed(b"moov", &[&header, &sound, &titles, &self.user()]))
    }

    /// The track of what is heard.
    fn sound(&self, samples: u64) -> io::Result<Vec<u8>> {
        let count = u32::try_from(self.sizes.len()).map_err(io::Error::other)?;
        let header = track_header(SOUND, 7, samples, 0x100);
        let edit = [
            &numbers(&[1])[..],
            &samples.to_be_bytes(),
            &u64::from(PRIMING).to_be_bytes(),
            &1_u16.to_be_bytes(),
            &0_u16.to_be_bytes(),
        ];
        let edits = boxed(b"edts", &[&full(b"elst", 1, 0, &edit)]);
        let refers = if self.spec.chapters.is_empty() {
            Vec::new()
        } else {
            boxed(b"tref", &[&boxed(b"chap", &[&TITLES.to_be_bytes()])])
        };
        let sizes: Vec<u8> = self.sizes.iter().flat_map(|size| u32::from(*size).to_be_bytes()).collect();
        let together = [numbers(&[1, count.clamp(1, TOGETHER), 1]), self.last_chunk(count)].concat();
        let entries = if together.len() > 12 { 2_u32 } else { 1 };
        let table = boxed(
            b"stbl",
            &[
                &full(b"stsd", 0, 0, &[&numbers(&[1]), &self.described()]),
                &full(b"stts", 0, 0, &[&numbers(&[1, count, FRAME])]),
                &full(b"stsc", 0, 0, &[&entries.to_be_bytes(), &together]),
                &full(b"stsz", 0, 0, &[&numbers(&[0, count]), &sizes]),
                &offsets(&self.chunks)?,
            ],
        );
        let information = boxed(b"minf", &[&full(b"smhd", 0, 0, &[&[0; 4]]), &here(), &table]);
        let length = u64::from(count) * u64::from(FRAME);
        let media = boxed(
            b"mdia",
            &[&media_header(self.spec.sample_rate, length), &handler(b"soun", "SoundHandler"), &information],
        );
        Ok(boxed(b"trak", &[&header, &edits, &refers, &media]))
    }

    /// The entry of the last chunk, where that has fewer frames than the others.
    fn last_chunk(&self, count: u32) -> Vec<u8> {
        let chunks = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
        match count % TOGETHER {
            0 => Vec::new(),
            rest if chunks > 1 => numbers(&[chunks, rest, 1]),
            _ => Vec::new(),
        }
    }

    /// What the sound is: the decoder's configuration is in the descriptors of ISO/IEC 14496-1.
    fn described(&self) -> Vec<u8> {
        let Kind { profile, rate_index, channels } =
            self.kind.unwrap_or(Kind { profile: 1, rate_index: 6, channels: 1 });
        let object = u16::from(profile) + 1;
        let decoder = (object << 11) | (u16::from(rate_index) << 7) | (u16::from(channels) << 3);
        let average = self.bits_a_second();
        let configuration = [
            &[0x40_u8, 0x15, 0, 0, 0][..],
            &average.to_be_bytes(),
            &average.to_be_bytes(),
            &descriptor(5, &decoder.to_be_bytes()),
        ]
        .concat();
        let stream = [&0_u16.to_be_bytes()[..], &[0], &descriptor(4, &configuration), &descriptor(6, &[2])].concat();
        let rate = u32::from(u16::try_from(self.spec.sample_rate).unwrap_or(0)) << 16;
        boxed(
            b"mp4a",
            &[
                &[0, 0, 0, 0, 0, 0, 0, 1],
                &[0; 8],
                &u16::from(channels).to_be_bytes(),
                &16_u16.to_be_bytes(),
                &[0; 4],
                &rate.to_be_bytes(),
                &full(b"esds", 0, 0, &[&descriptor(3, &stream)]),
            ],
        )
    }

    fn bits_a_second(&self) -> u32 {
        let bytes: u64 = self.sizes.iter().map(|size| u64::from(*size)).sum();
        let samples = (self.sizes.len() as u64 * u64::from(FRAME)).max(1);
        u32::try_from(bytes * 8 * u64::from(self.spec.sample_rate) / samples).unwrap_or(u32::MAX)
    }

    /// The track of titles: one text a chapter, for as long as it lasts.
    fn titles(&self, samples: u64, titles: &[Vec<u8>], at: u64) -> io::Result<Vec<u8>> {
        let count = u32::try_from(titles.len()).map_err(io::Error::other)?;
        let lengths = self.spec.chapters.iter().map(|mark| mark.end.saturating_sub(mark.start));
        let times: Vec<u8> =
            lengths.flat_map(|length| numbers(&[1, u32::try_from(length).unwrap_or(u32::MAX)])).collect();
        let sizes: Vec<u8> =
            titles.iter().flat_map(|one| u32::try_from(one.len()).unwrap_or(u32::MAX).to_be_bytes()).collect();
        let described = boxed(b"text", &[&[0, 0, 0, 0, 0, 0, 0, 1], &TEXT]);
        let table = boxed(
            b"stbl",
            &[
                &full(b"stsd", 0, 0, &[&numbers(&[1]), &described]),
                &full(b"stts", 0, 0, &[&count.to_be_bytes(), &times]),
                &full(b"stsc", 0, 0, &[&numbers(&[1, 1, count, 1])]),
                &full(b"stsz", 0, 0, &[&numbers(&[0, count]), &sizes]),
                &offsets(&[at])?,
            ],
        );
        let information = boxed(b"minf", &[&general(), &here(), &table]);
        let media = boxed(
            b"mdia",
            &[&media_header(self.spec.sample_rate, samples), &handler(b"text", "SubtitleHandler"), &information],
        );
        // Not enabled: it is for the list of chapters and not to be shown.
        Ok(boxed(b"trak", &[&track_header(TITLES, 6, samples, 0), &media]))
    }

    /// What people read of the file.
    fn user(&self) -> Vec<u8> {
        let Spec { title, authors, cover, .. } = &self.spec;
        let mut items = Vec::new();
        let mut text = |name: &[u8; 4], text: &str| {
            if !text.is_empty() {
                items.extend(item(name, 1, text.as_bytes()));
            }
        };
        text(b"\xA9nam", title);
        text(b"\xA9alb", title);
        text(b"\xA9ART", &authors.join(", "));
        text(b"\xA9too", "lectern");
        items.extend(item(b"stik", 21, &[AUDIOBOOK]));
        if let Some(cover) = cover {
            items.extend(item(b"covr", 14, cover));
        }
        let handler = full(b"hdlr", 0, 0, &[&[0; 4], b"mdirappl", &[0; 9]]);
        let meta = full(b"meta", 0, 0, &[&handler, &boxed(b"ilst", &[&items])]);
        boxed(b"udta", &[&meta, &self.listed()])
    }

    /// Nero's list of chapters: times in tenths of a microsecond.
    fn listed(&self) -> Vec<u8> {
        let marks: &[Mark] = &self.spec.chapters;
        if marks.is_empty() || marks.len() > MOST_LISTED {
            return Vec::new();
        }
        let rate = u64::from(self.spec.sample_rate.max(1));
        let mut list = vec![0, 0, 0, 0, u8::try_from(marks.len()).unwrap_or(u8::MAX)];
        for mark in marks {
            let title = cut(&mark.title, LONGEST_LISTED);
            list.extend((mark.start / rate * 10_000_000 + mark.start % rate * 10_000_000 / rate).to_be_bytes());
            list.push(u8::try_from(title.len()).unwrap_or(u8::MAX));
            list.extend(title.as_bytes());
        }
        full(b"chpl", 1, 0, &[&list])
    }
}

impl<W: Write + Seek> Frames for Mp4<W> {
    fn frame(&mut self, kind: Kind, frame: &[u8]) -> io::Result<()> {
        if *self.kind.get_or_insert(kind) != kind {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of AAC is of another kind than the first"));
        }
        if self.sizes.len().is_multiple_of(TOGETHER as usize) {
            self.chunks.push(self.at);
        }
        // A frame in ADTS counts its bytes in 13 bits.
        self.sizes.push(u16::try_from(frame.len()).map_err(io::Error::other)?);
        self.at += frame.len() as u64;
        self.output.write_all(frame)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// What a text looks like where it is shown, as `QuickTime` wants to be told: plainly, in a font
/// without a name.
const TEXT: [u8; 43] = [
    0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, b'f', b't',
    b'a', b'b', 0, 1, 0, 1, 0,
];

/// A title as a text: its length, itself, and that it is UTF-8.
fn title(title: &str) -> Vec<u8> {
    let text = cut(title, usize::from(u16::MAX));
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], text.as_bytes(), &boxed(b"encd", &[&0x100_u32.to_be_bytes()])].concat()
}

/// The beginning of a text, at most so many bytes of it.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A box: its size, its name and what is in it.
fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut made = Vec::with_capacity(8 + length);
    made.extend(u32::try_from(8 + length).unwrap_or(u32::MAX).to_be_bytes());
    made.extend_from_slice(name);
    parts.iter().for_each(|part| made.extend_from_slice(part));
    made
}

/// A box with a version and flags.
fn full(name: &[u8; 4], version: u8, flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let first = ((u32::from(version) << 24) | flags).to_be_bytes();
    let all: Vec<&[u8]> = std::iter::once(&first[..]).chain(parts.iter().copied()).collect();
    boxed(name, &all)
}

/// A descriptor of ISO/IEC 14496-1, its size in four bytes.
fn descriptor(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(0x7F) & 0x7F;
    [&[tag, 0x80, 0x80, 0x80, length][..], content].concat()
}

/// A fact for people: a number says of what sort it is.
fn item(name: &[u8; 4], sort: u32, content: &[u8]) -> Vec<u8> {
    boxed(name, &[&boxed(b"data", &[&sort.to_be_bytes(), &[0; 4], content])])
}

fn track_header(track: u32, flags: u32, duration: u64, volume: u16) -> Vec<u8> {
    let parts: [&[u8]; 8] = [
        &[0; 16],
        &track.to_be_bytes(),
        &[0; 4],
        &duration.to_be_bytes(),
        &[0; 12],
        &volume.to_be_bytes(),
        &[0; 2],
        &numbers(&MATRIX),
    ];
    full(b"tkhd", 1, flags, &[&parts.concat(), &[0; 8]])
}

fn media_header(rate: u32, duration: u64) -> Vec<u8> {
    // The language is not determined: `und` in five bits a letter.
    let language = 0x55C4_u16.to_be_bytes();
    full(b"mdhd", 1, 0, &[&[0; 16], &rate.to_be_bytes(), &duration.to_be_bytes(), &language, &[0; 2]])
}

fn handler(kind: &[u8; 4], name: &str) -> Vec<u8> {
    full(b"hdlr", 0, 0, &[&[0; 4], kind, &[0; 12], name.as_bytes(), &[0]])
}

/// That the media lies in this file.
fn here() -> Vec<u8> {
    let entry = full(b"url ", 0, 1, &[]);
    boxed(b"dinf", &[&full(b"dref", 0, 0, &[&numbers(&[1]), &entry])])
}

/// The header of a medium that is neither sound nor picture: a text.
fn general() -> Vec<u8> {
    let plain = full(b"gmin", 0, 0, &[&[0, 0x40, 0x80, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0]]);
    let text = [&[0_u8, 1][..], &numbers(&[0, 0, 0, 1, 0, 0, 0, 0x4000]), &[0, 0]].concat();
    boxed(b"gmhd", &[&plain, &boxed(b"text", &[&text])])
}

/// Where the chunks lie, in 64 bits.
fn offsets(chunks: &[u64]) -> io::Result<Vec<u8>> {
    let count = u32::try_from(chunks.len()).map_err(io::Error::other)?;
    let places: Vec<u8> = chunks.iter().flat_map(|at| at.to_be_bytes()).collect();
    Ok(full(b"co64", 0, 0, &[&count.to_be_bytes(), &places]))
}

#[cfg(test)]
mod tests;
