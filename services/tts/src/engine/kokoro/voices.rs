//! The voices that have phonemes here: American, British and Spanish ones. The first letter of a
//! voice is its language, the second says whether a woman or a man speaks; within a language those
//! come first that its makers grade highest (VOICES.md of hexgrad/Kokoro-82M).

/// The language that a voice speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tongue {
    /// English of the United States.
    American,
    /// English of the United Kingdom.
    British,
    /// Spanish of Spain.
    Spanish,
}

impl Tongue {
    /// Its tag of BCP 47.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::American => "en-US",
            Self::British => "en-GB",
            Self::Spanish => "es-ES",
        }
    }
}

/// A voice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Its name in files.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What it speaks.
    pub tongue: Tongue,
}

const fn american(id: &'static str, name: &'static str) -> Known {
    Known { id, name, tongue: Tongue::American }
}

const fn british(id: &'static str, name: &'static str) -> Known {
    Known { id, name, tongue: Tongue::British }
}

const fn spanish(id: &'static str, name: &'static str) -> Known {
    Known { id, name, tongue: Tongue::Spanish }
}

/// All of them; the first is the one that speaks where none is named.
pub(super) static VOICES: [Known; 31] = [
    american("af_heart", "Heart"),
    american("af_bella", "Bella"),
    american("af_nicole", "Nicole"),
    american("am_fenrir", "Fenrir"),
    american("am_michael", "Michael"),
    american("am_puck", "Puck"),
    american("af_aoede", "Aoede"),
    american("af_kore", "Kore"),
    american("af_sarah", "Sarah"),
    american("af_alloy", "Alloy"),
    american("af_nova", "Nova"),
    american("af_sky", "Sky"),
    american("af_jessica", "Jessica"),
    american("af_river", "River"),
    american("am_echo", "Echo"),
    american("am_eric", "Eric"),
    american("am_liam", "Liam"),
    american("am_onyx", "Onyx"),
    american("am_santa", "Santa"),
    american("am_adam", "Adam"),
    british("bf_emma", "Emma"),
    british("bf_isabella", "Isabella"),
    british("bm_george", "George"),
    british("bm_fable", "Fable"),
    british("bm_lewis", "Lewis"),
    british("bf_alice", "Alice"),
    british("bf_lily", "Lily"),
    british("bm_daniel", "Daniel"),
    spanish("ef_dora", "Dora"),
    spanish("em_alex", "Alex"),
    spanish("em_santa", "Santa"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_voice_stands_there_once_has_a_file_and_a_language_by_its_letter() {
        let ids: BTreeSet<&str> = VOICES.iter().map(|known| known.id).collect();
        assert_eq!(ids.len(), VOICES.len());
        let files: BTreeSet<&str> = lectern_voice::kokoro::files().map(|(name, _)| name).collect();
        for known in &VOICES {
            assert!(files.contains(format!("{}.bin", known.id).as_str()), "{}", known.id);
            let letter = match known.tongue {
                Tongue::American => 'a',
                Tongue::British => 'b',
                Tongue::Spanish => 'e',
            };
            assert!(known.id.starts_with(letter), "{}", known.id);
        }
        let spoken: Vec<&str> =
            files.iter().filter_map(|name| name.strip_suffix(".bin")).filter(|name| !ids.contains(name)).collect();
        assert!(spoken.iter().all(|name| !name.starts_with(['a', 'b', 'e'])), "left out: {spoken:?}");
    }
}
