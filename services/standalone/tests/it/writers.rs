//! Who writes: the document's own words without a key, and a model of one's own behind the protocol
//! of OpenAI.

use lectern_testkit::models::{OpenAi, OpenAiOptions, Personality};

use crate::support::{Home, TIDES};

fn home() -> Home {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home
}

/// A server of one's own, with a model called `fake`.
fn server(key: Option<&str>) -> OpenAi {
    let of = OpenAiOptions::of(Personality::Vllm);
    OpenAi::start(OpenAiOptions { models: vec!["fake".to_owned()], key: key.map(str::to_owned), ..of })
}

/// The flags of a dialogue about a short text.
const DIALOGUE: [&str; 12] = [
    "--style",
    "dialogue",
    "--words",
    "100",
    "--speaker",
    "Ann: explains what the document says",
    "--speaker",
    "Bo: asks; curious",
    "--writer",
    "openai",
    "--writer-model",
    "fake",
];

#[test]
fn without_a_writer_of_that_kind_a_person_is_told_how_to_get_one() {
    let home = home();
    let how = ["--writer gemini with a key in GOOGLE_API_KEY or GEMINI_API_KEY", "--writer-url"];
    for (flags, says) in [
        (&["--style", "dialogue"][..], "does not write --style dialogue, but --style narration and --style briefing"),
        (&["--style", "lesson", "--minutes", "3"][..], "does not write --style lesson"),
        (&["--tone", "calm"][..], "takes no direction"),
        (&["--writer", "oracle"][..], "there is no writer \"oracle\" here; name one of: extractive"),
    ] {
        let ran = home.run(&[&["narrate", "tides.md", "--temporary"], flags].concat());
        ran.fails(2, &[says, how[0], how[1]]);
    }
    assert!(!home.at("lectern-out").exists());
    for (flags, says) in [
        (&["--writer", "gemini"][..], "GOOGLE_API_KEY or GEMINI_API_KEY"),
        (&["--writer", "openai"][..], "OPENAI_API_KEY"),
        (&["--writer", "gemini", "--writer-key-file", "gone"][..], "gone cannot be read"),
    ] {
        home.run(&[&["narrate", "tides.md", "--temporary"], flags].concat()).fails(78, &[says]);
    }
    let unnamed = ["narrate", "tides.md", "--writer", "openai", "--writer-url", "http://127.0.0.1:1/v1"];
    home.run(&unnamed).fails(2, &["--writer-model"]);
}

#[test]
fn writers_are_listed_with_what_they_can_do() {
    let home = home();
    let ran = home.done(&["writers"]);
    ran.says(&["extractive", "narration, briefing", "the default writer"]);
    assert!(ran.err.contains("--writer gemini"), "{ran:?}");
    let fake = server(None);
    let home = home
        .with("LECTERN_WRITERS__OWN__URL", fake.url())
        .with("LECTERN_WRITERS__OWN__MODEL", "fake")
        .with("LECTERN_WRITERS__AWAY__URL", "http://127.0.0.1:1/v1")
        .with("LECTERN_WRITERS__AWAY__MODEL", "fake-2")
        .with("LECTERN_DEFAULT_WRITER", "own");
    let ran = home.done(&["writers", "--json"]);
    let listed = ran.json();
    let names: Vec<&str> = listed.iter().filter_map(|writer| writer["name"].as_str()).collect();
    assert_eq!(names, ["own", "extractive", "away"]);
    let own = &listed[0];
    assert_eq!((own["ownWords"].as_bool(), own.get("failure")), (Some(true), None), "{own}");
    assert!(own["styles"].as_array().is_some_and(|styles| styles.len() == 4), "{own}");
    assert!(listed[2]["failure"]["message"].is_string(), "{ran:?}");
    home.done(&["writers"]).says(&["the default writer", "not ready"]);
}

