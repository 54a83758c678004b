//! What a script in a model's words would take, without asking the model: from the document, the
//! calls that the style makes, and the row of the model.
//!
//! | what | at least | at most |
//! | --- | --- | --- |
//! | versions of a section | one | three, until its length is right |
//! | a section beside that | nothing | one repair, three additions and one shortening |
//! | tokens of the material | what a section of equal size has | all that a section may have |
//! | tokens of an answer | its words, in short fields | its words and a third more, and all the thoughts that are allowed |
//!
//! An answer that cannot be used is asked for again, and a provider that is overloaded is too:
//! neither is in the estimate.

use std::sync::Arc;

use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Order, Style};
use lectern_core::content::{length, words};
use lectern_core::{Failure, Timestamp};
use lectern_provider::{Place, Price};

use super::desk::{Desk, tokens_of};
use super::material::{self, tokens_of_blocks};
use super::plan::{self, Ground, Shape};
use super::{outline, prompt, style, write};
use crate::compose::Stop;
use crate::engine::estimate::{Estimate, Expected, heard};
use crate::model::{Day, ModelRow, PriceRow, Usage};
use crate::work::compute;

/// Calls for a section: a version that is right at once; or every question that there may be.
pub(super) const CALLS_OF_A_SECTION: Expected = Expected::range(1, write::MOST_QUESTIONS as u64);
/// Tokens of a hundred words of an answer. A word of English prose is 1.3 tokens or so, by the
/// providers' own rule of thumb of four characters a token; the fields around a sentence of some 18
/// words are 30 tokens or so, by what our schema has.
const TOKENS_OF_HUNDRED_WORDS: Expected = Expected::range(250, 400);
/// Words of a planned section in the answer of a plan: its title and its brief.
const WORDS_OF_A_BRIEF: Expected = Expected::range(30, 80);
/// Tokens of the instructions of a call, and of the schema of its answer, which a provider may
/// count too.
const TOKENS_OF_A_SCHEMA: Expected = Expected::range(0, 500);
/// Tokens of the brief of another section in a prompt, and of all of them at most.
const TOKENS_OF_ANOTHER_BRIEF: Expected = Expected::range(20, 75);
const TOKENS_OF_ALL_BRIEFS: u64 = 3000;
/// A script is held to its length within so many hundredths.
const OFF_LENGTH: u64 = 10;
/// Words that are said of a table, a listing, a figure or a formula.
const WORDS_OF_A_NOTATION: Expected = Expected::range(15, 120);

/// One call.
#[derive(Debug, Clone, Copy)]
struct Call {
    input: Expected,
    /// Without what the model thinks.
    output: Expected,
}

/// What is added up.
struct Bill<'a> {
    row: &'a ModelRow,
    day: Day,
    /// None where none is known, and for a model that costs nothing.
    price: Option<Price>,
    calls: Expected,
    input: Expected,
    output: Expected,
    /// In millionths of a US dollar, each call rounded up as its provider's bill is.
    cost: Option<Expected>,
}

impl<'a> Bill<'a> {
    fn new(row: &'a ModelRow, day: Day, place: Place) -> Self {
        let price = Price::on(&row.prices, row.provider.name(), &row.id, day, place).ok();
        let price = price.filter(|price| !price.is_free());
        let cost = price.as_ref().map(|_| Expected::default());
        let (calls, input, output) = (Expected::default(), Expected::default(), Expected::default());
        Self { row, day, price, calls, input, output, cost }
    }

    /// Adds so many calls of one sort.
    fn add(&mut self, times: Expected, call: Call) {
        let thoughts = self.row.thinking.as_ref().map_or(0, |thinking| u64::from(thinking.allowance));
        let limit = u64::from(self.row.output);
        let output = Expected::range(call.output.least.min(limit), (call.output.most + thoughts).min(limit));
        self.calls = self.calls.plus(times);
        self.input = self.input.plus(times.times(call.input));
        self.output = self.output.plus(times.times(output));
        let of_calls = self.price.as_ref().map(|price| {
            let cost = |input, output| price.cost(Usage { input, output, ..Usage::default() }).get();
            let least = cost(call.input.least, output.least);
            times.times(Expected::range(least, cost(call.input.most, output.most)))
        });
        self.cost = self.cost.zip(of_calls).map(|(before, more)| before.plus(more));
    }

