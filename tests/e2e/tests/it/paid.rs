//! Writers that cost money, on the stack: what is bought of a model, how often, out of which
//! budget, and that the bill is what the model's own side counted.

mod budget;
mod equal;
mod storm;

use lectern_e2e::{Client, PaidModel, of};
use lectern_proto::v1::{self as api, length::Target};

const THINGS: [&str; 8] = ["pump", "valve", "boiler", "turbine", "gauge", "siphon", "condenser", "governor"];
const PLACES: [&str; 7] = ["harbour", "quarry", "foundry", "orchard", "lighthouse", "railway", "brewery"];
/// Sentences of a paragraph.
const PARAGRAPH: usize = 5;
/// Paragraphs under a heading.
const CHAPTER: usize = 8;

/// The sentence of a number. No two say the same.
fn sentence(number: usize) -> String {
    let (thing, place) = (THINGS[number % THINGS.len()], PLACES[number % PLACES.len()]);
    format!("The {thing} near the {place} lifted {} litres within {} minutes.", 1_000 + number * 37, 3 + number * 11)
}

/// The paragraph that begins with the sentence of this number.
fn paragraph(number: usize) -> String {
    (number..number + PARAGRAPH).map(sentence).collect::<Vec<_>>().join(" ")
}

/// Markdown of so many paragraphs, from the sentence of this number on.
fn book(from: usize, paragraphs: usize) -> String {
    let mut text = String::from("# Water at work\n");
    for at in 0..paragraphs {
        if at.is_multiple_of(CHAPTER) {
            let chapter = at / CHAPTER;
            text.push_str(&format!("\n## The {} and the {}\n", THINGS[chapter % 8], PLACES[chapter % 7]));
        }
        text.push_str(&format!("\n{}\n", paragraph(from + at * PARAGRAPH)));
    }
    text
}

/// An order of a dialogue of two, by the writer that costs money. What is heard does not matter.
fn dialogue(document: &api::Document, length: Target) -> api::Narration {
    let character = |name: &str, role: &str| api::Character {
        name: name.to_owned(),
        role: role.to_owned(),
        ..api::Character::default()
    };
    api::Narration {
        style: api::Style::Dialogue.into(),
        length: Some(api::Length { target: Some(length) }),
        cast: vec![character("Ann", "explains"), character("Bo", "asks")],
        writer: PaidModel::WRITER.to_owned(),
        formats: vec![api::OutputFormat::Wav.into()],
        ..of(document)
    }
}

/// What the caller's tenant has spent this month, as the ledger says: all days and models together.
async fn spent(client: &Client) -> api::Bill {
    let answer = client.quota().get_usage(api::GetUsageRequest::default()).await.expect("what was spent").into_inner();
    answer.days.into_iter().map(|day| day.bill.expect("a bill")).fold(api::Bill::default(), sum)
}

/// Both bills in one.
fn sum(one: api::Bill, other: api::Bill) -> api::Bill {
    api::Bill {
        call_count: one.call_count + other.call_count,
        unknown_call_count: one.unknown_call_count + other.unknown_call_count,
        input_token_count: one.input_token_count + other.input_token_count,
        cached_token_count: one.cached_token_count + other.cached_token_count,
        output_token_count: one.output_token_count + other.output_token_count,
        thought_token_count: one.thought_token_count + other.thought_token_count,
        cost_micro_usd: one.cost_micro_usd + other.cost_micro_usd,
        character_count: one.character_count + other.character_count,
    }
}
