//! Why nothing can be made of a plan, and what of the order is the reason.

use lectern_core::content::document::Content;
use lectern_core::content::script::{ContentKind, NumberRange, Plan, SkipReason, Style};
use lectern_core::{Failure, Kind, Reason};

use super::kinds;

/// Why nothing can be made of a plan of `content`; none where something can.
pub(super) fn of(content: &Content, plan: &Plan) -> Option<Failure> {
    if !plan.sections.is_empty() {
        return None;
    }
    let left = |reason| plan.skipped.iter().any(|skip| skip.reason == reason);
    let unwanted: Vec<ContentKind> =
        plan.order.skip.iter().copied().filter(|kind| kinds::usually_heard(*kind)).collect();
    let refusal = |message: String| Failure::new(Kind::FailedPrecondition, Reason::DocumentEmpty, message);
    if left(SkipReason::NotSelected) && !plan.order.selection.pages.is_empty() {
        let what = match plan.order.style {
            Style::Narration => "nothing that can be spoken",
            Style::Briefing => "no sentence that a briefing could choose",
        };
        let message = format!(
            "{what} begins on the selected pages ({}){}; select others",
            listed(plan.order.selection.pages.iter().map(NumberRange::to_string)),
            content.pages.map(|pages| format!(", of {pages} that the document has")).unwrap_or_default()
        );
        return Some(refusal(message).at("narration.selection.pages"));
    }
    if left(SkipReason::NotWanted) && !unwanted.is_empty() {
        let kinds = listed(unwanted.into_iter().map(|kind| kind.name().replace('_', " ")));
        let message = format!("all that the document has to say is of kinds that the order skips ({kinds}); skip less");
        return Some(refusal(message).at("narration.skip"));
    }
    let message = match plan.order.style {
        Style::Narration => {
            "the document has no words to speak; a preview shows what was found, and why it is left out"
        }
        Style::Briefing => "the document has no sentences to choose from; order a narration instead",
    };
    Some(refusal(message.to_owned()))
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