    /// The whole, with the words that would be heard.
    fn estimate(self, words: Expected, characters: Expected, basis: Vec<String>) -> Estimate {
        let prices = prices(self.row, self.price.as_ref(), self.day);
        Estimate {
            calls: self.calls,
            input_tokens: self.input,
            output_tokens: self.output,
            words,
            characters,
            cost: self.cost,
            basis: basis.into_iter().chain([prices]).collect(),
        }
    }
}

/// What is said of the prices.
fn prices(row: &ModelRow, price: Option<&Price>, day: Day) -> String {
    let id = &row.id;
    let Some((PriceRow { last_day, source, .. }, input, output)) = price.and_then(Price::of_a_million) else {
        return format!(
            "no price of {id} is known on {day}: a model on a server of one's own costs nothing but its power, and \
             for another a row in models_file has the price"
        );
    };
    let until = last_day.map(|last| format!(" until {last}")).unwrap_or_default();
    let dollars = |micro: u64| format!("{}.{:02}", micro / 1_000_000, micro % 1_000_000 / 10_000);
    format!(
        "a million tokens of {id} are taken to cost {} USD to read and {} USD to write{until}, by {source}; what a \
         provider's cache saves is not in it",
        dollars(input.get()),
        dollars(output.get())
    )
}

/// What a script would take.
///
/// # Errors
/// Those of a plan, as far as they do not come from a model.
pub(super) async fn estimate(desk: &Desk<'_>, now: Timestamp) -> Result<Estimate, Failure> {
    let bill = Bill::new(desk.model.describe(), Day::of(now), desk.model.place());
    let order = desk.work.order;
    match order.style {
        Style::Narration => notated(desk, bill).await,
        Style::Briefing => written(desk, bill, style::briefing::SHAPE).await,
        Style::Lesson => written(desk, bill, style::lesson::SHAPE).await,
        Style::Dialogue => written(desk, bill, style::dialogue::SHAPE).await,
    }
}

/// A narration: the document's words, and a call for every dozen of blocks that have none.
async fn notated(desk: &Desk<'_>, mut bill: Bill<'_>) -> Result<Estimate, Failure> {
    style::narration::check(desk.work.order)?;
    let ground = plan::ground(desk).await?;
    let content = desk.work.content;
    let (own, narration, stop) = (Arc::clone(content), ground.narration.clone(), Stop::at(desk.work.cancel.clone()));
    let (heard_words, characters) = compute(move || heard(&own, &narration, &stop)).await?;
    let fixed = fixed(desk, prompt::NOTATION);
    let mut notations = 0_u64;
    for section in &ground.narration.sections {
        let blocks = section.blocks.iter().filter_map(|id| content.blocks.get(*id as usize));
        let blocks: Vec<&Block> = blocks.filter(|block| style::narration::takes_words(block)).collect();
        for asked in blocks.chunks(style::narration::BLOCKS_OF_A_QUESTION) {
            let count = asked.len() as u64;
            notations = notations.saturating_add(count);
            let least = tokens_of_blocks(asked.iter().copied());
            // With a neighbour of a page's size on either side.
            let most = least.saturating_add(count.saturating_mul(300)).min(u64::from(desk.reads()).max(least));
            let output = of_words(Expected::exactly(count).times(WORDS_OF_A_NOTATION));
            bill.add(Expected::exactly(1), Call { input: fixed.plus(Expected::range(least, most)), output });
        }
    }
    let added = Expected::exactly(notations).times(WORDS_OF_A_NOTATION).most;
    let words = Expected::range(heard_words, heard_words.saturating_add(added));
    let characters = Expected::range(characters, characters.saturating_add(spoken(content, added)));
    let basis = vec![
        RULE_OF_TOKENS.to_owned(),
        format!(
            "the words are the document's own, and are known, but for {notations} tables, listings, figures and \
             formulas, which a model puts into 15 to 120 words each"
        ),
    ];
    Ok(bill.estimate(words, characters, basis))
}

