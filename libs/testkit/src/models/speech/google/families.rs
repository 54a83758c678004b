//! The families of voices, and what each takes.

/// A family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub id: &'static str,
    /// Whether it takes SSML.
    pub ssml: bool,
    /// Tags of SSML that it takes beside `<speak>`, `<p>`, `<s>`, `<sub>`, `<say-as>` and
    /// `<phoneme>`.
    pub tags: &'static [&'static str],
    /// Whether it takes a speaking rate, and a pitch.
    pub rate: bool,
    pub pitch: bool,
    /// Whether it takes pronunciations beside a text.
    pub pronunciations: bool,
    /// Whether it refuses sentences that are too long.
    pub short_sentences: bool,
    names: &'static [&'static str],
}

const LETTERS: &[&str] = &["A", "B", "C", "D", "F", "G"];
const STARS: &[&str] = &["Achernar", "Algenib", "Aoede", "Charon", "Fenrir", "Kore", "Leda", "Orus", "Puck", "Zephyr"];

const PLAIN: Family = Family {
    id: "",
    ssml: true,
    tags: &[],
    rate: true,
    pitch: false,
    pronunciations: false,
    short_sentences: false,
    names: LETTERS,
};

static FAMILIES: [Family; 10] = [
    Family {
        id: "Standard",
        tags: &["mark", "emphasis", "prosody", "break"],
        pitch: true,
        short_sentences: true,
        ..PLAIN
    },
    Family {
        id: "Wavenet",
        tags: &["mark", "emphasis", "prosody", "break"],
        pitch: true,
        short_sentences: true,
        ..PLAIN
    },
    Family { id: "Neural2", tags: &["mark", "prosody", "break"], pitch: true, short_sentences: true, ..PLAIN },
    Family { id: "News", tags: &["mark", "prosody", "break"], names: &["K", "L", "N"], ..PLAIN },
    Family { id: "Casual", tags: &["mark", "break"], names: &["K"], ..PLAIN },
    Family { id: "Polyglot", names: &["1"], ..PLAIN },
    Family { id: "Studio", tags: &["break"], names: &["B", "C", "O", "Q"], ..PLAIN },
    Family { id: "Journey", ssml: false, rate: false, names: &["D", "F", "O"], ..PLAIN },
    Family { id: "Chirp-HD", ssml: false, rate: false, names: &["D", "F", "O"], ..PLAIN },
    Family { id: "Chirp3-HD", tags: &[], pronunciations: true, names: STARS, ..PLAIN },
];

/// The family of a voice, and its locale; none for a voice that nobody has.
pub(super) fn of(voice: &str) -> Option<(&'static Family, &str)> {
    FAMILIES.iter().find_map(|family| {
        let (locale, name) = voice.split_once(&format!("-{}-", family.id))?;
        (is_locale(locale) && family.names.contains(&name)).then_some((family, locale))
    })
}

/// A language and a place, `en-US`.
fn is_locale(text: &str) -> bool {
    text.split_once('-').is_some_and(|(language, place)| {
        let lower = language.chars().all(|char| char.is_ascii_lowercase());
        (2..=3).contains(&language.len()) && lower && place.len() == 2 && place.chars().all(|c| c.is_ascii_uppercase())
    })
}

/// All voices of a locale.
pub(super) fn voices(locale: &str) -> Vec<String> {
    if !is_locale(locale) {
        return Vec::new();
    }
    let names = |family: &'static Family| family.names.iter().map(move |name| (family.id, *name));
    FAMILIES.iter().flat_map(names).map(|(family, name)| format!("{locale}-{family}-{name}")).collect()
}
