//! The names that a request may have, at every depth, and what may stand behind each.

/// On which host a name is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) enum On {
    Both,
    Developer,
    Enterprise,
    /// On the Enterprise host, and there in `v1beta1` alone.
    EnterpriseBeta,
    /// In `v1beta1` alone, of a service with one host.
    Beta,
}

/// What stands behind a name.
#[derive(Clone, Copy)]
pub(in crate::models) enum Kind {
    Text,
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits: digits in a string.
    Long,
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Several of these words.
    Words(&'static [&'static str]),
    Texts,
    /// Names to texts.
    Map,
    One(&'static Message),
    Many(&'static Message),
    /// Names to messages.
    MapOf(&'static Message),
    /// Any JSON; looked at elsewhere where it matters.
    Any,
    Anys,
}

/// A message: what it is called in errors, and its fields.
pub(in crate::models) struct Message {
    pub name: &'static str,
    pub fields: &'static [(&'static str, Kind, On)],
}

use Kind::{Any, Anys, Bool, Int, Long, Many, Map, MapOf, Number, One, Text, Texts, Word, Words};
use On::{Both, Developer, Enterprise, EnterpriseBeta};

pub(in crate::models) static REQUEST: Message = Message {
    name: "GenerateContentRequest",
    fields: &[
        ("contents", Many(&CONTENT), Both),
        ("systemInstruction", One(&CONTENT), Both),
        ("generationConfig", One(&CONFIG), Both),
        ("safetySettings", Many(&SAFETY), Both),
        ("tools", Many(&TOOL), Both),
        ("toolConfig", Any, Both),
        ("labels", Map, Both),
        ("cachedContent", Text, Both),
        ("serviceTier", Word(&["flex", "standard", "priority"]), Both),
        ("continuationToken", Text, Developer),
        ("continuationToken", Text, EnterpriseBeta),
        ("store", Bool, Developer),
        ("modelArmorConfig", Any, Enterprise),
    ],
};

/// Of `countTokens` on the Developer host.
pub(in crate::models) static COUNT: Message = Message {
    name: "CountTokensRequest",
    fields: &[("contents", Many(&CONTENT), Both), ("generateContentRequest", One(&COUNTED), Both)],
};

/// Of `countTokens` on the Enterprise host.
pub(in crate::models) static ENTERPRISE_COUNT: Message = Message {
    name: "CountTokensRequest",
    fields: &[
        ("contents", Many(&CONTENT), Both),
        ("systemInstruction", One(&CONTENT), Both),
        ("tools", Many(&TOOL), Both),
        ("generationConfig", One(&CONFIG), Both),
    ],
};

static COUNTED: Message = Message {
    name: "GenerateContentRequest",
    fields: &[
        ("model", Text, Both),
        ("contents", Many(&CONTENT), Both),
        ("systemInstruction", One(&CONTENT), Both),
        ("generationConfig", One(&CONFIG), Both),
        ("tools", Many(&TOOL), Both),
    ],
};

static CONTENT: Message = Message { name: "Content", fields: &[("role", Text, Both), ("parts", Many(&PART), Both)] };

static PART: Message = Message {
    name: "Part",
    fields: &[
        ("text", Text, Both),
        ("inlineData", One(&BLOB), Both),
        ("fileData", One(&FILE), Both),
        ("functionCall", Any, Both),
        ("functionResponse", Any, Both),
        ("thought", Bool, Both),
        ("thoughtSignature", Text, Both),
        ("speechMetadata", One(&SPEECH), Both),
    ],
};

static BLOB: Message = Message { name: "Blob", fields: &[("mimeType", Text, Both), ("data", Text, Both)] };
static FILE: Message = Message { name: "FileData", fields: &[("mimeType", Text, Both), ("fileUri", Text, Both)] };
static SPEECH: Message = Message { name: "SpeechMetadata", fields: &[("style", Text, Both), ("speaker", Text, Both)] };

