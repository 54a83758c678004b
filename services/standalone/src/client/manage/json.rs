//! Messages of the API about narrations and documents as JSON, as
//! [`crate::client::message`] has it.
//!
//! Every message is taken apart field by field, so that one with a new field does not compile
//! before that is here too.

use lectern_proto::v1 as api;
use lectern_proto::v1::length::Target;
use serde_json::{Map, Value};

use crate::client::lexicons;
use crate::client::message::{Message, status};

/// A narration.
pub fn narration(narration: &api::Narration) -> Value {
    let api::Narration {
        name,
        documents,
        display_name,
        labels,
        style,
        length,
        footnotes,
        speakers,
        speed,
        formats,
        lane,
        language_code,
        time_limit,
        hold_script,
        state,
        progress,
        failure,
        title,
        duration,
        artifacts,
        notes,
        run,
        create_time,
        update_time,
        first_audio_time,
        finish_time,
        deadline_time,
        etag,
        selection,
        skip,
        read,
        wait_reason,
        repin_time,
        direction,
        cast,
        writer,
        bill,
        other_languages,
        spoken_languages,
        emoji,
        lexicons,
        pronunciations,
        lexicon_key,
        without_default_lexicons,
        default_lexicons,
    } = narration;
    let labels: Map<String, Value> =
        labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let lexicon = |used: &api::NarrationLexicon| {
        let api::NarrationLexicon { name, version } = used;
        Message::default().text("name", name).long("version", *version).end()
    };
    let speaker = |speaker: &api::Speaker| {
        let api::Speaker { voice, other_voices } = speaker;
        Message::default().text("voice", voice).texts("otherVoices", other_voices).end()
    };
    Message::default()
        .text("name", name)
        .texts("documents", documents)
        .text("displayName", display_name)
        .maybe("labels", (!labels.is_empty()).then_some(Value::Object(labels)))
        .word("style", *style, api::Style::as_str_name)
        .maybe("length", length.as_ref().map(length_of))
        .word("footnotes", *footnotes, api::Footnotes::as_str_name)
        .list("speakers", speakers, speaker)
        .maybe("speed", speed.map(Value::from))
        .words("formats", formats, api::OutputFormat::as_str_name)
        .word("lane", *lane, api::Lane::as_str_name)
        .text("languageCode", language_code)
        .duration("timeLimit", time_limit.as_ref())
        .flag("holdScript", *hold_script)
        .word("state", *state, api::narration::State::as_str_name)
        .maybe("progress", progress.as_ref().map(progress_of))
        .maybe("failure", failure.as_ref().map(status))
        .text("title", title)
        .duration("duration", duration.as_ref())
        .list("artifacts", artifacts, artifact)
        .texts("notes", notes)
        .number("run", *run)
        .time("createTime", create_time.as_ref())
        .time("updateTime", update_time.as_ref())
        .time("firstAudioTime", first_audio_time.as_ref())
        .time("finishTime", finish_time.as_ref())
        .time("deadlineTime", deadline_time.as_ref())
        .text("etag", etag)
        .maybe("selection", selection.as_ref().map(selection_of))
        .words("skip", skip, api::ContentKind::as_str_name)
        .words("read", read, api::ContentKind::as_str_name)
        .word("waitReason", *wait_reason, api::WaitReason::as_str_name)
        .time("repinTime", repin_time.as_ref())
        .maybe("direction", direction.as_ref().map(direction_of))
        .list("cast", cast, character)
        .text("writer", writer)
        .maybe("bill", bill.as_ref().map(bill_of))
        .word("otherLanguages", *other_languages, api::OtherLanguages::as_str_name)
        .texts("spokenLanguages", spoken_languages)
        .word("emoji", *emoji, api::EmojiPolicy::as_str_name)
        .list("lexicons", lexicons, lexicon)
        .list("pronunciations", pronunciations, lexicons::entry)
        .text("lexiconKey", lexicon_key)
        .flag("withoutDefaultLexicons", *without_default_lexicons)
        .list("defaultLexicons", default_lexicons, lexicon)
        .end()
}

fn bill_of(bill: &api::Bill) -> Value {
    let api::Bill {
        call_count,
        unknown_call_count,
        input_token_count,
        cached_token_count,
        output_token_count,
        thought_token_count,
        cost_micro_usd,
        character_count,
    } = bill;
    Message::default()
        .long("callCount", *call_count)
        .long("unknownCallCount", *unknown_call_count)
        .long("inputTokenCount", *input_token_count)
        .long("cachedTokenCount", *cached_token_count)
        .long("outputTokenCount", *output_token_count)
        .long("thoughtTokenCount", *thought_token_count)
        .long("costMicroUsd", *cost_micro_usd)
        .long("characterCount", *character_count)
        .end()
}

