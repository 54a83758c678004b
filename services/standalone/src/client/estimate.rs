//! `lectern estimate`: what narrations of documents would take, before anything is spent. A
//! document is handed in for the look and erased after it, unless it was there before.

use lectern_client::Client;
use lectern_core::Failure;
use lectern_proto::v1::{Document, EstimatedRange, Narration, NarrationEstimate, Speaker};
use lectern_runtime::Context;
use serde_json::{Value, json};

use super::hand_in;
use super::instance::{Instance, Work};
use super::look::handed_in_for;
use super::out::{Mode, Out};
use super::sources::{self, Missing};
use super::words::{self, Stop, clock, seconds};
use super::{order, sources_of, speakers};
use crate::cli;
use crate::config::Config;
use crate::writers;

/// A document, and what a narration of it would take.
type Estimated = (Document, NarrationEstimate);

/// Millionths of a US dollar in a cent.
const CENT: i64 = 10_000;

/// Estimates every document. One that is refused is printed with its refusal, and the others
/// follow.
///
/// # Errors
/// That of all documents that were refused, where it is one.
pub async fn run(command: cli::Estimate, config: Config, context: Context) -> Result<(), Stop> {
    order::check(&command.script)?;
    speakers::check((&command).into())?;
    let out = Out::new(Mode::of(command.json, false));
    let items = sources_of(&command.sources, command.name.as_deref(), &context).await?;
    // What is none needs no instance to say so.
    let instance = if items.iter().any(Result::is_ok) {
        let instance = Box::pin(Instance::of(&command.place, Work::Idle, &config, &context, &out)).await?;
        writers::check_own(&command.script.writing, instance.is_own())?;
        Some(instance)
    } else {
        None
    };
    let speakers = match &instance {
        Some(instance) => {
            Box::pin(speakers(&command, &instance.client)).await.map_err(|failure| instance.explain(failure))
        }
        None => Ok(Vec::new()),
    };
    let (script, speed) = (&command.script, Some(command.speed));
    let mut failed = Vec::new();
    for item in &items {
        let (label, estimated) = match (item, &instance, &speakers) {
            (Ok(item), Some(_), Err(failure)) => (item.label.as_str(), Err(failure.clone())),
            (Ok(item), Some(instance), Ok(speakers)) => {
                let client = &instance.client;
                let ask = |document: Document| async move {
                    let speakers = speakers.clone();
                    let order = Narration { speed, speakers, ..order::order(script, &document.name) };
                    client.estimate(order).await
                };
                let estimated = Box::pin(handed_in_for(client, item, &context.shutdown, ask)).await;
                (item.label.as_str(), estimated.map_err(|failure| instance.explain(failure)))
            }
            (Err(Missing { label, failure }), _, _) => (label.as_str(), Err(failure.clone())),
            (Ok(sources::Item { label, .. }), None, _) => (label.as_str(), Err(Failure::internal("no instance"))),
        };
        match &estimated {
            Ok(estimated) => print(&out, label, estimated),
            Err(failure) => {
                failed.push(words::status(failure));
                let (reason, message) = (failure.reason.as_str(), failure.message.as_str());
                out.json(&json!({"source": label, "refused": {"reason": reason, "message": message}}));
                out.complain(&format!("lectern: {label}: {}", words::sentence(failure)));
            }
        }
        if context.shutdown.triggered() {
            break;
        }
    }
    let result = words::end_of_several(&failed);
    let result = match instance {
        Some(instance) => instance.close(result).await,
        None => result,
    };
    result.and(out.finish().map_err(Stop::from))
}

/// Who would speak. The server is asked for its voices where any is named.
///
/// # Errors
/// `VOICE_UNKNOWN`, and what the server answers.
async fn speakers(command: &cli::Estimate, client: &Client) -> Result<Vec<Speaker>, Failure> {
    if !speakers::named(command.into()) {
        return Ok(Vec::new());
    }
    speakers::speakers(command.into(), &client.voices().await?)
}

fn print(out: &Out, label: &str, estimated: &Estimated) {
    out.json(&object(label, estimated));
    lines(label, estimated).iter().for_each(|line| out.line(line));
}

/// An estimate for people.
fn lines(label: &str, (document, estimate): &Estimated) -> Vec<String> {
    let NarrationEstimate { writer, engine, words, characters, .. } = estimate;
    let lengths = [&estimate.shortest_duration, &estimate.longest_duration];
    let [shortest, longest] = lengths.map(|length| length.as_ref().map(seconds).unwrap_or_default());
    let length =
        if shortest == longest { clock(shortest) } else { format!("{} to {}", clock(shortest), clock(longest)) };
    let mut lines = vec![
        label.to_owned(),
        format!("  {}", hand_in::describe(document)),
        format!("  writer   {writer} ({engine})"),
        format!("  heard    {} words, {} characters, {length}", between(*words), between(*characters)),
    ];
    if estimate.model_calls.unwrap_or_default().most > 0 {
        let (calls, input) = (between(estimate.model_calls), between(estimate.input_tokens));
        let output = between(estimate.output_tokens);
        lines.push(format!("  model    {calls} calls, which read {input} tokens and write {output}"));
    }
    for (what, cost) in [("cost  ", estimate.cost_micro_usd), ("speech", estimate.speech_cost_micro_usd)] {
        lines.push(format!("  {what}   {}", cost.map_or_else(|| "not known".to_owned(), dollars)));
    }
    lines.extend(estimate.basis.iter().map(|basis| format!("  note: {basis}")));
    lines
}

