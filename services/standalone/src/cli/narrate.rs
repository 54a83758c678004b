//! The command line of `lectern narrate` and `lectern preview`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lectern_core::content::script::NumberRange;
use lectern_proto::convert;
use lectern_proto::v1::{ContentKind, OutputFormat};

use super::manage::document;
use super::{Lane, Place, Source, Writing};

/// No page or chapter has a larger number.
const LARGEST_NUMBER: u32 = 1_000_000;
/// The shortest beginning of a document that can be asked for, in seconds.
const SHORTEST_FIRST: u32 = 10;
/// The longest one, in seconds.
const LONGEST_FIRST: u32 = 10 * 3600;
/// The speeds that a voice can have.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// Narrates documents.
#[derive(Debug, Args)]
pub struct Narrate {
    /// The documents: files, folders (the files in them that can be read), patterns such as
    /// 'papers/*.pdf', - for standard input, or https:// URLs where import is allowed.
    #[arg(required_unless_present = "print_config", value_name = "SOURCE")]
    pub sources: Vec<Source>,
    /// The name of what comes from standard input, such as notes.md; its ending tells Markdown from
    /// plain text.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The document that the source is a new revision of, as `lectern documents` names it: only the
    /// sentences that changed are spoken. The revisions of a document are deleted together alone.
    #[arg(long, value_name = "DOCUMENT", value_parser = document, conflicts_with = "dry_run")]
    pub revises: Option<String>,
    /// What becomes a script, and how.
    #[command(flatten)]
    pub script: Script,
    /// The voice, such as heart or espeak/de; the default voice of the document's language where
    /// none is given. In a dialogue once for each speaker, in their order; who has none gets one
    /// that is unlike the others.
    #[arg(long = "voice", value_name = "VOICE")]
    pub voices: Vec<String>,
    /// A voice that speaks a sentence where the one that should cannot; may be given up to three
    /// times, and the first that can speaks. Without it the narration fails then.
    #[arg(long = "other-voice", value_name = "VOICE")]
    pub other_voices: Vec<String>,
    /// How words are said: a lexicon of the server by its name, as `lectern lexicon list` shows it,
    /// or a file in TOML. May be given several times; of two entries for the same words one of a
    /// file counts before one of a lexicon, and then the first.
    #[arg(long = "lexicon", value_name = "NAME|FILE")]
    pub lexicons: Vec<String>,
    /// Leaves out the lexicons that narrations have without naming them, which `lectern lexicon
    /// list` shows as `by default`.
    #[arg(long)]
    pub no_default_lexicons: bool,
    /// Tempo, 0.5 to 2.0.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// What to make, separated by commas. Where none of it is audio, Opus is made as well;
    /// captions, chapters and the page listen.html always are.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Format::Opus])]
    pub format: Vec<Format>,
    /// The queue that it waits in; against a server where none is named, the server's usual one.
    #[arg(long, value_enum, value_name = "LANE")]
    pub lane: Option<Lane>,
    /// The folder for the files, lectern-out/NAME where none is named; with several documents, the
    /// folder that has a folder for each.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes also into a folder that has something else in it, and replaces files of a narration
    /// there; deletes no other files.
    #[arg(long)]
    pub force: bool,
    /// Says what would be made (words, minutes, chapters, what is left out and why, what is there
    /// already), and makes nothing.
    #[arg(long, conflicts_with_all = ["detach", "force"])]
    pub dry_run: bool,
    /// Makes the files anew where the same was narrated before; sentences that are there are still
    /// not spoken again.
    #[arg(long, conflicts_with = "dry_run")]
    pub again: bool,
    /// Has the script wait for an approval before it is spoken: `lectern script` shows it, `lectern
    /// edit` changes it, and `lectern approve` goes on.
    #[arg(long, conflicts_with_all = ["dry_run", "temporary"])]
    pub hold: bool,
    /// Prints the narration's name when the server has accepted it, and does not wait for its end.
    /// The server is that of --server, or `lectern up` on the same data.
    #[arg(long, conflicts_with = "temporary")]
    pub detach: bool,
    /// Prints JSON for programs, one object a line.
    #[arg(long)]
    pub json: bool,
    /// Prints nothing but what went wrong.
    #[arg(long, short, conflicts_with_all = ["json", "dry_run"])]
    pub quiet: bool,
    /// Where it is made.
    #[command(flatten)]
    pub place: Place,
}

