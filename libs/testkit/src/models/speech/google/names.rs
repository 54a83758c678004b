//! The names that a request may have, at every depth, and what may stand behind each.

use crate::models::gemini::Kind::{Any, Int, Many, Number, One, Text, Texts, Word, Words};
use crate::models::gemini::Message;
use crate::models::gemini::On::{Beta, Both};

pub(super) static REQUEST: Message = Message {
    name: "SynthesizeSpeechRequest",
    fields: &[
        ("input", One(&INPUT), Both),
        ("voice", One(&VOICE), Both),
        ("audioConfig", One(&AUDIO), Both),
        ("enableTimePointing", Words(&["SSML_MARK", "TIMEPOINT_TYPE_UNSPECIFIED"]), Beta),
        ("advancedVoiceOptions", Any, Both),
    ],
};

static INPUT: Message = Message {
    name: "SynthesisInput",
    fields: &[
        ("text", Text, Both),
        ("ssml", Text, Both),
        ("markup", Text, Both),
        ("multiSpeakerMarkup", Any, Both),
        ("prompt", Text, Both),
        ("customPronunciations", One(&PRONUNCIATIONS), Both),
    ],
};

static PRONUNCIATIONS: Message =
    Message { name: "CustomPronunciations", fields: &[("pronunciations", Many(&PRONUNCIATION), Both)] };

static PRONUNCIATION: Message = Message {
    name: "CustomPronunciationParams",
    fields: &[
        ("phrase", Text, Both),
        (
            "phoneticEncoding",
            Word(&[
                "PHONETIC_ENCODING_IPA",
                "PHONETIC_ENCODING_X_SAMPA",
                "PHONETIC_ENCODING_JAPANESE_YOMIGANA",
                "PHONETIC_ENCODING_PINYIN",
            ]),
            Both,
        ),
        ("pronunciation", Text, Both),
    ],
};

static VOICE: Message = Message {
    name: "VoiceSelectionParams",
    fields: &[
        ("languageCode", Text, Both),
        ("name", Text, Both),
        ("ssmlGender", Word(&["SSML_VOICE_GENDER_UNSPECIFIED", "MALE", "FEMALE", "NEUTRAL"]), Both),
        ("modelName", Text, Both),
        ("customVoice", Any, Both),
        ("voiceClone", Any, Both),
        ("multiSpeakerVoiceConfig", Any, Both),
    ],
};

static AUDIO: Message = Message {
    name: "AudioConfig",
    fields: &[
        ("audioEncoding", Word(&["LINEAR16", "PCM", "MP3", "OGG_OPUS", "MULAW", "ALAW", "M4A"]), Both),
        ("speakingRate", Number, Both),
        ("pitch", Number, Both),
        ("volumeGainDb", Number, Both),
        ("sampleRateHertz", Int, Both),
        ("effectsProfileId", Texts, Both),
    ],
};
