//! Dead letters: which ones a call means, and what is done with each.

use std::time::Duration;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::Failure;
use lectern_core::id::StepId;
use lectern_core::keys::TenantSecret;
use lectern_proto::v1 as api;
use lectern_proto::v1::dead_letter_selection::Selection as Wire;
use lectern_proto::v1::replay_dead_letters_response::Outcome;
use lectern_proto::work::v1::Command;
use lectern_proto::{convert, names};
use lectern_queue::DeadLetter;
use lectern_rpc::{Caller, page};
use prost::Message as _;

use crate::audit::{Action, Audit, Entry};
use crate::dead_letters::{DeadLetters, Filter, Replayed, tenant_of};

/// Letters replayed a second, where the caller does not say.
const RATE: f64 = 10.0;
/// Letters that a caller may have replayed a second: from one in a hundred seconds.
const RATES: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;
/// Letters of one page while many are replayed or discarded.
const PAGE: usize = 100;

pub(super) async fn list(
    dead_letters: &DeadLetters,
    secret: &TenantSecret,
    request: &api::ListDeadLettersRequest,
) -> Result<api::ListDeadLettersResponse, Failure> {
    let filter = request.filter.as_ref().map(|filter| read_filter("filter", filter)).transpose()?.unwrap_or_default();
    let purpose = format!("ListDeadLetters {filter:?}");
    let from = page::open(secret, &purpose, &request.page_token)?.unwrap_or(0);
    let (found, next) = dead_letters.list(&filter, from, page::size(request.page_size, 50, 200)?).await?;
    let next_page_token = match next {
        Some(next) => page::seal(secret, &purpose, &next)?,
        None => String::new(),
    };
    Ok(api::ListDeadLettersResponse { dead_letters: found.iter().map(encode).collect(), next_page_token })
}

pub(super) fn encode(letter: &DeadLetter) -> api::DeadLetter {
    let command = Command::decode(letter.command.clone());
    api::DeadLetter {
        name: names::of_dead_letter(&letter.step),
        narration: names::of_narration(&letter.step.narration),
        tenant: tenant_of(letter).map(names::of_tenant).unwrap_or_default(),
        stage: convert::stage_to_wire(letter.step.kind.service()).into(),
        failure: Some(convert::failure_to_wire(&letter.failure, Some(&letter.step))),
        attempt_count: convert::number(letter.attempts),
        crash_count: convert::number(letter.crashes),
        trace_id: letter.trace_id().unwrap_or_default().to_owned(),
        bury_time: Some(convert::time(letter.at)),
        command: letter.command.clone(),
        command_text: command.map_or_else(|e| format!("cannot be read: {e}"), |command| format!("{command:#?}")),
    }
}

/// Which letters a call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    Named(Vec<StepId>),
    Matching(Filter),
}

pub(super) fn read_selection(wire: Option<api::DeadLetterSelection>) -> Result<Selection, Failure> {
    let refused = |field: &str, message: &str| Err(Failure::invalid(field, message));
    match wire.and_then(|wire| wire.selection) {
        None => refused("selection", "no letters are chosen; give names, or a filter with a condition, or set all"),
        Some(Wire::Names(api::DeadLetterNames { names })) if names.is_empty() => {
            refused("selection.names.names", "no letter is named; give at least one name")
        }
        Some(Wire::Names(api::DeadLetterNames { names })) => {
            let steps = names.iter().map(|name| names::dead_letter(name, "selection.names.names"));
            steps.collect::<Result<_, _>>().map(Selection::Named)
        }
        Some(Wire::Filter(filter)) => {
            let filter = read_filter("selection.filter", &filter)?;
            if filter == Filter::default() {
                return refused("selection.filter", "the filter has no condition; give one, or set all");
            }
            Ok(Selection::Matching(filter))
        }
        Some(Wire::All(false)) => refused("selection.all", "all is false; set it to true, or give names or a filter"),
        Some(Wire::All(true)) => Ok(Selection::Matching(Filter::default())),
    }
}