static CONFIG: Message = Message {
    name: "GenerationConfig",
    fields: &[
        ("temperature", Number, Both),
        ("topP", Number, Both),
        ("topK", Number, Both),
        ("candidateCount", Int, Both),
        ("maxOutputTokens", Int, Both),
        ("stopSequences", Texts, Both),
        ("seed", Int, Both),
        ("presencePenalty", Number, Both),
        ("frequencyPenalty", Number, Both),
        ("responseLogprobs", Bool, Both),
        ("logprobs", Int, Both),
        ("responseMimeType", Text, Both),
        ("responseSchema", One(&SCHEMA), Both),
        ("responseJsonSchema", Any, Both),
        ("responseModalities", Words(&["TEXT", "IMAGE", "AUDIO"]), Both),
        ("mediaResolution", Text, Both),
        ("speechConfig", One(&SPEECH_CONFIG), Both),
        ("thinkingConfig", One(&THINKING), Both),
        ("imageConfig", Any, Both),
        ("routingConfig", Any, Enterprise),
        ("audioTimestamp", Bool, Enterprise),
        ("responseFormat", Many(&FORMAT), Enterprise),
    ],
};

static SPEECH_CONFIG: Message = Message {
    name: "SpeechConfig",
    fields: &[
        ("languageCode", Text, Both),
        ("voiceConfig", One(&VOICE), Both),
        ("multiSpeakerVoiceConfig", One(&SEVERAL), Both),
    ],
};

static VOICE: Message = Message {
    name: "VoiceConfig",
    fields: &[
        ("voice", Text, Both),
        ("prebuiltVoiceConfig", One(&PREBUILT), Both),
        ("replicatedVoiceConfig", Any, Both),
    ],
};

static PREBUILT: Message = Message { name: "PrebuiltVoiceConfig", fields: &[("voiceName", Text, Both)] };

static SEVERAL: Message =
    Message { name: "MultiSpeakerVoiceConfig", fields: &[("speakerVoiceConfigs", Many(&SPEAKER), Both)] };

static SPEAKER: Message =
    Message { name: "SpeakerVoiceConfig", fields: &[("speaker", Text, Both), ("voiceConfig", One(&VOICE), Both)] };

static THINKING: Message = Message {
    name: "ThinkingConfig",
    fields: &[
        ("includeThoughts", Bool, Both),
        ("thinkingBudget", Int, Both),
        ("thinkingLevel", Word(&["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]), Both),
    ],
};

static FORMAT: Message =
    Message { name: "ResponseFormat", fields: &[("text", One(&TEXT_FORMAT), Both), ("audio", Any, Both)] };
static TEXT_FORMAT: Message =
    Message { name: "TextResponseFormat", fields: &[("mimeType", Text, Both), ("schema", Any, Both)] };

static SAFETY: Message = Message {
    name: "SafetySetting",
    fields: &[
        (
            "category",
            Word(&[
                "HARM_CATEGORY_HARASSMENT",
                "HARM_CATEGORY_HATE_SPEECH",
                "HARM_CATEGORY_SEXUALLY_EXPLICIT",
                "HARM_CATEGORY_DANGEROUS_CONTENT",
                "HARM_CATEGORY_CIVIC_INTEGRITY",
                "HARM_CATEGORY_JAILBREAK",
            ]),
            Both,
        ),
        (
            "threshold",
            Word(&["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]),
            Both,
        ),
    ],
};

static TOOL: Message = Message {
    name: "Tool",
    fields: &[("functionDeclarations", Anys, Both), ("googleSearch", Any, Both), ("googleMaps", Any, Both)],
};

/// The subset of OpenAPI 3.0. A schema is also looked at by `schema.rs`.
static SCHEMA: Message = Message {
    name: "Schema",
    fields: &[
        ("type", Word(&["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"]), Both),
        ("format", Text, Both),
        ("title", Text, Both),
        ("description", Text, Both),
        ("nullable", Bool, Both),
        ("enum", Texts, Both),
        ("items", One(&SCHEMA), Both),
        ("minItems", Long, Both),
        ("maxItems", Long, Both),
        ("properties", MapOf(&SCHEMA), Both),
        ("required", Texts, Both),
        ("propertyOrdering", Texts, Both),
        ("minimum", Number, Both),
        ("maximum", Number, Both),
        ("minLength", Long, Both),
        ("maxLength", Long, Both),
        ("minProperties", Long, Both),
        ("maxProperties", Long, Both),
        ("pattern", Text, Both),
        ("anyOf", Many(&SCHEMA), Both),
        ("default", Any, Both),
        ("example", Any, Both),
        ("additionalProperties", Any, Both),
        ("ref", Text, Both),
        ("defs", MapOf(&SCHEMA), Both),
    ],
};
