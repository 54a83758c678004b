//! Bytes to text: byte order marks, UTF-8, declarations, and else the encoding that a detector
//! finds likeliest.
//!
//! What it can: every encoding of the WHATWG Encoding Standard (Shift-JIS, EUC-JP, ISO-2022-JP, GB
//! 18030, Big5, EUC-KR, the ISO 8859 and Windows families, KOI8), UTF-16 with and without a mark,
//! padding of NUL bytes, and UTF-8 that was taken for Windows-1252 and encoded again. What it
//! cannot: UTF-32, and encodings that the standard leaves out (the code pages of DOS, those of old
//! Macintoshes): their text is refused rather than read in wrong letters ([`Decoded::fault`]).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decoded text, and how it was decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub text: String,
    /// The encoding's name (`UTF-8`).
    pub encoding: &'static str,
    /// Whether it is a guess rather than what the source says of itself.
    pub guessed: bool,
    /// Whether some bytes fitted no character.
    pub lossy: bool,
    /// Whether it had been encoded twice, and was mended.
    pub mended: bool,
    /// NUL bytes that were left out at the end.
    pub padding: usize,
}

/// Of the characters, control characters and replacements above one in this many are no text.
const CONTROL_SHARE: usize = 20;
/// How many characters are looked at for that.
const SAMPLE: usize = 64_000;

impl Decoded {
    /// Why it cannot be read as text, if it cannot: a phrase for a refusal.
    pub fn fault(&self) -> Option<String> {
        let (mut all, mut control) = (0_usize, 0_usize);
        for char in self.text.chars().take(SAMPLE) {
            all += 1;
            control +=
                usize::from((char.is_control() && !"\n\r\t\u{c}\u{1b}\u{85}\0".contains(char)) || char == '\u{fffd}');
        }
        if control * CONTROL_SHARE > all {
            return Some("binary data of an unknown kind".to_owned());
        }
        if let Some(at) = self.text.find('\0') {
            let count = self.text.matches('\0').count();
            // Text in which every few characters are NUL is none.
            return Some(if count * CONTROL_SHARE > all {
                "binary data of an unknown kind".to_owned()
            } else {
                format!("text with {count} NUL bytes in it, the first at byte {at}; copy it again and save it as UTF-8")
            });
        }
        (self.guessed && is_garbled(&self.text)).then(|| {
            format!("text in an encoding that cannot be told ({} gives no words); save it as UTF-8", self.encoding)
        })
    }
}

/// Decodes `bytes`. A byte order mark is believed first, then valid UTF-8, then a declaration in
/// the first kilobyte, then the detector.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, bytes.get(mark..).unwrap_or_default(), false);
    }
    if let Some(encoding) = wide(bytes) {
        return with(encoding, bytes, true);
    }
    let padding = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(..bytes.len() - padding).unwrap_or_default();
    Decoded { padding, ..narrow(bytes) }
}