fn read_filter(field: &str, wire: &api::DeadLetterFilter) -> Result<Filter, Failure> {
    let api::DeadLetterFilter { stage, reason, tenant, narration } = wire;
    let at = |name: &str| format!("{field}.{name}");
    Ok(Filter {
        stage: convert::stage(&at("stage"), *stage)?,
        reason: (!reason.is_empty()).then(|| reason.clone()),
        tenant: if tenant.is_empty() { None } else { Some(names::tenant(tenant, &at("tenant"))?) },
        narration: if narration.is_empty() { None } else { Some(names::narration(narration, &at("narration"))?) },
        until: None,
    })
}

/// The time between two letters, at so many a second.
pub(super) fn read_rate(letters_per_second: Option<f64>) -> Result<Duration, Failure> {
    let rate = Some(letters_per_second.unwrap_or(RATE)).filter(|rate| RATES.contains(rate));
    rate.map(|rate| Duration::try_from_secs_f64(1.0 / rate)).and_then(Result::ok).ok_or_else(|| {
        let message =
            format!("letters_per_second must be from {} to {}; leave it out for {RATE}", RATES.start(), RATES.end());
        Failure::invalid("letters_per_second", message)
    })
}

/// The letters, for a caller whose name stands in the record of whatever becomes of each.
#[derive(Debug, Clone)]
pub(super) struct Audited {
    dead_letters: DeadLetters,
    audit: Audit,
    actor: String,
}

impl Audited {
    pub(super) fn new(dead_letters: &DeadLetters, audit: &Audit, caller: &Caller) -> Self {
        Self { dead_letters: dead_letters.clone(), audit: audit.clone(), actor: caller.actor() }
    }

    async fn record(&self, action: Action, letter: &DeadLetter) -> Result<(), Failure> {
        let entry = Entry {
            actor: self.actor.clone(),
            action,
            target: names::of_dead_letter(&letter.step),
            tenant: tenant_of(letter).cloned(),
            detail: letter.failure.reason.to_string(),
        };
        self.audit.record(entry).await
    }

