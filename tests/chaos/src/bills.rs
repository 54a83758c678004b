//! What must hold of what was bought of the model: no question was asked again whose answer was
//! kept (I8), nobody's budget was overrun (I16), and the ledger of ai is what the model's own side
//! counted, but for what is marked (I17).

use std::collections::BTreeMap;

use lectern_e2e::models::{cost, is_lost};
use lectern_testkit::models::ModelTokens;
use serde_json::Value;

use crate::board::Order;
use crate::checks::GRAIN;
use crate::load::TENANTS;
use crate::model::Answered;
use crate::run::Run;

/// All checks, into the run's report.
pub async fn check(run: &Run, orders: &[Order]) {
    let calls = run.model.calls().len();
    run.report(|report| report.model_calls = calls);
    if !orders.iter().any(|order| order.dialogue) {
        return;
    }
    kept(run, orders);
    ledger(run).await;
}

/// I8: when a question was asked again, its answer had not been kept before.
fn kept(run: &Run, orders: &[Order]) {
    let objects = run.objects.list();
    let mut stored: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for order in orders.iter().filter(|order| order.dialogue) {
        for object in objects.under(&format!("{}/{}/answer", TENANTS[order.tenant], order.document)) {
            let answer = objects.read(&object).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            let text = answer.as_ref().and_then(|answer| answer.pointer("/completion/text")?.as_str());
            // One that was damaged on purpose and not needed again is no longer readable.
            let (Some(text), Some(at)) = (text, objects.stored_at(&object)) else { continue };
            stored.entry(text.to_owned()).or_default().push(at);
        }
    }
    let mut questions: BTreeMap<String, Vec<Answered>> = BTreeMap::new();
    for answered in run.clerk.answered() {
        let asked = &answered.asked;
        let question = format!("{}\n{}\n{}", asked.system, asked.user_parts.join("\n"), asked.schema);
        questions.entry(question).or_default().push(answered);
    }
    let mut held = 0;
    for answers in questions.values() {
        let Some(first) = answers.first() else { continue };
        let stored = stored.get(&first.text).map(Vec::as_slice).unwrap_or_default();
        held += usize::from(!stored.is_empty());
        for again in answers.iter().skip(1) {
            // What was stored before the first call is the answer to another question.
            let (begun, again) = (first.at, again.at);
            let paid = stored.iter().find(|at| **at >= begun && **at + GRAIN < again);
            if let Some(at) = paid.filter(|_| run.damaged.is_empty()) {
                run.problem(format!(
                    "I8: a model was asked at {begun}, answered, kept at {at}, and asked again at {again}"
                ));
            }
        }
    }
    if held == 0 {
        run.problem("no answer could be held against the calls of the model");
    }
}

/// I16, I17: every call is in the ledger; what is known of it is what it cost, and the rest counts
/// as the most that it could.
async fn ledger(run: &Run) {
    let attempts = run.records("ai", "attempts").await;
    let number = |attempt: &Value, field: &str| attempt.pointer(field).and_then(Value::as_u64).unwrap_or_default();
    // What was heard of, by what it used: each of the ledger's is one of the model's own.
    let mut known: BTreeMap<[u64; 4], i64> = BTreeMap::new();
    let mut billed = 0;
    for call in run.model.calls() {
        billed += cost(&call);
        let ModelTokens { input, cached, output, thoughts } = call.tokens;
        if call.tokens != ModelTokens::default() && !is_lost(&call) {
            *known.entry([input, cached, output, thoughts]).or_default() += 1;
        }
    }
    let (mut marked, mut counted) = (0_i64, 0);
    for attempt in &attempts {
        let id = attempt["id"].as_str().unwrap_or_default();
        match attempt["state"].as_str().unwrap_or_default() {
            "settled" if attempt["class"].is_string() => {
                if number(attempt, "/settled") > 0 {
                    run.problem(format!("I17: attempt {id} was refused, and costs something"));
                }
            }
            "settled" => {
                counted += number(attempt, "/settled");
                let usage = ["/usage/input", "/usage/cached", "/usage/output", "/usage/thoughts"];
                let left = known.entry(usage.map(|field| number(attempt, field))).or_default();
                *left -= 1;
                if *left < 0 {
                    run.problem(format!("I17: attempt {id} used what no call of the model did: {}", attempt["usage"]));
                }
            }
            "unknown" => {
                marked += 1;
                counted += number(attempt, "/settled");
            }
            "reserved" => {
                marked += 1;
                counted += number(attempt, "/reserved");
            }
            other => run.problem(format!("I17: attempt {id} is {other:?}")),
        }
    }
    let lost = run.model.calls().iter().filter(|call| is_lost(call) && call.tokens != ModelTokens::default()).count();
    let unheard = known.values().filter(|left| **left > 0).sum::<i64>() + i64::try_from(lost).unwrap_or(i64::MAX);
    if unheard > marked {
        run.problem(format!("I17: nobody heard of {unheard} calls of the model, and only {marked} are marked"));
    }
    if counted < billed {
        run.problem(format!("I17: {billed} millionths of a dollar are billed, and the ledger has {counted}"));
    }
    overrun(run).await;
}

/// I16: what is spent of a budget, with what is reserved, is not more than there is.
async fn overrun(run: &Run) {
    for budget in run.records("ai", "budgets").await {
        let spent = budget["spent"].as_i64().unwrap_or_default();
        if !(0..=Run::BUDGET).contains(&spent) {
            run.problem(format!("I16: {spent} of {} millionths of a dollar are spent: {budget}", Run::BUDGET));
        }
    }
}
