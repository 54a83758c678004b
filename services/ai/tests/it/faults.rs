//! What each fault of a provider becomes at the port of models: an end that is no success, or an
//! error with its class. What is done about each is a table of its own (docs/writers.md).

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use lectern_ai::model::{
    Completion, DataPart, Finish, GeminiSettings, HOPS, Host, ModelRow, OpenAiSettings, Prompt, Provider, Rows,
    TextModel,
};
use lectern_core::SystemClock;
use lectern_provider::{Billed, Class, Credential, Endpoint, GOOGLE_KEY, Limits, ProviderError};
use lectern_runtime::Secret;
use lectern_testkit::models::{Gemini, GeminiOptions, ModelFault, OpenAi, OpenAiOptions, Personality};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::http;

fn prompt() -> Prompt {
    Prompt {
        system: "Write.".to_owned(),
        user: "Length: 200 words.".to_owned(),
        data: vec![DataPart::new("section", &"[1] The pump lifted the water of the harbour.\n".repeat(40))],
        schema: json!({
            "type": "object",
            "properties": {"text": {"type": "string", "maxLength": 4000}, "count": {"type": "integer"}},
            "required": ["text", "count"],
            "additionalProperties": false,
        }),
        max_output_tokens: 2000,
        seed: Some(1),
    }
}

fn gemini(fake: &Gemini, id: &str, version: &str) -> impl TextModel + use<> {
    let credential = Credential::Header { name: GOOGLE_KEY, secret: Secret::new(Gemini::KEY) };
    gemini_at(&fake.url(), gemini_row(id), Host::Developer, credential, version)
}

fn gemini_row(id: &str) -> ModelRow {
    Rows::built_in().unwrap().model(Provider::Gemini, id).unwrap()
}

fn gemini_at(url: &str, row: ModelRow, host: Host, credential: Credential, version: &str) -> impl TextModel + use<> {
    let settings = GeminiSettings {
        host,
        endpoint: Endpoint { base: url.parse().unwrap(), credential },
        version: version.to_owned(),
        temperature: None,
        thinking: None,
        limits: Limits::default(),
    };
    lectern_ai::model::Gemini::new(row, http(), Arc::new(SystemClock), settings)
}

/// A model that goes on, on the host and by the version that take a token for that.
fn of_project(fake: &Gemini, streams: bool) -> impl TextModel + use<> {
    let endpoint =
        Endpoint { base: fake.url().parse().unwrap(), credential: Credential::Bearer(Secret::new(Gemini::BEARER)) };
    let host = Host::Enterprise { project: Gemini::PROJECT.to_owned(), location: String::new() };
    let version = host.version().to_owned();
    let limits = Limits::default();
    let settings = GeminiSettings { host, endpoint, version, temperature: None, thinking: None, limits };
    let row = Rows::built_in().unwrap().model(Provider::Gemini, "gemini-4-argon").unwrap();
    lectern_ai::model::Gemini::new(ModelRow { streams, ..row }, http(), Arc::new(SystemClock), settings)
}

fn openai(fake: &OpenAi, server: &str) -> impl TextModel + use<> {
    openai_at(&fake.url(), server, true)
}

fn openai_at(url: &str, server: &str, streams: bool) -> impl TextModel + use<> {
    let rows = Rows::built_in().unwrap();
    let settings = OpenAiSettings {
        server: rows.server(server, "").unwrap(),
        endpoint: Endpoint { base: url.parse().unwrap(), credential: Credential::None },
        temperature: None,
        thinking: None,
        limits: Limits::default(),
    };
    // A model of one's own, under the name that the fake serves.
    let row = ModelRow { id: OpenAi::MODEL.to_owned(), streams, ..rows.model(Provider::OpenAi, "any other").unwrap() };
    lectern_ai::model::OpenAi::new(row, http(), Arc::new(SystemClock), settings)
}

async fn ask(model: &impl TextModel) -> Result<Completion, ProviderError> {
    model.generate(&prompt(), &CancellationToken::new()).await
}