/// Text without a mark, in an encoding of single bytes or of sequences of them.
fn narrow(bytes: &[u8]) -> Decoded {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !is_iso_2022(bytes)
    {
        let plain = Decoded {
            text: String::new(),
            encoding: UTF_8.name(),
            guessed: false,
            lossy: false,
            mended: false,
            padding: 0,
        };
        return match encoded_twice(text) {
            Some(text) => Decoded { text, mended: true, ..plain },
            None => Decoded { text: text.to_owned(), ..plain },
        };
    }
    if let Some(encoding) = declared(bytes) {
        let decoded = with(encoding, bytes, false);
        // A declaration that some bytes contradict may be a template's.
        if !decoded.lossy {
            return decoded;
        }
    }
    // One broken sequence in megabytes of UTF-8 does not make it Latin-1.
    if mostly_utf8(bytes) {
        return with(UTF_8, bytes, true);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    with(detector.guess(None, Utf8Detection::Deny), bytes, true)
}

fn with(encoding: &'static Encoding, bytes: &[u8], guessed: bool) -> Decoded {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), guessed, lossy, mended: false, padding: 0 }
}

/// Whether ASCII holds the escapes by which ISO-2022-JP leaves ASCII (RFC 1468).
fn is_iso_2022(bytes: &[u8]) -> bool {
    bytes.is_ascii() && bytes.windows(3).any(|three| matches!(three, b"\x1b$B" | b"\x1b$@" | b"\x1b(J"))
}

/// At least this many sequences of one text must fit before they are no chance.
const FEWEST_SEQUENCES: usize = 2;

/// The text that was encoded in UTF-8, taken for Windows-1252, and encoded in UTF-8 again
/// (`donâ€™t`): all its characters fit Windows-1252, and their bytes are valid UTF-8, which no text
/// in a language is by chance.
fn encoded_twice(text: &str) -> Option<String> {
    let lead = |char: char| matches!(char, '\u{c2}'..='\u{f4}');
    if text.is_ascii() || !text.contains(lead) {
        return None;
    }
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    if unmappable {
        return None;
    }
    let inner = String::from_utf8(bytes.into_owned()).ok()?;
    let sequences = inner.chars().filter(|char| !char.is_ascii()).count();
    (sequences >= FEWEST_SEQUENCES).then_some(inner)
}

/// UTF-16 without a mark: nearly every second byte of Western text is zero.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..bytes.len().min(2048) & !1)?;
    let pairs = sample.len() / 2;
    if pairs < 4 {
        return None;
    }
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match () {
        () if second * 10 > pairs * 7 && first * 20 < pairs => Some(UTF_16LE),
        () if first * 10 > pairs * 7 && second * 20 < pairs => Some(UTF_16BE),
        () => None,
    }
}

/// `<meta charset=...>`, `charset=...` within a content type, or an XML declaration's
/// `encoding="..."`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(1024))?).to_ascii_lowercase();
    if !head.contains('<') {
        return None;
    }
    let after = ["charset=", "encoding="].iter().find_map(|key| head.split_once(key)).map(|(_, rest)| rest)?;
    let label: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|char| char.is_ascii_alphanumeric() || "-_:.".contains(*char))
        .collect();
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| *encoding != UTF_8 && *encoding != UTF_16LE && *encoding != UTF_16BE)
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad * 10
}

/// At least this many misplaced characters, so that one odd name does not condemn a text.
const FEWEST_MISPLACED: usize = 3;