/// Previews documents.
#[derive(Debug, Args)]
pub struct Preview {
    /// The documents: files, folders, patterns, - for standard input, or https:// URLs where import
    /// is allowed.
    #[arg(required_unless_present = "print_config", value_name = "SOURCE")]
    pub sources: Vec<Source>,
    /// The name of what comes from standard input, such as notes.md.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What would become a script, and how.
    #[command(flatten)]
    pub script: Script,
    /// Prints JSON for programs, one line a document.
    #[arg(long)]
    pub json: bool,
    /// Where it is made.
    #[command(flatten)]
    pub place: Place,
}

/// What becomes a script, and how.
#[derive(Debug, Clone, Args)]
pub struct Script {
    /// How the document becomes a script.
    #[arg(long, value_enum, default_value_t = StyleFlag::Narration)]
    pub style: StyleFlag,
    /// Length in minutes, 1 to 600; with --style briefing, lesson or dialogue.
    #[arg(long, value_name = "N", conflicts_with = "words", value_parser = clap::value_parser!(i32).range(1..=600))]
    pub minutes: Option<i32>,
    /// Length in words, 50 to 100000; with --style briefing, lesson or dialogue.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(50..=100_000))]
    pub words: Option<i32>,
    /// What becomes of footnotes.
    #[arg(long, value_enum, default_value_t = Footnotes::Skip)]
    pub footnotes: Footnotes,
    /// The language of the document, such as en, where it is found out wrongly.
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// What becomes of passages in other languages than the document's.
    #[arg(long, value_enum, default_value_t = OtherLanguages::Skip, value_name = "CHOICE")]
    pub other_languages: OtherLanguages,
    /// With --other-languages speak, the languages that are spoken, such as de,fr; where none is
    /// named, all that there are rules and a voice for.
    #[arg(long, value_delimiter = ',', value_name = "TAGS")]
    pub speak: Vec<String>,
    /// What becomes of emoji.
    #[arg(long, value_enum, default_value_t = Emoji::Name, value_name = "CHOICE")]
    pub emoji: Emoji,
    /// Only these pages, such as 3-9,12.
    #[arg(long, value_name = "RANGES", value_parser = ranges)]
    pub pages: Option<Ranges>,
    /// Only these chapters, such as 2,4, by the numbers that --dry-run shows.
    #[arg(long, value_name = "RANGES", value_parser = ranges)]
    pub chapters: Option<Ranges>,
    /// Only about so much audio from the beginning, such as 60s, 5m or 1h; 10 s to 10 h.
    #[arg(long, value_name = "TIME", value_parser = first)]
    pub first: Option<Length>,
    /// Leaves out what is of these kinds, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub skip: Vec<Kind>,
    /// Reads what is of these kinds also where it is left out or shortened by default.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub read: Vec<Kind>,
    /// Who writes, and how.
    #[command(flatten)]
    pub writing: Writing,
}

/// Numbers of pages or chapters.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges(pub Vec<NumberRange>);

/// A length of audio, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(pub u32);

/// How the document becomes a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StyleFlag {
    /// Every block, as it stands.
    Narration,
    /// The most important of it.
    Briefing,
    /// What is to be learned: goals, explanations, a recap, and questions; by a writer with words
    /// of its own.
    Lesson,
    /// Two to four people who talk about it; by a writer with words of its own.
    Dialogue,
}

/// What becomes of footnotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Footnotes {
    /// Not spoken; listed in the manifest.
    Skip,
    /// After the sentence that refers to them.
    Inline,
    /// At the end of the section.
    End,
}

/// What becomes of passages in other languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OtherLanguages {
    /// Not spoken; listed in the manifest.
    Skip,
    /// Spoken by a voice of their language.
    Speak,
    /// The narration fails where there are any.
    Refuse,
}

/// What becomes of emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emoji {
    /// Their short names are spoken.
    Name,
    /// Not spoken.
    Drop,
}

/// What a recording is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Ogg/Opus with chapters.
    Opus,
    /// WAV.
    Wav,
    /// FLAC.
    Flac,
    /// MP3 with chapters and a cover, where ffmpeg is installed.
    Mp3,
    /// An audiobook: AAC with chapters and a cover, where ffmpeg is installed.
    M4b,
    /// EPUB 3 with media overlays: the document, in which what is heard is lit.
    Epub,
    /// Captions in `SubRip`.
    Srt,
    /// The written words in JSON, each with its time and its place in the document.
    Words,
}

impl From<Format> for OutputFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Opus => Self::Opus,
            Format::Wav => Self::Wav,
            Format::Flac => Self::Flac,
            Format::Mp3 => Self::Mp3,
            Format::M4b => Self::M4b,
            Format::Epub => Self::Epub,
            Format::Srt => Self::Srt,
            Format::Words => Self::Words,
        }
    }
}