#[tokio::test]
async fn an_end_of_gemini_that_is_no_success_is_none_here() {
    let fake = Gemini::start(GeminiOptions::default());
    let model = gemini(&fake, "gemini-3.8-flash", "v1");
    for (fault, finish) in [
        (ModelFault::EmptyAnswer, Finish::Empty),
        (ModelFault::NoContent, Finish::Other),
        (ModelFault::Withheld, Finish::Refused),
        (ModelFault::PromptRefused, Finish::Refused),
        (ModelFault::ThoughtsUseItUp, Finish::Length),
        (ModelFault::CutAtLimit, Finish::Length),
        (ModelFault::RepeatsPhrase, Finish::Repeating),
        (ModelFault::RepeatsDigit, Finish::Repeating),
        (ModelFault::Recitation, Finish::Recitation),
        (ModelFault::MalformedCall, Finish::ToolCall),
        (ModelFault::UnexpectedCall, Finish::ToolCall),
        (ModelFault::UnknownReason, Finish::Other),
        (ModelFault::OtherModel, Finish::Stop),
        (ModelFault::LineSeparators, Finish::Stop),
    ] {
        fake.faults().queue(fault);
        let answer = ask(&model).await.unwrap();
        assert_eq!(answer.finish, finish, "{fault:?}: {}", answer.finish_raw);
        assert!(answer.usage.input > 0 || finish == Finish::Repeating, "{fault:?}: {:?}", answer.raw_usage);
        assert_eq!(fake.faults().queued(), 0, "{fault:?} struck");
    }
    fake.faults().queue(ModelFault::OtherModel);
    assert_ne!(ask(&model).await.unwrap().model_version, "gemini-3.8-flash");
}

#[tokio::test]
async fn an_error_of_gemini_has_its_class() {
    let fake = Gemini::start(GeminiOptions::default());
    let model = gemini(&fake, "gemini-3.8-flash", "v1");
    for (fault, class) in [
        (ModelFault::QuotaOfMinute, Class::QuotaOfMinute),
        (ModelFault::QuotaOfDay, Class::QuotaOfDay),
        (ModelFault::PurseEmpty, Class::Purse),
        (ModelFault::Overloaded, Class::Overloaded),
        (ModelFault::OverloadedPage, Class::Overloaded),
        (ModelFault::Internal, Class::Server),
        (ModelFault::CredentialRefused, Class::Credentials),
        (ModelFault::Denied, Class::Denied),
        (ModelFault::CutAnswer, Class::Interrupted),
        (ModelFault::NoReason, Class::Interrupted),
        (ModelFault::ErrorInStream, Class::Overloaded),
    ] {
        fake.faults().queue(fault);
        let error = ask(&model).await.unwrap_err();
        assert_eq!(error.class, class, "{fault:?}: {error}");
        fake.faults().clear();
    }
    let unserved = gemini(&fake, "gemini-4-carbon", "v9");
    assert!(matches!(ask(&unserved).await.unwrap_err().class, Class::NotFound | Class::Invalid));
}

#[tokio::test]
async fn an_answer_that_goes_on_is_one_where_the_version_can_and_too_long_where_not() {
    let fake = Gemini::start(GeminiOptions::default());
    let model = gemini(&fake, "gemini-4-argon", "v1");
    fake.faults().queue(ModelFault::Continuation);
    assert_eq!(ask(&model).await.unwrap().finish, Finish::Continuation);
    assert_eq!(fake.ledger().billed_calls(), 1, "this version takes no token");
}

#[tokio::test]
async fn an_answer_of_several_hops_is_whole_and_costs_what_all_of_them_do() {
    for streams in [true, false] {
        let fake = Gemini::start(GeminiOptions::default());
        let model = of_project(&fake, streams);
        let at_once = ask(&model).await.unwrap();
        assert_eq!((at_once.finish, fake.ledger().billed_calls()), (Finish::Stop, 1));
        for hops in 2..=HOPS {
            let (calls, before) = (fake.ledger().calls().len(), fake.ledger().billed());
            fake.faults().strike(ModelFault::Continuation, hops - 1);
            // The fake takes each token once, with the request that it is of.
            let answer = ask(&model).await.unwrap();
            assert_eq!((&answer.text, answer.finish), (&at_once.text, Finish::Stop), "{hops} hops");
            assert_eq!(fake.ledger().calls().len() - calls, hops);
            let (after, usage) = (fake.ledger().billed(), answer.usage);
            assert_eq!(usage.input, after.input - before.input, "each hop reads all of it again");
            assert_eq!(usage.output, after.output - before.output);
            assert_eq!(usage.thoughts, after.thoughts - before.thoughts);
        }
    }
}

#[tokio::test]
async fn an_answer_of_more_hops_than_are_asked_for_is_too_long() {
    let fake = Gemini::start(GeminiOptions::default());
    let model = of_project(&fake, true);
    fake.faults().strike(ModelFault::Continuation, HOPS);
    let answer = ask(&model).await.unwrap();
    assert_eq!((answer.finish, fake.ledger().calls().len()), (Finish::Continuation, HOPS), "a part is no answer");
}

