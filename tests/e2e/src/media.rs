//! The files of a recording, read as a player would.

/// 16-bit samples of a WAV file, and their rate.
///
/// # Panics
///
/// When the file is not PCM with 16 bits and one channel.
#[must_use]
pub fn wav(bytes: &[u8]) -> (u32, Vec<i16>) {
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]), "a WAV file");
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (mut at, mut rate) = (12, 0);
    loop {
        let size = u32_at(at + 4) as usize;
        match &bytes[at..at + 4] {
            b"fmt " => {
                assert_eq!((u16_at(at + 8), u16_at(at + 10), u16_at(at + 22)), (1, 1, 16), "PCM, mono, 16 bits");
                rate = u32_at(at + 12);
            }
            b"data" => {
                let data = &bytes[at + 8..at + 8 + size];
                return (rate, data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect());
            }
            _ => {}
        }
        at += 8 + size + size % 2;
    }
}

/// Samples as the bytes that streams carry.
#[must_use]
pub fn bytes_of(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Where a caption's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a block of the source: its id and the first and the last but one scalar value.
    Block(u32, usize, usize),
    /// Nowhere: words of ours.
    Added,
}

/// One caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue {
    /// Milliseconds.
    pub start: u64,
    /// Milliseconds.
    pub end: u64,
    /// The section it belongs to.
    pub section: usize,
    /// Where the text stands.
    pub place: Place,
    /// The text, unescaped, lines joined by a space.
    pub text: String,
    /// Who says it, where several talk.
    pub speaker: Option<String>,
}

/// The captions of a WebVTT file.
///
/// # Panics
///
/// When it is not one, or a cue does not name its place.
#[must_use]
pub fn captions(vtt: &str) -> Vec<Cue> {
    assert!(vtt.starts_with("WEBVTT\n"), "a WebVTT file");
    let cues = vtt.split("\n\n").filter(|part| part.contains(" --> "));
    cues.map(|cue| {
        let mut lines = cue.trim_matches('\n').lines();
        let id = lines.next().expect("an id");
        let (start, end) = lines.next().and_then(|line| line.split_once(" --> ")).expect("times");
        let text = lines.collect::<Vec<_>>().join(" ");
        let (section, place) = place(id);
        let plain = |text: &str| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let (speaker, text) = match text.strip_prefix("<v ").and_then(|text| text.split_once('>')) {
            Some((name, text)) => (Some(plain(name)), text.to_owned()),
            None => (None, text),
        };
        let text = match place {
            Place::Added => {
                text.strip_prefix("<c.added>").and_then(|t| t.strip_suffix("</c>")).expect("the mark").to_owned()
            }
            Place::Block(..) => text,
        };
        Cue { start: milliseconds(start), end: milliseconds(end), section, place, text: plain(&text), speaker }
    })
    .collect()
}

/// `s3.u12.b45[120-180]` or `s3.u12.added[0-42]`.
fn place(id: &str) -> (usize, Place) {
    let read = || {
        let mut parts = id.splitn(3, '.');
        let section = parts.next()?.strip_prefix('s')?.parse().ok()?;
        let (what, range) = parts.nth(1)?.strip_suffix(']')?.split_once('[')?;
        let (start, end) = range.split_once('-')?;
        let place = match what.strip_prefix('b') {
            Some(block) => Place::Block(block.parse().ok()?, start.parse().ok()?, end.parse().ok()?),
            None => (what == "added").then_some(Place::Added)?,
        };
        Some((section, place))
    };
    read().unwrap_or_else(|| panic!("{id:?} is no cue's id"))
}

fn milliseconds(time: &str) -> u64 {
    let parts: Vec<u64> = time.split([':', '.']).map(|part| part.parse().expect("a time")).collect();
    let [hours, minutes, seconds, thousandths] = parts[..] else { panic!("{time:?} is no time") };
    ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
}

/// The text without white space and hyphens: what a caption and its block have in common.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars().filter(|c| !(c.is_whitespace() || matches!(c, '-' | '\u{ad}' | '\u{2010}' | '\u{2011}'))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_say_where_their_words_stand() {
        let vtt = "WEBVTT\n\nSTYLE\n::cue(.added) {\n}\n\ns1.u2.b3[4-9]\n00:00:01.000 --> 00:01:02.500\na &lt;\nb\n\n\
                   s1.u3.added[0-1]\n01:00:00.000 --> 01:00:00.001\n<v A &amp; B><c.added>x</c>\n";
        let cues = captions(vtt);
        let first = Cue {
            start: 1_000,
            end: 62_500,
            section: 1,
            place: Place::Block(3, 4, 9),
            text: "a < b".to_owned(),
            speaker: None,
        };
        assert_eq!(cues[0], first);
        assert_eq!(cues[1].speaker.as_deref(), Some("A & B"));
        assert_eq!((cues[1].place, cues[1].text.as_str(), cues[1].start), (Place::Added, "x", 3_600_000));
    }
}