/// Any other style: a plan, and its sections.
async fn written(desk: &Desk<'_>, mut bill: Bill<'_>, shape: Shape) -> Result<Estimate, Failure> {
    let ground = plan::ground(desk).await?;
    let (target, _) = plan::target(desk.work.order, &ground, shape)?;
    // What of it is in the plan that is asked for, and how many sections are not.
    let (planned_words, around) = if desk.work.order.style == Style::Lesson {
        style::lesson::check(target)?;
        (style::lesson::explained(target), style::lesson::AROUND)
    } else {
        (target, 0)
    };
    let content = desk.work.content;
    let outline = outline::of(content, &ground.blocks, desk.reads(), desk.language);
    let outline = Expected::exactly(tokens_of(outline.text()).into());
    let (wanted, most) = plan::section_counts(desk, planned_words);
    let planned = Expected::range(wanted.into(), most.into());
    let input = fixed(desk, prompt::PLAN).plus(outline);
    bill.add(Expected::exactly(1), Call { input, output: of_words(planned.times(WORDS_OF_A_BRIEF)) });

    // One of equal size stands for each: the words of all sections are what they are.
    let sections = u64::from(wanted).saturating_add(around).max(1);
    let of_section = u64::from(target).div_ceil(sections);
    let material = read_by_each(desk, &ground, target, sections);
    let briefs = Expected::exactly(sections).times(TOKENS_OF_ANOTHER_BRIEF);
    let briefs = Expected::range(briefs.least.min(TOKENS_OF_ALL_BRIEFS), briefs.most.min(TOKENS_OF_ALL_BRIEFS));
    let call = Call {
        input: fixed(desk, prompt::SECTION).plus(material).plus(briefs),
        output: of_words(Expected::exactly(of_section)),
    };
    bill.add(Expected::exactly(sections).times(CALLS_OF_A_SECTION), call);

    let target = u64::from(target);
    let off = target.saturating_mul(OFF_LENGTH) / 100;
    let words = Expected::range(target.saturating_sub(off), target.saturating_add(off));
    let characters = Expected::range(spoken(content, words.least), spoken(content, words.most));
    let Expected { least, most } = CALLS_OF_A_SECTION;
    let basis = vec![
        RULE_OF_TOKENS.to_owned(),
        format!(
            "one call plans the script, and each of some {sections} sections takes {least} to {most}: versions until \
             its length is right, a repair, additions, a shortening; answers that cannot be used are asked for again, \
             which is not in it"
        ),
    ];
    Ok(bill.estimate(words, characters, basis))
}

/// By which rule tokens are counted.
const RULE_OF_TOKENS: &str = "a token is taken as four characters of the document, and an answer as 2.5 to 4 tokens \
                              a word, without the model's own tokenizer; what it thinks is taken from nothing to all \
                              that is allowed";

/// Tokens of a prompt without its data.
fn fixed(desk: &Desk<'_>, template: &str) -> Expected {
    let instructions = tokens_of(prompt::SYSTEM)
        .saturating_add(tokens_of(template))
        .saturating_add(tokens_of(&desk.direction()))
        .saturating_add(of_cast(desk.work.order));
    Expected::exactly(instructions.into()).plus(TOKENS_OF_A_SCHEMA)
}

/// Tokens of who talks.
fn of_cast(order: &Order) -> u32 {
    order.cast.iter().map(|one| tokens_of(&one.name) + tokens_of(&one.role) + tokens_of(&one.manner)).sum()
}

/// Tokens of an answer of so many words.
const fn of_words(words: Expected) -> Expected {
    let Expected { least, most } = words.times(TOKENS_OF_HUNDRED_WORDS);
    Expected::range(least / 100, most.div_ceil(100))
}

/// Tokens of the material of one of so many sections of equal size.
fn read_by_each(desk: &Desk<'_>, ground: &Ground, target: u32, sections: u64) -> Expected {
    let content = desk.work.content;
    let blocks = ground.blocks.iter().filter_map(|id| content.blocks.get(*id as usize));
    let heard = tokens_of_blocks(blocks);
    let words = u32::try_from(u64::from(target).div_ceil(sections)).unwrap_or(u32::MAX);
    let whole = tokens_of_blocks(content.blocks.iter());
    let most = u64::from(material::share_of(whole, words, target.into(), sections, desk.reads())).min(heard);
    Expected::range((heard / sections).min(most), most)
}