#[tokio::test]
async fn a_hop_that_breaks_off_is_an_error_of_what_was_paid_for() {
    let fake = Gemini::start(GeminiOptions::default());
    let model = of_project(&fake, true);
    for (fault, class) in [(ModelFault::Overloaded, Class::Overloaded), (ModelFault::NoReason, Class::Interrupted)] {
        fake.faults().queue(ModelFault::Continuation);
        fake.faults().queue(fault);
        let error = ask(&model).await.unwrap_err();
        assert_eq!(error.class, class, "{fault:?}: {error}");
        assert_ne!(error.billed, Billed::No, "{fault:?}: the first hop was answered");
    }
}

/// A server that answers one call with this body, and the status of a success.
fn answering(body: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut piece) = (Vec::new(), [0; 4096]);
        while !is_whole(&asked) {
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "the call broke off");
            asked.extend_from_slice(&piece[..count]);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    url
}

/// Whether a request has come with all of its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse().ok()).is_some_and(|length: usize| body.len() >= length)
}

#[tokio::test]
async fn an_error_behind_the_status_of_a_success_is_one_also_without_a_stream() {
    let overloaded = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    let row = ModelRow { streams: false, ..gemini_row("gemini-3.8-flash") };
    let credential = Credential::Header { name: GOOGLE_KEY, secret: Secret::new(Gemini::KEY) };
    let model = gemini_at(&answering(overloaded), row, Host::Developer, credential, "v1");
    assert_eq!(ask(&model).await.unwrap_err().class, Class::Overloaded);
    let failed = r#"{"error":{"message":"It failed.","type":"server_error","param":null,"code":null}}"#;
    let model = openai_at(&answering(failed), "vllm", false);
    assert_eq!(ask(&model).await.unwrap_err().class, Class::Server);
    // An empty field is no error.
    let good = r#"{"error":null,"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}]}"#;
    let model = openai_at(&answering(good), "vllm", false);
    assert_eq!(ask(&model).await.unwrap().finish, Finish::Stop);
}

#[tokio::test]
async fn an_end_of_another_server_that_is_no_success_is_none_here() {
    for (personality, server) in
        [(Personality::Vllm, "vllm"), (Personality::Ollama, "ollama"), (Personality::LlamaCpp, "llama.cpp")]
    {
        let fake = OpenAi::start(OpenAiOptions::of(personality));
        let model = openai(&fake, server);
        for (fault, finish) in [
            (ModelFault::EmptyAnswer, Finish::Empty),
            (ModelFault::CutAtLimit, Finish::Length),
            (ModelFault::RepeatsPhrase, Finish::Repeating),
            (ModelFault::UnknownReason, Finish::Other),
            (ModelFault::MissingUsage, Finish::Stop),
        ] {
            fake.faults().queue(fault);
            let answer = ask(&model).await.unwrap();
            assert_eq!(answer.finish, finish, "{personality:?} {fault:?}: {}", answer.finish_raw);
            fake.faults().clear();
        }
        for (fault, class) in [
            (ModelFault::QuotaOfMinute, Class::QuotaOfMinute),
            (ModelFault::CutAnswer, Class::Interrupted),
            (ModelFault::NoReason, Class::Interrupted),
        ] {
            fake.faults().queue(fault);
            let error = ask(&model).await.unwrap_err();
            assert_eq!(error.class, class, "{personality:?} {fault:?}: {error}");
            fake.faults().clear();
        }
    }
}

#[tokio::test]
async fn a_prompt_that_was_cut_in_silence_is_noticed() {
    let fake = OpenAi::start(OpenAiOptions { context: 300, ..OpenAiOptions::of(Personality::Ollama) });
    let model = openai(&fake, "ollama");
    let long = Prompt {
        data: vec![DataPart::new("section", &"[1] The pump lifted the water of the harbour.\n".repeat(400))],
        max_output_tokens: 100,
        ..prompt()
    };
    let answer = model.generate(&long, &CancellationToken::new()).await.unwrap();
    assert_eq!(answer.finish, Finish::PromptCut, "{}", answer.finish_raw);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_ends() {
    let fake = Gemini::start(GeminiOptions::default());
    let model = gemini(&fake, "gemini-3.8-flash", "v1");
    fake.faults().queue(ModelFault::Hang);
    let cancel = CancellationToken::new();
    let asked = prompt();
    let (answer, ()) = tokio::join!(model.generate(&asked, &cancel), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(answer.unwrap_err().class, Class::Cancelled);
}