fn direction_of(direction: &api::Direction) -> Value {
    let api::Direction { audience, tone, focus, instructions, intro, outro, language_code } = direction;
    Message::default()
        .text("audience", audience)
        .text("tone", tone)
        .text("focus", focus)
        .text("instructions", instructions)
        .flag("intro", *intro)
        .flag("outro", *outro)
        .text("languageCode", language_code)
        .end()
}

fn character(character: &api::Character) -> Value {
    let api::Character { name, role, manner } = character;
    Message::default().text("name", name).text("role", role).text("manner", manner).end()
}

fn length_of(length: &api::Length) -> Value {
    let api::Length { target } = length;
    match target {
        Some(Target::Duration(duration)) => Message::default().duration("duration", Some(duration)).end(),
        Some(Target::WordCount(words)) => Message::default().put("wordCount", Value::from(*words)).end(),
        None => Message::default().end(),
    }
}

fn progress_of(progress: &api::Progress) -> Value {
    let api::Progress {
        section_count,
        written_section_count,
        recorded_section_count,
        word_count,
        utterance_count,
        reused_utterance_count,
        recorded_duration,
        estimated_duration,
        assembled_duration,
    } = progress;
    Message::default()
        .maybe("sectionCount", section_count.map(Value::from))
        .number("writtenSectionCount", *written_section_count)
        .number("recordedSectionCount", *recorded_section_count)
        .long("wordCount", *word_count)
        .long("utteranceCount", *utterance_count)
        .long("reusedUtteranceCount", *reused_utterance_count)
        .duration("recordedDuration", recorded_duration.as_ref())
        .duration("estimatedDuration", estimated_duration.as_ref())
        .duration("assembledDuration", assembled_duration.as_ref())
        .end()
}

fn artifact(artifact: &api::Artifact) -> Value {
    let api::Artifact { name, mime_type, size_bytes, sha256 } = artifact;
    Message::default()
        .text("name", name)
        .text("mimeType", mime_type)
        .long("sizeBytes", *size_bytes)
        .text("sha256", sha256)
        .end()
}

fn selection_of(selection: &api::Selection) -> Value {
    let api::Selection { pages, chapters, first } = selection;
    let range = |range: &api::NumberRange| {
        let api::NumberRange { first, last } = range;
        Message::default().number("first", *first).number("last", *last).end()
    };
    Message::default()
        .list("pages", pages, range)
        .list("chapters", chapters, range)
        .duration("first", first.as_ref())
        .end()
}

/// A writer.
pub fn writer(writer: &api::Writer) -> Value {
    let api::Writer { name, engine, styles, language_codes, own_words, paid, failure } = writer;
    Message::default()
        .text("name", name)
        .text("engine", engine)
        .words("styles", styles, api::Style::as_str_name)
        .texts("languageCodes", language_codes)
        .flag("ownWords", *own_words)
        .flag("paid", *paid)
        .maybe("failure", failure.as_ref().map(status))
        .end()
}

/// What was spent on one day with one model.
pub fn day_usage(usage: &api::DayUsage) -> Value {
    let api::DayUsage { day, writer, model, bill, engine } = usage;
    Message::default()
        .text("day", day)
        .text("writer", writer)
        .text("model", model)
        .maybe("bill", bill.as_ref().map(bill_of))
        .text("engine", engine)
        .end()
}

/// A document.
pub fn document(document: &api::Document) -> Value {
    let api::Document {
        name,
        display_name,
        language_code,
        title,
        mime_type,
        size_bytes,
        sha256,
        page_count,
        word_count,
        outline,
        warnings,
        create_time,
        etag,
        revises,
        first_revision,
    } = document;
    let heading = |heading: &api::Heading| {
        let api::Heading { level, text, page } = heading;
        Message::default().number("level", *level).text("text", text).maybe("page", page.map(Value::from)).end()
    };
    Message::default()
        .text("name", name)
        .text("displayName", display_name)
        .text("languageCode", language_code)
        .text("title", title)
        .text("mimeType", mime_type)
        .long("sizeBytes", *size_bytes)
        .text("sha256", sha256)
        .maybe("pageCount", page_count.map(Value::from))
        .long("wordCount", *word_count)
        .list("outline", outline, heading)
        .texts("warnings", warnings)
        .time("createTime", create_time.as_ref())
        .text("etag", etag)
        .text("revises", revises)
        .text("firstRevision", first_revision)
        .end()
}

