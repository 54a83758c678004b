//! A voice as callers see it.

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::tts::v1 as tts;
use lectern_proto::v1::{self as api, voice_capabilities as can};
use lectern_provider::{Day, MicroUsd, Place, Price};

use crate::engine::{Capabilities, Markup, Phonemes, PriceUnit, Voice, VoicePrice, WordTimes};

/// Characters that a voice speaks in an hour: some 160 words a minute.
const CHARACTERS_AN_HOUR: u64 = 57_000;
/// Characters of a token, about.
const CHARACTERS_A_TOKEN: u64 = 4;
/// What a price is stated for.
const A_MILLION: u64 = 1_000_000;
const SECONDS_AN_HOUR: u64 = 3_600;

/// `voice` on the wire, with what keeps it from speaking now and its price of today.
pub(super) fn to_wire(voice: &Voice, unready: Option<&Failure>, today: Day) -> api::Voice {
    api::Voice {
        name: voice.id.clone(),
        display_name: voice.name.clone(),
        language_codes: voice.languages.clone(),
        sample_rate_hertz: convert::number(voice.recording_rate()),
        version: voice.version.clone(),
        available: unready.is_none(),
        engine: voice.engine().to_owned(),
        price: voice.price.as_ref().and_then(|price| price_to_wire(price, today)),
        capabilities: Some(capabilities_to_wire(&voice.capabilities, voice.gain_db.is_some())),
        failure: unready.map(|failure| convert::failure_to_wire(failure, None)),
    }
}

/// The price of a day; none where there is none, or it is for nothing.
fn price_to_wire(price: &VoicePrice, today: Day) -> Option<api::VoicePrice> {
    let VoicePrice { unit, provider, model, rows } = price;
    let held = Price::on(rows, provider, model, today, Place::Global).ok()?;
    let (_, input, output) = held.of_a_million()?;
    let wire = match unit {
        PriceUnit::Characters => api::VoicePrice {
            characters_micro_usd: input.signed(),
            hour_micro_usd: MicroUsd::new(cost_of(CHARACTERS_AN_HOUR, input)).signed(),
            ..api::VoicePrice::default()
        },
        PriceUnit::Tokens { per_second } => {
            let text = cost_of(CHARACTERS_AN_HOUR / CHARACTERS_A_TOKEN, input);
            let audio = an_hour_of_audio(*per_second, output);
            api::VoicePrice {
                input_tokens_micro_usd: input.signed(),
                output_tokens_micro_usd: output.signed(),
                hour_micro_usd: MicroUsd::new(text.saturating_add(audio)).signed(),
                ..api::VoicePrice::default()
            }
        }
    };
    Some(wire)
}

/// What speech by a voice costs on a day, for an estimate; none where it costs money and has no
/// price of that day.
pub(super) fn speech_price(voice: &Voice, today: Day) -> Option<tts::SpeechPrice> {
    let free = Some(tts::SpeechPrice::default());
    let Some(VoicePrice { unit, provider, model, rows }) = &voice.price else { return free };
    let held = Price::on(rows, provider, model, today, Place::Global).ok()?;
    let Some((_, input, output)) = held.of_a_million() else { return free };
    let price = match unit {
        PriceUnit::Characters => tts::SpeechPrice { characters_micro_usd: input.signed(), hour_micro_usd: 0 },
        PriceUnit::Tokens { per_second } => tts::SpeechPrice {
            characters_micro_usd: MicroUsd::new(input.get().div_ceil(CHARACTERS_A_TOKEN)).signed(),
            hour_micro_usd: MicroUsd::new(an_hour_of_audio(*per_second, output)).signed(),
        },
    };
    Some(price)
}

/// What an hour of audio costs that has so many tokens a second.
fn an_hour_of_audio(per_second: u32, of_a_million: MicroUsd) -> u64 {
    cost_of(u64::from(per_second).saturating_mul(SECONDS_AN_HOUR), of_a_million)
}

/// What so many characters or tokens cost.
const fn cost_of(units: u64, of_a_million: MicroUsd) -> u64 {
    of_a_million.get().saturating_mul(units) / A_MILLION
}