    async fn replay(&self, letter: &DeadLetter) -> Result<api::ReplayDeadLettersResponse, Failure> {
        self.record(Action::DeadLetterReplayed, letter).await?;
        let step = &letter.step;
        let (outcome, failure) = match self.dead_letters.replay(step).await? {
            Replayed::Replayed => (Outcome::Replayed, None),
            Replayed::NotNeeded => (Outcome::NotNeeded, None),
            Replayed::Refused(failure) => (Outcome::Refused, Some(failure)),
        };
        Ok(api::ReplayDeadLettersResponse {
            name: names::of_dead_letter(step),
            narration: names::of_narration(&step.narration),
            outcome: outcome.into(),
            failure: failure.map(|failure| convert::failure_to_wire(&failure, Some(step))),
        })
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<api::DiscardDeadLettersResponse, Failure> {
        self.record(Action::DeadLetterDiscarded, letter).await?;
        self.dead_letters.discard(&letter.step).await?;
        Ok(api::DiscardDeadLettersResponse { name: names::of_dead_letter(&letter.step) })
    }
}

/// Replays what is selected, a letter at a time; to drop the stream is to stop.
pub(super) fn replay(
    audited: Audited,
    selection: Selection,
    between: Duration,
) -> impl Stream<Item = Result<api::ReplayDeadLettersResponse, Failure>> {
    try_stream! {
        let mut pace = tokio::time::interval(between);
        for await letter in selected(audited.dead_letters.clone(), selection) {
            let letter = letter?;
            pace.tick().await;
            let replayed = audited.replay(&letter).await?;
            yield replayed;
        }
    }
}

/// Discards what is selected, a letter at a time; to drop the stream is to stop.
pub(super) fn discard(
    audited: Audited,
    selection: Selection,
) -> impl Stream<Item = Result<api::DiscardDeadLettersResponse, Failure>> {
    try_stream! {
        for await letter in selected(audited.dead_letters.clone(), selection) {
            let letter = letter?;
            let discarded = audited.discard(&letter).await?;
            yield discarded;
        }
    }
}

/// The letters that are meant, page by page. A letter is met once: their sequence only grows.
fn selected(dead_letters: DeadLetters, selection: Selection) -> impl Stream<Item = Result<DeadLetter, Failure>> {
    try_stream! {
        match selection {
            Selection::Named(steps) => {
                for step in steps {
                    let letter = dead_letters.get(&step).await?;
                    yield letter;
                }
            }
            Selection::Matching(filter) => {
                let filter = dead_letters.up_to_now(filter);
                let mut from = Some(0);
                while let Some(at) = from {
                    let (page, next) = dead_letters.list(&filter, at, PAGE).await?;
                    for letter in page {
                        yield letter;
                    }
                    from = next;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;
    use lectern_core::id::Service;

    use super::*;

    #[test]
    fn a_rate_that_is_no_rate_is_refused() {
        for (rate, millis) in
            [(None, 100), (Some(0.01), 100_000), (Some(1_000.0), 1), (Some(4.0), 250), (Some(10.0), 100)]
        {
            assert_eq!(read_rate(rate), Ok(Duration::from_millis(millis)), "{rate:?}");
        }
        for rate in [
            0.0,
            -0.0,
            1e-320,
            f64::MIN_POSITIVE,
            0.009,
            -1.0,
            1_000.1,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ] {
            let refused = read_rate(Some(rate)).expect_err("refused");
            assert_eq!(refused.field.as_deref(), Some("letters_per_second"), "{rate}");
        }
    }

    #[test]
    fn a_call_that_chooses_nothing_is_refused() {
        let read = |selection: Wire| read_selection(Some(api::DeadLetterSelection { selection: Some(selection) }));
        let names = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Wire::Names(api::DeadLetterNames { names })
        };
        for (refused, field) in [
            (read_selection(None), "selection"),
            (read_selection(Some(api::DeadLetterSelection::default())), "selection"),
            (read(names(&[])), "selection.names.names"),
            (read(names(&["narrations/n1"])), "selection.names.names"),
            (read(Wire::Filter(api::DeadLetterFilter::default())), "selection.filter"),
            (read(Wire::All(false)), "selection.all"),
        ] {
            let refused = refused.expect_err(field);
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
        }
        assert_eq!(read(Wire::All(true)), Ok(Selection::Matching(Filter::default())));
        let step: StepId = "n1/1/record/7".parse().expect("a step");
        assert_eq!(read(names(&["deadLetters/n1.1.record.7"])), Ok(Selection::Named(vec![step])));
    }

    #[test]
    fn a_filter_says_which_of_its_fields_is_wrong() {
        let wire = api::DeadLetterFilter {
            stage: api::StageName::Tts.into(),
            reason: "SPEECH_REJECTED".to_owned(),
            tenant: "tenants/acme".to_owned(),
            narration: "narrations/n1".to_owned(),
        };
        let read = Filter {
            stage: Some(Service::Tts),
            reason: Some("SPEECH_REJECTED".to_owned()),
            tenant: Some("acme".parse().expect("an id")),
            narration: Some("n1".parse().expect("an id")),
            until: None,
        };
        assert_eq!(read_filter("filter", &wire), Ok(read));
        assert_eq!(read_filter("filter", &api::DeadLetterFilter::default()), Ok(Filter::default()));
        for (wrong, field) in [
            (api::DeadLetterFilter { stage: 99, ..wire.clone() }, "filter.stage"),
            (api::DeadLetterFilter { tenant: "acme".to_owned(), ..wire.clone() }, "filter.tenant"),
            (api::DeadLetterFilter { narration: "n1".to_owned(), ..wire.clone() }, "filter.narration"),
        ] {
            assert_eq!(read_filter("filter", &wrong).expect_err(field).field.as_deref(), Some(field));
        }
    }
}
