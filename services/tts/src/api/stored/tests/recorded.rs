//! What the stage itself recorded is what a count of the same utterances finds.

use lectern_core::content::Range;
use lectern_core::content::script::{Manner, Mapping, Mark};
use lectern_core::lexicon::{Entry, Lexicon};
use lectern_proto::work::v1::{RecordSection, command::Work, event::Outcome};
use lectern_stage::{Job, Perform as _};

use super::*;
use crate::engine::tone::ToneEngine;
use crate::engine::{Capabilities, Markup, Voice};
use crate::testing::{a_voice, cashier, on_a_core, speaker, spoken_by};
use crate::timeline::fixture;
use crate::work::{Recordings, lexicon};

const SECRET: &[u8] = b"a secret";
const TENANT: &str = "acme";
const SCOPE: &str = "book";

/// The places of the utterances of [`script`] in it.
const PLAIN: usize = 0;
const WRITTEN: usize = 1;
const SPELT: usize = 2;
const MARKED: usize = 3;
const GERMAN: usize = 4;

/// What is said: as it is written, otherwise than it is written, with a word of a lexicon in both,
/// with a mark, and in another language.
fn script() -> Vec<Utterance> {
    let said = |id, text| utterance(id, Place::Body, true, text);
    let step = |spoken: (u32, u32), original: (u32, u32)| Mapping {
        spoken: Range::new(spoken.0, spoken.1),
        original: Range::new(original.0, original.1),
    };
    let written = Utterance {
        original: "In 1984.".to_owned(),
        map: vec![step((0, 2), (0, 2)), step((3, 24), (3, 8))],
        ..said(1, "In nineteen eighty-four.")
    };
    let marks = vec![Mark { spoken: Range::new(3, 7), manner: Manner::Emphasis }];
    let marked = Utterance { marks, ..said(3, "Go now.") };
    let german = Utterance { language: Some("de-AT".to_owned()), ..said(4, "Es gibt den Tag.") };
    vec![said(0, "It is said."), written, said(2, "Ask Siobhan."), marked, german]
}

/// An entry that stands in what is written alone, and one that stands in what is spoken too.
fn entries() -> Vec<Entry> {
    vec![Entry::spelt("1984", "that year"), Entry::spelt("Siobhan", "shi vawn")]
}

/// The voice of the script, which is told of marks, and that of the other language.
fn voices() -> [Voice; 2] {
    let capabilities = Capabilities { markup: Markup::Ssml, ..Capabilities::default() };
    [
        Voice { capabilities, ..a_voice("engines/told/voices/one") },
        Voice { languages: vec!["de".to_owned()], ..a_voice("engines/german/voices/one") },
    ]
}

fn delivery() -> work::Delivery {
    let [told, german] = voices();
    let mut delivery = spoken_by(&[told]);
    delivery.speakers[0].manners = true;
    let speaker = spoken_by(&[german]).speakers.pop();
    delivery.languages = vec![work::LanguageSpeaker { language_code: "de".to_owned(), speaker }];
    delivery
}

/// Whose speech a preview of an order with these entries looks for.
fn of(entries: &[Entry]) -> tts::StoredSpeechOf {
    let lexicon = (!entries.is_empty()).then(|| convert::order_lexicon_to_wire("en", entries));
    tts::StoredSpeechOf { scope: SCOPE.to_owned(), delivery: Some(delivery()), lexicon }
}

/// A process over a scope in which a narration of `utterances` with these entries was recorded.
async fn recorded(utterances: Vec<Utterance>, entries: &[Entry]) -> Speech {
    let engines = voices().map(|voice| on_a_core(&Arc::new(ToneEngine::speaking_as(voice))));
    let (voices, secrets) = (Voices::new(engines.to_vec()), Secrets::one(SECRET));
    let stage = Recordings::new(voices.clone(), Segments::new(speaker(), 1), secrets.names(), cashier());
    let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
    let tenant: TenantId = TENANT.parse().unwrap();
    let objects = Objects::new(Arc::clone(&blob) as _, &tenant, &SCOPE.parse().unwrap());
    let mut delivery = delivery();
    if !entries.is_empty() {
        let lexicon = Lexicon::of("en", entries.to_vec());
        delivery.lexicon_key = lexicon::put(&objects, &secrets.of(&tenant), &lexicon).await.unwrap().to_string();
    }
    let count = i32::try_from(utterances.len()).unwrap();
    let (section, section_key) = (fixture::of(0, utterances), Digest::of(b"a section"));
    objects.write_json(&objects.folder().section(&section_key), &section).await.unwrap();
    let command = RecordSection {
        section_key: section_key.to_string(),
        track_key: Digest::of(b"a track").to_string(),
        delivery: Some(delivery),
        ..RecordSection::default()
    };
    let job = Job {
        step: "0af1/1/record/0".parse().unwrap(),
        tenant,
        objects,
        cancel: Default::default(),
        progress: Default::default(),
        payment: Default::default(),
    };
    let outcome = stage.perform(&job, Work::RecordSection(command)).await.unwrap();
    let Outcome::Recorded(recorded) = outcome else { panic!("{outcome:?}") };
    assert_eq!((recorded.utterance_count, recorded.reused_utterance_count), (count, 0), "all of it is new");
    Speech::new(voices, Segments::new(speaker(), 1), blob, secrets, Arc::new(SystemClock))
}