/// A kind of content that can be left out, or read where it is not by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Marks such as [3] and (Chambers, 2016).
    Citations,
    /// Code; by default its language and length are said, with --read each line.
    Code,
    /// Tables; by default large ones are announced, with --read each row is read.
    Tables,
    /// Captions of figures and tables.
    Captions,
    /// Alternative texts of pictures.
    Figures,
    /// Formulas.
    Formulas,
    /// Front matter, such as an imprint.
    FrontMatter,
    /// Back matter, such as an index.
    BackMatter,
    /// Appendices.
    #[value(alias = "appendices")]
    Appendix,
    /// Lists of references.
    References,
}

impl From<Kind> for ContentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Citations => Self::Citations,
            Kind::Code => Self::Code,
            Kind::Tables => Self::Tables,
            Kind::Captions => Self::Captions,
            Kind::Figures => Self::Figures,
            Kind::Formulas => Self::Formulas,
            Kind::FrontMatter => Self::FrontMatter,
            Kind::BackMatter => Self::BackMatter,
            Kind::Appendix => Self::Appendices,
            Kind::References => Self::References,
        }
    }
}

/// Reads a tempo.
pub(super) fn speed(argument: &str) -> Result<f64, String> {
    let speed = argument.parse::<f64>().ok().filter(|speed| SPEEDS.contains(speed));
    speed.ok_or_else(|| "the tempo is a number from 0.5 to 2.0, such as 1.25".to_owned())
}

/// Reads numbers and ranges of them, such as `3-9,12`.
fn ranges(argument: &str) -> Result<Ranges, String> {
    let number = |text: &str| {
        let number = text.trim().parse::<u32>().ok().filter(|number| (1..=LARGEST_NUMBER).contains(number));
        number.ok_or_else(|| format!("{text:?} is no number from 1 on; write such as 3-9,12"))
    };
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range = NumberRange { first: number(first)?, last: number(last)? };
        let backwards = || format!("{part} ends before it begins; write {}-{}", range.last, range.first);
        if range.first <= range.last { Ok(range) } else { Err(backwards()) }
    };
    let ranges = argument.split(',').map(range).collect::<Result<Vec<_>, String>>()?;
    if ranges.len() > convert::RANGES {
        return Err(format!("these are {} ranges; at most {} can be named", ranges.len(), convert::RANGES));
    }
    Ok(Ranges(ranges))
}

/// Reads a length such as `60s`, `5m`, `1h` or `90`, which is seconds.
fn first(argument: &str) -> Result<Length, String> {
    let (number, unit) = match argument.trim().char_indices().last() {
        Some((at, 's')) => (&argument.trim()[..at], 1),
        Some((at, 'm')) => (&argument.trim()[..at], 60),
        Some((at, 'h')) => (&argument.trim()[..at], 3600),
        Some(_) | None => (argument.trim(), 1),
    };
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    let seconds = seconds.filter(|seconds| (SHORTEST_FIRST..=LONGEST_FIRST).contains(seconds));
    seconds.map(Length).ok_or_else(|| "a length is 10s to 10h, such as 60s, 5m or 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_people_write_them() {
        let range = |first, last| NumberRange { first, last };
        for (argument, expected) in [
            ("3", vec![range(3, 3)]),
            ("3-9,12", vec![range(3, 9), range(12, 12)]),
            ("2, 4 - 5", vec![range(2, 2), range(4, 5)]),
        ] {
            assert_eq!(ranges(argument), Ok(Ranges(expected)), "{argument}");
        }
        for (argument, says) in [
            ("", "no number"),
            ("0", "from 1 on"),
            ("9-3", "write 3-9"),
            ("3-", "no number"),
            ("-3", "no number"),
            ("3..9", "no number"),
            ("x", "no number"),
            ("99999999999", "no number"),
        ] {
            let refused = ranges(argument).unwrap_err();
            assert!(refused.contains(says), "{argument}: {refused}");
        }
        assert!(ranges(&["1"; 101].join(",")).unwrap_err().contains("at most 100"));
    }

    #[test]
    fn a_length_has_a_unit_and_limits() {
        for (argument, expected) in [("60s", 60), ("5m", 300), ("1h", 3600), ("90", 90), (" 10s ", 10), ("10h", 36_000)]
        {
            assert_eq!(first(argument), Ok(Length(expected)), "{argument}");
        }
        for argument in ["", "s", "9s", "11h", "5 minutes", "-5m", "1.5m", "99999999999999999h"] {
            assert!(first(argument).is_err(), "{argument}");
        }
    }

    #[test]
    fn a_tempo_has_limits() {
        assert_eq!(speed("1.25"), Ok(1.25));
        for argument in ["0.4", "2.1", "NaN", "fast", ""] {
            assert!(speed(argument).is_err(), "{argument}");
        }
    }
}