fn capabilities_to_wire(capabilities: &Capabilities, calibrated: bool) -> api::VoiceCapabilities {
    let Capabilities { markup, phonemes, word_times, speakers, max_bytes, speeds: (slowest, fastest) } = capabilities;
    let markup = match markup {
        Markup::Plain => can::Markup::Plain,
        Markup::Ssml => can::Markup::Ssml,
        Markup::Style => can::Markup::Style,
    };
    let phonemes = match phonemes {
        Phonemes::None => can::Phonemes::None,
        Phonemes::Ipa => can::Phonemes::Ipa,
        Phonemes::Own => can::Phonemes::Own,
    };
    let word_times = match word_times {
        WordTimes::Given => can::WordTimes::Given,
        WordTimes::Marks => can::WordTimes::Marks,
        WordTimes::None => can::WordTimes::None,
    };
    api::VoiceCapabilities {
        markup: markup.into(),
        phonemes: phonemes.into(),
        word_times: word_times.into(),
        speaker_count: i32::from(*speakers),
        request_size_bytes: max_bytes.map_or(0, |bytes| i32::try_from(bytes).unwrap_or(i32::MAX)),
        slowest_speed: f64::from(slowest.hundredths()) / 100.0,
        fastest_speed: f64::from(fastest.hundredths()) / 100.0,
        calibrated,
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::{Kind, Reason};
    use lectern_provider::PriceRow;

    use super::*;
    use crate::testing::a_voice;

    fn row(first_day: &str, input: u64, output: u64) -> PriceRow {
        let first_day = Some(first_day.parse().unwrap());
        let source = "the provider".to_owned();
        PriceRow { first_day, last_day: None, above: 0, input, cached: 0, output, regional_percent: 100, source }
    }

    fn priced(unit: PriceUnit, row: PriceRow) -> Voice {
        let price = VoicePrice { unit, provider: "p".to_owned(), model: "m".to_owned(), rows: vec![row] };
        Voice { price: Some(price), ..a_voice("engines/cloud/voices/one") }
    }

    #[test]
    fn a_voice_says_who_it_is_what_it_can_and_why_it_cannot() {
        let today = "2026-11-28".parse().unwrap();
        let free = to_wire(&a_voice("engines/mine/voices/one"), None, today);
        assert_eq!((free.engine.as_str(), free.available, free.price, free.failure), ("mine", true, None, None));
        let can = free.capabilities.unwrap();
        assert_eq!((can.markup(), can.word_times()), (can::Markup::Plain, can::WordTimes::Given));
        assert_eq!((can.slowest_speed, can.fastest_speed, can.calibrated), (0.5, 2.0, true));
        let missing = Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, "it is not there");
        let quiet = Voice { gain_db: None, ..a_voice("engines/mine/voices/two") };
        let quiet = to_wire(&quiet, Some(&missing), today);
        assert!(!quiet.available && quiet.failure.is_some_and(|failure| failure.message == "it is not there"));
        assert!(!quiet.capabilities.unwrap().calibrated);
    }

    #[test]
    fn a_price_is_that_of_its_day() {
        let today = "2026-11-28".parse().unwrap();
        let price = |voice: &Voice| to_wire(voice, None, today).price;
        let characters = price(&priced(PriceUnit::Characters, row("2026-01-01", 30_000_000, 0))).unwrap();
        assert_eq!((characters.characters_micro_usd, characters.hour_micro_usd), (30_000_000, 1_710_000));
        let tokens = PriceUnit::Tokens { per_second: 25 };
        let tokens_price = price(&priced(tokens, row("2026-01-01", 500_000, 9_000_000))).unwrap();
        assert_eq!((tokens_price.input_tokens_micro_usd, tokens_price.output_tokens_micro_usd), (500_000, 9_000_000));
        assert_eq!(tokens_price.hour_micro_usd, 810_000 + 7_125);
        assert_eq!(price(&priced(tokens, row("2027-01-01", 500_000, 9_000_000))), None, "there is none today");
    }

    #[test]
    fn speech_that_is_free_and_speech_without_a_price_today_are_told_apart() {
        let today = "2026-11-28".parse().unwrap();
        let tokens = PriceUnit::Tokens { per_second: 25 };
        let of = |characters_micro_usd, hour_micro_usd| Some(tts::SpeechPrice { characters_micro_usd, hour_micro_usd });
        for (voice, expected) in [
            (a_voice("engines/mine/voices/one"), of(0, 0)),
            (priced(PriceUnit::Characters, row("2026-01-01", 30_000_000, 0)), of(30_000_000, 0)),
            (priced(tokens, row("2026-01-01", 500_000, 9_000_000)), of(125_000, 810_000)),
            (priced(tokens, row("2027-01-01", 500_000, 9_000_000)), None),
        ] {
            assert_eq!(speech_price(&voice, today), expected, "{:?}", voice.price);
        }
    }
}