/// Those of `utterances` whose speech is not there, each by its place; and that a count of all of
/// them together says as many.
async fn missing(speech: &Speech, of: &tts::StoredSpeechOf, utterances: &[Utterance]) -> Vec<usize> {
    let counted = async |utterances: &[Utterance]| {
        let spoken = utterances.iter().map(|utterance| utterance.spoken.clone()).collect();
        let inputs = utterances.iter().map(convert::speech_inputs_to_wire).collect();
        let messages = [Part::Of(of.clone()), texts_of(spoken, inputs)].map(message);
        let messages = stream::iter(messages.into_iter().map(Ok));
        let counted = count(speech, &TENANT.parse().unwrap(), messages).await.unwrap();
        let number = |wire: i32| usize::try_from(wire).unwrap();
        assert_eq!(number(counted.utterance_count), utterances.len());
        utterances.len() - number(counted.stored_utterance_count)
    };
    let mut missing = Vec::new();
    for (place, utterance) in utterances.iter().enumerate() {
        if counted(std::slice::from_ref(utterance)).await > 0 {
            missing.push(place);
        }
    }
    assert_eq!(counted(utterances).await, missing.len());
    missing
}

#[tokio::test]
async fn all_that_a_narration_recorded_is_counted() {
    // So many that they are listed when all are counted together.
    let mut said = script();
    said.extend((5..40).map(|n| utterance(n, Place::Body, true, &format!("Sentence {n}."))));
    assert!(said.len() > FEW);
    let speech = recorded(said.clone(), &entries()).await;
    assert_eq!(missing(&speech, &of(&entries()), &said).await, [0_usize; 0]);
}

#[tokio::test]
async fn of_a_changed_order_what_is_concerned_is_missing_and_nothing_else() {
    let speech = recorded(script(), &entries()).await;
    let [year, name] = [Entry::spelt("1984", "the year"), Entry::spelt("Siobhan", "shi von")];
    let [old_year, old_name]: [Entry; 2] = entries().try_into().unwrap();
    for (entries, concerned) in [
        (vec![year.clone(), old_name.clone()], vec![WRITTEN]),
        (vec![old_year.clone(), name.clone()], vec![SPELT]),
        (vec![year, name], vec![WRITTEN, SPELT]),
        (vec![old_name.clone()], vec![WRITTEN]),
        (vec![], vec![WRITTEN, SPELT]),
        (vec![old_year, old_name, Entry::spelt("nobody", "no body")], vec![]),
    ] {
        assert_eq!(missing(&speech, &of(&entries), &script()).await, concerned, "{entries:?}");
    }

    let mut deaf = of(&entries());
    deaf.delivery.iter_mut().for_each(|delivery| delivery.speakers[0].manners = false);
    assert_eq!(missing(&speech, &deaf, &script()).await, [MARKED], "what had a mark was spoken with it");
    let mut newer = of(&entries());
    let languages = newer.delivery.iter_mut().flat_map(|delivery| delivery.languages.iter_mut());
    let voices = languages.filter_map(|one| one.speaker.as_mut()?.voice.as_mut());
    voices.for_each(|voice| voice.version = "2".to_owned());
    assert_eq!(missing(&speech, &newer, &script()).await, [GERMAN]);
}

#[tokio::test]
async fn of_a_changed_script_what_is_said_otherwise_is_missing() {
    let speech = recorded(script(), &entries()).await;
    let changed = |place: usize, change: fn(&mut Utterance)| {
        let mut script = script();
        change(&mut script[place]);
        script
    };
    for (script, concerned) in [
        (changed(PLAIN, |said| said.spoken = "It is told.".to_owned()), PLAIN),
        (changed(WRITTEN, |said| said.original = "In 1985.".to_owned()), WRITTEN),
        (changed(MARKED, |said| said.marks[0].manner = Manner::Quotation), MARKED),
        (changed(MARKED, |said| said.marks.clear()), MARKED),
        (changed(GERMAN, |said| said.language = None), GERMAN),
    ] {
        assert_eq!(missing(&speech, &of(&entries()), &script).await, [concerned], "{:?}", script[concerned]);
    }
}