/// A voice.
pub fn voice(voice: &api::Voice) -> Value {
    let api::Voice {
        name,
        display_name,
        language_codes,
        sample_rate_hertz,
        version,
        available,
        engine,
        price,
        capabilities,
        failure,
    } = voice;
    Message::default()
        .text("name", name)
        .text("displayName", display_name)
        .texts("languageCodes", language_codes)
        .number("sampleRateHertz", *sample_rate_hertz)
        .text("version", version)
        .flag("available", *available)
        .text("engine", engine)
        .maybe("price", price.as_ref().map(voice_price))
        .maybe("capabilities", capabilities.as_ref().map(voice_capabilities))
        .maybe("failure", failure.as_ref().map(status))
        .end()
}

/// What a voice costs.
fn voice_price(price: &api::VoicePrice) -> Value {
    let api::VoicePrice { characters_micro_usd, input_tokens_micro_usd, output_tokens_micro_usd, hour_micro_usd } =
        price;
    Message::default()
        .long("charactersMicroUsd", *characters_micro_usd)
        .long("inputTokensMicroUsd", *input_tokens_micro_usd)
        .long("outputTokensMicroUsd", *output_tokens_micro_usd)
        .long("hourMicroUsd", *hour_micro_usd)
        .end()
}

/// What a voice can do.
fn voice_capabilities(capabilities: &api::VoiceCapabilities) -> Value {
    use api::voice_capabilities::{Markup, Phonemes, WordTimes};
    let api::VoiceCapabilities {
        markup,
        phonemes,
        word_times,
        speaker_count,
        request_size_bytes,
        slowest_speed,
        fastest_speed,
        calibrated,
    } = capabilities;
    Message::default()
        .word("markup", *markup, Markup::as_str_name)
        .word("phonemes", *phonemes, Phonemes::as_str_name)
        .word("wordTimes", *word_times, WordTimes::as_str_name)
        .number("speakerCount", *speaker_count)
        .number("requestSizeBytes", *request_size_bytes)
        .maybe("slowestSpeed", factor(*slowest_speed))
        .maybe("fastestSpeed", factor(*fastest_speed))
        .flag("calibrated", *calibrated)
        .end()
}

/// A tempo, where one is said.
fn factor(speed: f64) -> Option<Value> {
    (speed > 0.0).then(|| Value::from(speed))
}

/// The receipt of an erasure.
pub fn erasure(erasure: &api::Erasure) -> Value {
    let api::Erasure { name, create_time, items, first_sweep_time, second_sweep_time, first_revision } = erasure;
    let item = |item: &api::ErasedItems| {
        let api::ErasedItems { kind, first_sweep_count, second_sweep_count } = item;
        Message::default()
            .word("kind", *kind, api::erased_items::Kind::as_str_name)
            .long("firstSweepCount", *first_sweep_count)
            .long("secondSweepCount", *second_sweep_count)
            .end()
    };
    Message::default()
        .text("name", name)
        .time("createTime", create_time.as_ref())
        .list("items", items, item)
        .time("firstSweepTime", first_sweep_time.as_ref())
        .time("secondSweepTime", second_sweep_time.as_ref())
        .text("firstRevision", first_revision)
        .end()
}

#[cfg(test)]
mod tests {
    use lectern_core::Failure;
    use lectern_proto::convert;
    use serde_json::json;

    use super::*;
    use crate::client::message::ERROR_INFO;

