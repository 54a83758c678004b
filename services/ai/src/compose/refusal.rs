//! Why nothing can be made of a plan, and what of the order is the reason.

use lectern_core::content::document::Content;
use lectern_core::content::script::{ContentKind, NumberRange, Plan, SkipReason};
use lectern_core::{Failure, Kind, Reason};

use super::kinds;
use super::style::{self, Rules};

/// Why nothing can be made of a plan of `content`; none where something can.
///
/// # Errors
/// `STYLE_UNSUPPORTED`.
pub(super) fn of(content: &Content, plan: &Plan) -> Result<Option<Failure>, Failure> {
    let rules = style::of(plan.order.style)?;
    Ok(if plan.sections.is_empty() { Some(reason(content, plan, rules)) } else { None })
}

fn reason(content: &Content, plan: &Plan, rules: &dyn Rules) -> Failure {
    let left = |reason| plan.skipped.iter().any(|skip| skip.reason == reason);
    let unwanted: Vec<ContentKind> =
        plan.order.skip.iter().copied().filter(|kind| kinds::usually_heard(*kind)).collect();
    let refusal = |message: String| Failure::new(Kind::FailedPrecondition, Reason::DocumentEmpty, message);
    if left(SkipReason::NotSelected) && !plan.order.selection.pages.is_empty() {
        let what = rules.nothing_selected();
        let message = format!(
            "{what} begins on the selected pages ({}){}; select others",
            listed(plan.order.selection.pages.iter().map(NumberRange::to_string)),
            content.pages.map(|pages| format!(", of {pages} that the document has")).unwrap_or_default()
        );
        return refusal(message).at("narration.selection.pages");
    }
    if left(SkipReason::NotWanted) && !unwanted.is_empty() {
        let kinds = listed(unwanted.into_iter().map(|kind| kind.name().replace('_', " ")));
        let message = format!("all that the document has to say is of kinds that the order skips ({kinds}); skip less");
        return refusal(message).at("narration.skip");
    }
    refusal(rules.nothing_at_all().to_owned())
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