/// Unicode scalar values of so many spoken words, as long as those of the document are.
fn spoken(content: &Content, count: u64) -> u64 {
    let (mut all, mut characters) = (0_u64, 0_u64);
    for block in &content.blocks {
        all = all.saturating_add(words(&block.text).into());
        characters = characters.saturating_add(length(&block.text).into());
    }
    count.saturating_mul(characters).checked_div(all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Provider, Rows};

    fn row(id: &str) -> ModelRow {
        Rows::built_in().unwrap().model(Provider::Gemini, id).unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn call(input: Expected, output: Expected) -> Call {
        Call { input, output }
    }

    /// By hand: 0.75 USD a million tokens in and 3.75 USD out; thoughts of up to 8192 tokens are
    /// paid for as output.
    #[test]
    fn a_bill_is_what_calls_come_to_by_the_prices_of_the_day() {
        let row = row("gemini-3.8-flash");
        let mut bill = Bill::new(&row, day("2026-11-28"), Place::Global);
        bill.add(Expected::range(1, 2), call(Expected::exactly(10_000), Expected::range(1_000, 2_000)));
        let estimate = bill.estimate(Expected::default(), Expected::default(), Vec::new());
        assert_eq!(estimate.calls, Expected::range(1, 2));
        assert_eq!(estimate.input_tokens, Expected::range(10_000, 20_000));
        assert_eq!(estimate.output_tokens, Expected::range(1_000, 2 * 10_192));
        assert_eq!(estimate.cost, Some(Expected::range(7_500 + 3_750, 2 * (7_500 + 38_220))));
        let says = estimate.basis.join("; ");
        assert!(says.contains("0.75 USD to read and 3.75 USD to write until 2026-12-31"), "{says}");
    }

    #[test]
    fn a_bill_of_a_region_has_the_prices_of_the_region() {
        let row = row("gemini-3.8-flash");
        let prices = row.prices.iter().cloned().map(|price| PriceRow { regional_percent: 110, ..price }).collect();
        let row = ModelRow { prices, ..row };
        let estimate = |place: Place| {
            let mut bill = Bill::new(&row, day("2026-11-28"), place);
            bill.add(Expected::exactly(2), call(Expected::exactly(10_000), Expected::range(1_000, 2_000)));
            bill.estimate(Expected::default(), Expected::default(), Vec::new())
        };
        let (everywhere, region) = (estimate(Place::Global), estimate(Place::Regional));
        assert_eq!(everywhere.cost, Some(Expected::range(2 * (7_500 + 3_750), 2 * (7_500 + 38_220))));
        assert_eq!(region.cost, Some(Expected::range(2 * (8_250 + 4_125), 2 * (8_250 + 42_042))));
        let says = region.basis.join("; ");
        assert!(says.contains("0.82 USD to read and 4.12 USD to write"), "{says}");
    }

    #[test]
    fn a_long_prompt_has_the_price_of_long_prompts() {
        let row = row("gemini-3.1-pro-preview");
        let mut bill = Bill::new(&row, day("2026-11-28"), Place::Global);
        bill.add(Expected::exactly(1), call(Expected::range(100_000, 300_000), Expected::exactly(0)));
        let estimate = bill.estimate(Expected::default(), Expected::default(), Vec::new());
        // 2 USD a million up to 200,000 tokens, 4 USD beyond; 16,384 tokens of thoughts at 18 USD.
        assert_eq!(estimate.cost, Some(Expected::range(200_000, 1_200_000 + 16_384 * 18)));
    }

    #[test]
    fn without_a_price_there_is_no_cost_and_that_is_said() {
        let flash = row("gemini-3.8-flash");
        let mut bill = Bill::new(&flash, day("2026-09-01"), Place::Global);
        bill.add(Expected::exactly(1), call(Expected::exactly(1), Expected::exactly(1)));
        let estimate = bill.estimate(Expected::default(), Expected::default(), Vec::new());
        assert_eq!(estimate.cost, None);
        assert!(estimate.basis.join("; ").contains("no price of gemini-3.8-flash is known on 2026-09-01"));
        assert_eq!(estimate.input_tokens, Expected::exactly(1));
    }

    #[test]
    fn an_answer_has_no_more_tokens_than_the_model_writes() {
        let row = ModelRow { output: 2_000, ..row("gemini-3.8-flash") };
        let mut bill = Bill::new(&row, day("2026-11-28"), Place::Global);
        bill.add(Expected::exactly(1), call(Expected::exactly(0), Expected::range(3_000, 9_000)));
        assert_eq!(bill.output, Expected::exactly(2_000));
        assert_eq!(of_words(Expected::exactly(300)), Expected::range(750, 1_200));
    }
}