    fn time(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    fn length(seconds: i64, nanos: i32) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds, nanos })
    }

    #[test]
    fn what_is_not_set_is_not_there() {
        assert_eq!(narration(&api::Narration::default()), json!({}));
        assert_eq!(document(&api::Document::default()), json!({}));
    }

    #[test]
    fn a_narration_is_what_any_other_client_of_the_api_prints() {
        let failure = convert::failure_to_wire(&Failure::not_found("documents/d1"), None);
        let progress = api::Progress {
            section_count: Some(0),
            word_count: 20_000,
            recorded_duration: length(61, 500_000_000),
            ..api::Progress::default()
        };
        let wire = api::Narration {
            name: "narrations/n1".to_owned(),
            documents: vec!["documents/d1".to_owned()],
            labels: [("paper".to_owned(), "tides".to_owned())].into(),
            style: api::Style::Briefing.into(),
            length: Some(api::Length { target: Some(Target::WordCount(300)) }),
            speakers: vec![api::Speaker { voice: "engines/tone/voices/sine".to_owned(), other_voices: Vec::new() }],
            speed: Some(1.5),
            formats: vec![api::OutputFormat::Opus.into(), 99],
            state: api::narration::State::Failed.into(),
            progress: Some(progress),
            failure: Some(failure),
            run: 1,
            create_time: time(0),
            artifacts: vec![api::Artifact { size_bytes: 5_000_000_000, ..api::Artifact::default() }],
            selection: Some(api::Selection {
                pages: vec![api::NumberRange { first: 3, last: 9 }],
                chapters: Vec::new(),
                first: length(60, 0),
            }),
            skip: vec![api::ContentKind::FrontMatter.into()],
            wait_reason: api::WaitReason::Queue.into(),
            without_default_lexicons: true,
            default_lexicons: vec![api::NarrationLexicon { name: "lexicons/a".to_owned(), version: 2 }],
            ..api::Narration::default()
        };
        let expected = json!({
            "name": "narrations/n1",
            "documents": ["documents/d1"],
            "labels": {"paper": "tides"},
            "style": "STYLE_BRIEFING",
            "length": {"wordCount": 300},
            "speakers": [{"voice": "engines/tone/voices/sine"}],
            "speed": 1.5,
            // A format of a later version.
            "formats": ["OUTPUT_FORMAT_OPUS", 99],
            "state": "STATE_FAILED",
            "progress": {"sectionCount": 0, "wordCount": "20000", "recordedDuration": "61.500s"},
            "failure": {
                "code": 5,
                "message": "documents/d1 does not exist; list the collection to see what does",
                "details": [{"@type": ERROR_INFO, "reason": "RESOURCE_NOT_FOUND", "domain": "lectern"}],
            },
            "run": 1,
            "createTime": "1970-01-01T00:00:00Z",
            "artifacts": [{"sizeBytes": "5000000000"}],
            "selection": {"pages": [{"first": 3, "last": 9}], "first": "60s"},
            "skip": ["CONTENT_KIND_FRONT_MATTER"],
            "waitReason": "WAIT_REASON_QUEUE",
            "withoutDefaultLexicons": true,
            "defaultLexicons": [{"name": "lexicons/a", "version": "2"}],
        });
        assert_eq!(narration(&wire), expected);
    }

    #[test]
    fn documents_voices_and_receipts_have_the_names_of_the_api() {
        let wire = api::Document {
            page_count: Some(6),
            word_count: 2_035,
            outline: vec![api::Heading { level: 1, text: "Tides".to_owned(), page: Some(1) }],
            ..api::Document::default()
        };
        let outline = json!([{"level": 1, "text": "Tides", "page": 1}]);
        assert_eq!(document(&wire), json!({"pageCount": 6, "wordCount": "2035", "outline": outline}));

        let wire = api::Voice { sample_rate_hertz: 24_000, available: true, ..api::Voice::default() };
        assert_eq!(voice(&wire), json!({"sampleRateHertz": 24_000, "available": true}));
        let markup = api::voice_capabilities::Markup::Plain.into();
        let capabilities = api::VoiceCapabilities { markup, fastest_speed: 2.0, ..api::VoiceCapabilities::default() };
        let price = api::VoicePrice { characters_micro_usd: 30, ..api::VoicePrice::default() };
        let wire = api::Voice {
            engine: "cloud".to_owned(),
            price: Some(price),
            capabilities: Some(capabilities),
            ..api::Voice::default()
        };
        let capabilities = json!({"markup": "MARKUP_PLAIN", "fastestSpeed": 2.0});
        let expected = json!({"engine": "cloud", "price": {"charactersMicroUsd": "30"}, "capabilities": capabilities});
        assert_eq!(voice(&wire), expected);

        let kind = api::erased_items::Kind::SegmentObject.into();
        let items = vec![api::ErasedItems { kind, first_sweep_count: 44, second_sweep_count: 0 }];
        let wire = api::Erasure { items, second_sweep_time: time(60), ..api::Erasure::default() };
        let items = json!([{"kind": "KIND_SEGMENT_OBJECT", "firstSweepCount": "44"}]);
        assert_eq!(erasure(&wire), json!({"items": items, "secondSweepTime": "1970-01-01T00:01:00Z"}));
    }
}