#[test]
fn a_model_of_ones_own_writes_a_dialogue() {
    let (home, fake) = (home(), server(None));
    let url = fake.url();
    let flags = [&DIALOGUE[..], &["--writer-url", &url]].concat();
    let estimated = home.done(&[&["estimate", "tides.md"], &flags[..]].concat());
    estimated.says(&["writer   openai (openai/fake+", "90 to 110 words", "cost     not known", "four characters"]);
    assert_eq!(fake.ledger().calls().len(), 0, "no model is asked for an estimate");
    let own_words = home.done(&["estimate", "tides.md", "--json"]).json();
    assert_eq!(own_words[0]["cost_micro_usd"], serde_json::json!({"least": 0, "most": 0}));
    assert_eq!(own_words[0]["words"]["least"], own_words[0]["words"]["most"], "they are known");
    assert_eq!(own_words[0]["speech_cost_micro_usd"], own_words[0]["cost_micro_usd"], "the voice costs nothing");
    home.done(&["estimate", "tides.md", "--voice", "sine"]).says(&["speech   nothing"]);
    home.run(&["estimate", "tides.md", "--voice", "sine", "--voice", "high"]).fails(2, &["--voice", "several times"]);
    let unknown = home.run(&["estimate", "tides.md", "--voice", "nobody", "--json"]).json();
    assert_eq!(unknown[0]["refused"]["reason"], "VOICE_UNKNOWN");
    let refused = home.run(&["estimate", "tides.md", "--style", "lesson", "--json"]);
    assert_eq!((refused.status, &refused.json()[0]["refused"]["reason"]), (2, &"STYLE_UNSUPPORTED".into()));

    home.done(&[&["narrate", "tides.md"], &flags[..]].concat());
    let calls = fake.ledger().calls().len();
    assert!(calls >= 2, "a plan and a section: {calls}");
    assert!(home.at("lectern-out/tides-dialogue/tides.opus").is_file());
    let manifest = home.read("lectern-out/tides-dialogue/tides.manifest.json");
    assert!(manifest.contains("openai/fake+"), "{manifest}");
    let shown = home.done(&["list", "--json"]);
    let narration = &shown.json()[0];
    assert_eq!(narration["writer"], "openai");
    assert_eq!(narration["cast"][1]["name"], "Bo");

    // The same again costs nothing.
    let again = home.done(&[&["narrate", "tides.md", "--force"], &flags[..]].concat());
    assert!(again.err.contains("it was narrated before"), "{again:?}");
    assert_eq!(fake.ledger().calls().len(), calls);
    let preview = home.run(&[&["preview", "tides.md"], &flags[..]].concat());
    preview.fails(2, &["lectern estimate", "[FEATURE_UNAVAILABLE]"]);
}

#[test]
fn a_dialogue_is_heard_in_the_voices_that_are_named() {
    let (home, fake) = (home(), server(None));
    let url = fake.url();
    let model = ["--writer", "openai", "--writer-model", "fake", "--writer-url", &url];
    let flags = [&["narrate", "tides.md", "--style", "dialogue", "--words", "100"], &model[..]].concat();
    let with = |more: &[&str]| home.run(&[&flags[..], more].concat());
    with(&["--voice", "sine", "--voice", "sine"]).fails(2, &["--voice", "give each their own"]);
    with(&["--voice", "sine", "--voice", "high", "--voice", "sine"]).fails(2, &["--voice", "2 talk"]);
    with(&["--other-voice", "hush"]).fails(2, &["--other-voice: there is no voice hush"]);
    let cast = ["--speaker", "Ann=high: explains", "--speaker", "Bo=tone/sine: asks"];
    home.done(&[&flags[..], &cast].concat());
    let manifest = home.read("lectern-out/tides-dialogue/tides.manifest.json");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let names: Vec<_> = (0..2).map(|at| manifest["speakers"][at]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ann", "Bo"]);
    let voice = |at: usize| manifest["speakers"][at]["voice"].as_str().unwrap();
    assert!(voice(0).starts_with("engines/tone/voices/high@") && voice(1).starts_with("engines/tone/voices/sine@"));
}

#[test]
fn a_key_is_read_from_its_file_and_told_to_nobody() {
    let (home, fake) = (home(), server(Some("sk-told-to-nobody")));
    home.write("key", "sk-told-to-nobody\n");
    let url = fake.url();
    let flags = [&DIALOGUE[..], &["--writer-url", &url]].concat();
    let flags = [&["narrate", "tides.md", "--verbose"], &flags[..]].concat();
    let home = home.with("OPENAI_API_KEY", "sk-told-to-nobody");
    let without = home.run(&flags);
    assert_ne!(without.status, 0, "a key of the environment is not sent there: {without:?}");
    let ran = home.done(&[&flags[..], &["--writer-key-file", "key"]].concat());
    assert!(!format!("{without:?}{ran:?}").contains("told-to-nobody"), "{ran:?}");
    assert!(fake.ledger().billed_calls() >= 2);
}

#[test]
fn a_server_has_its_own_writers() {
    let home = home();
    let (_server, url) = home.up(&[]);
    let flags = ["narrate", "tides.md", "--writer", "openai", "--writer-model", "m"];
    let made = [&flags[..], &["--writer-url", "http://127.0.0.1:1/v1"]].concat();
    home.run(&made).fails(2, &["has the writers of its own settings", "--temporary"]);
    let named = ["narrate", "tides.md", "--server", &url, "--writer", "openai"];
    home.run(&named).fails(2, &["there is no writer \"openai\" here", "its settings name"]);
    home.done(&["writers", "--server", &url]).says(&["extractive"]);
    home.done(&["narrate", "tides.md", "--server", &url, "--writer", "extractive", "-o", "out"]);
}