/// From least to most, as a person reads it.
fn between(range: Option<EstimatedRange>) -> String {
    let EstimatedRange { least, most } = range.unwrap_or_default();
    if least == most { least.to_string() } else { format!("{least} to {most}") }
}

/// From least to most, in US dollars to the cent: the least is cut and the most is rounded up.
fn dollars(EstimatedRange { least, most }: EstimatedRange) -> String {
    if most == 0 {
        return "nothing".to_owned();
    }
    let cents = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let most_cents = most / CENT + i64::from(most % CENT > 0);
    let (least, most) = (cents(least / CENT), cents(most_cents));
    if least == most { format!("{most} USD") } else { format!("{least} to {most} USD") }
}

/// An estimate for programs.
fn object(label: &str, (document, estimate): &Estimated) -> Value {
    let range = |range: Option<EstimatedRange>| {
        range.map(|EstimatedRange { least, most }| json!({"least": least, "most": most}))
    };
    json!({
        "source": label,
        "pages": document.page_count,
        "writer": estimate.writer,
        "engine": estimate.engine,
        "model_calls": range(estimate.model_calls),
        "input_tokens": range(estimate.input_tokens),
        "output_tokens": range(estimate.output_tokens),
        "words": range(estimate.words),
        "characters": range(estimate.characters),
        "audio": {
            "least": estimate.shortest_duration.as_ref().map(seconds),
            "most": estimate.longest_duration.as_ref().map(seconds),
        },
        "cost_micro_usd": range(estimate.cost_micro_usd),
        "speech_cost_micro_usd": range(estimate.speech_cost_micro_usd),
        "basis": estimate.basis,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(least: i64, most: i64) -> Option<EstimatedRange> {
        Some(EstimatedRange { least, most })
    }

    fn estimate() -> NarrationEstimate {
        let duration = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
        NarrationEstimate {
            writer: "gemini".to_owned(),
            engine: "gemini/m".to_owned(),
            model_calls: range(5, 25),
            input_tokens: range(1_000, 9_000),
            output_tokens: range(500, 7_000),
            words: range(1_188, 1_452),
            characters: range(6_000, 7_300),
            shortest_duration: duration(432),
            longest_duration: duration(528),
            cost_micro_usd: range(12_345, 67_891),
            basis: vec!["it is so".to_owned()],
            speech_cost_micro_usd: range(30_000, 30_000),
        }
    }

    #[test]
    fn an_estimate_is_told_from_least_to_most() {
        let text = lines("a.md", &(Document::default(), estimate())).join("\n");
        for says in [
            "a.md",
            "writer   gemini (gemini/m)",
            "1188 to 1452 words, 6000 to 7300 characters, 7:12 to 8:48",
            "5 to 25 calls, which read 1000 to 9000 tokens and write 500 to 7000",
            "cost     0.01 to 0.07 USD",
            "speech   0.03 USD",
            "note: it is so",
        ] {
            assert!(text.contains(says), "{says:?} is not in {text}");
        }
        let value = object("a.md", &(Document::default(), estimate()));
        assert_eq!(value["cost_micro_usd"], json!({"least": 12_345, "most": 67_891}));
        assert_eq!(value["speech_cost_micro_usd"], json!({"least": 30_000, "most": 30_000}));
        assert_eq!(value["audio"], json!({"least": 432, "most": 528}));
    }

    #[test]
    fn what_costs_nothing_and_what_nobody_knows_are_told_apart() {
        let free = NarrationEstimate {
            model_calls: range(0, 0),
            words: range(10, 10),
            cost_micro_usd: range(0, 0),
            speech_cost_micro_usd: range(0, 0),
            longest_duration: None,
            shortest_duration: None,
            ..estimate()
        };
        let text = lines("a.md", &(Document::default(), free)).join("\n");
        assert!(text.contains("cost     nothing") && text.contains("speech   nothing"), "{text}");
        assert!(text.contains("heard    10 words"), "{text}");
        assert!(!text.contains("model "), "{text}");
        let unknown = NarrationEstimate { cost_micro_usd: None, speech_cost_micro_usd: None, ..estimate() };
        let text = lines("a.md", &(Document::default(), unknown)).join("\n");
        assert!(text.contains("cost     not known") && text.contains("speech   not known"), "{text}");
    }
}