/// Whether a guessed text is in wrong letters: among its characters beyond ASCII that touch a
/// lower-case letter before them, more than half are capitals, or signs that no language writes
/// within a word.
fn is_garbled(text: &str) -> bool {
    let (mut touching, mut misplaced) = (0_usize, 0_usize);
    let mut chars = text.chars().take(SAMPLE).peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        if !char.is_ascii()
            && before.is_lowercase()
            && char.is_alphabetic() | chars.peek().is_some_and(|next| next.is_lowercase())
        {
            touching += 1;
            let joins =
                matches!(char, '\u{2019}' | '\u{2018}' | '\u{b7}' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{a0}');
            misplaced += usize::from(char.is_uppercase() || !char.is_alphanumeric() && !joins);
        }
        before = char;
    }
    misplaced >= FEWEST_MISPLACED && misplaced * 2 > touching
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let utf16: Vec<u8> = "Tide tables, naïve".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("Tide".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let cases: [(&[u8], &str, &str, bool); 6] = [
            ("naïve".as_bytes(), "naïve", "UTF-8", false),
            (b"\xef\xbb\xbfplain", "plain", "UTF-8", false),
            (&utf16, "Tide tables, naïve", "UTF-16LE", true),
            (&marked, "Tide", "UTF-16BE", false),
            (b"na\xefve caf\xe9 \x93quoted\x94", "naïve café “quoted”", "windows-1252", true),
            (b"<meta charset=iso-8859-2><p>\xb1", "<meta charset=iso-8859-2><p>ą", "ISO-8859-2", false),
        ];
        for (bytes, text, encoding, guessed) in cases {
            let decoded = decode(bytes);
            assert_eq!((decoded.text.as_str(), decoded.encoding, decoded.guessed), (text, encoding, guessed));
        }
    }

    #[test]
    fn text_of_every_family_is_read_in_its_own_letters() {
        for (label, text) in [
            ("shift_jis", "港の灯台は百年以上前から岩の上に立っている。漁師たちは毎朝その光を見て海へ出た。"),
            ("euc-jp", "港の灯台は百年以上前から岩の上に立っている。漁師たちは毎朝その光を見て海へ出た。"),
            ("iso-2022-jp", "港の灯台は百年以上前から岩の上に立っている。"),
            ("gb18030", "灯塔在岩石上屹立了一百多年。渔民们每天早晨看着它的光出海,晚上又看着它回家。"),
            ("big5", "燈塔在岩石上屹立了一百多年。漁民們每天早晨看著它的光出海,晚上又看著它回家。"),
            ("euc-kr", "등대는 백 년이 넘도록 바위 위에 서 있었다. 어부들은 매일 아침 그 빛을 보고 바다로 나갔다."),
            ("windows-1251", "Маяк стоит на скале более ста лет. Рыбаки каждое утро выходят в море по его свету."),
            ("koi8-r", "Маяк стоит на скале более ста лет. Рыбаки каждое утро выходят в море по его свету."),
            (
                "iso-8859-2",
                "Latarnia morska stoi na skale od ponad stu lat, a rybacy wypływają w morze każdego świtu, jeżeli pogoda pozwala.",
            ),
            ("windows-1253", "Ο φάρος στέκεται στον βράχο πάνω από εκατό χρόνια και οι ψαράδες βγαίνουν στη θάλασσα."),
            ("windows-1255", "המגדלור עומד על הסלע יותר ממאה שנים והדייגים יוצאים לים לאורו בכל בוקר."),
            (
                "windows-1252",
                "Le phare se dresse depuis plus de cent ans sur le rocher, face à la mer, près du vieux café.",
            ),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, unmappable) = encoding.encode(text);
            assert!(!unmappable, "{label}");
            let decoded = decode(&bytes);
            assert_eq!((decoded.text.as_str(), decoded.fault()), (text, None), "{label} as {}", decoded.encoding);
            assert!(decoded.guessed, "{label}");
        }
    }

    #[test]
    fn text_that_was_encoded_twice_is_mended_and_other_text_is_left() {
        let given = "Donâ€™t touch the cafÃ© lamp.";
        let decoded = decode(given.as_bytes());
        assert_eq!((decoded.text.as_str(), decoded.mended), ("Don’t touch the café lamp.", true));
        for text in ["Âge d’or, naïveté, forêt", "São Paulo and Ærø", "Ça va"] {
            assert_eq!((decode(text.as_bytes()).text.as_str(), decode(text.as_bytes()).mended), (text, false));
        }
    }

    #[test]
    fn padding_is_left_out_and_counted_and_nul_within_a_text_is_named() {
        let decoded = decode(b"The end.\0\0\0\0");
        assert_eq!((decoded.text.as_str(), decoded.padding, decoded.fault()), ("The end.", 4, None));
        let fault = decode(b"The middle of a longer text\0 is broken, and so it is.").fault().unwrap();
        assert!(fault.contains("1 NUL bytes") && fault.contains("byte 27"), "{fault}");
        assert!(decode(b"\x01\0\x02\0\x03\0ab\0\0c").fault().unwrap().contains("binary"));
    }

    #[test]
    fn an_encoding_that_cannot_be_told_is_refused() {
        // Code page 850 and Mac OS Roman: French with its accents where Windows has quotes and
        // capitals.
        let dos = b"Le caf\x82 pr\x8as de la for\x88t, o\x97 l'\x82t\x82 est d\x82j\x85 l\x85, a \x82t\x82 ferm\x82 l'ann\x82e derni\x8are.";
        assert!(decode(dos).fault().is_some(), "{:?}", decode(dos));
    }
}
