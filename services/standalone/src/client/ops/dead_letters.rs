//! Dead letters: commands of steps that failed for good.

use lectern_core::{Failure, Timestamp};
use lectern_proto::v1::dead_letter_selection::Selection;
use lectern_proto::v1::replay_dead_letters_response::Outcome;
use lectern_proto::v1::{
    DeadLetter, DeadLetterFilter, DeadLetterNames, DeadLetterSelection, DiscardDeadLettersRequest,
    GetDeadLetterRequest, ListDeadLettersRequest, ReplayDeadLettersRequest, StageName,
};
use lectern_rpc::failure;

use super::table::{age, more, print, stage, why};
use super::{Admin, answered, id, json};
use crate::cli::{LetterChoice, LetterFilter, LettersCommand};
use crate::client::out::Out;
use crate::client::{named, pages, word};

/// The collection of dead letters.
const LETTERS: &str = "deadLetters";

/// Does what the command says.
pub(super) async fn run(command: LettersCommand, admin: Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    match command {
        LettersCommand::List { filter, limit } => list(&filter, limit, &admin, now, out).await,
        LettersCommand::Show { name } => show(&name, admin, now, out).await,
        LettersCommand::Replay { which, rate } => replay(which, rate, admin, out).await,
        LettersCommand::Discard { which } => discard(which, admin, out).await,
    }
}

async fn list(filter: &LetterFilter, limit: u32, admin: &Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let filter = of(filter);
    let page = |page_size, page_token| {
        let (mut admin, filter) = (admin.clone(), Some(filter.clone()));
        async move {
            let request = ListDeadLettersRequest { page_size, page_token, filter };
            answered(admin.list_dead_letters(request).await).map(|page| (page.dead_letters, page.next_page_token))
        }
    };
    let mut rows = Vec::new();
    let take = |letter: DeadLetter| {
        out.json(&json::letter(&letter));
        rows.push(row(&letter, now));
    };
    let are_more = pages::up_to(limit as usize, out, page, take).await?;
    print(&["letter", "tenant", "age", "tries", "crashes", "why"], rows, "there is no such dead letter", out);
    more(are_more, out);
    Ok(())
}

fn row(letter: &DeadLetter, now: Timestamp) -> Vec<String> {
    vec![
        id(&letter.name).to_owned(),
        id(&letter.tenant).to_owned(),
        age(letter.bury_time.as_ref(), now),
        letter.attempt_count.to_string(),
        letter.crash_count.to_string(),
        why(letter.failure.as_ref()),
    ]
}

async fn show(name: &str, mut admin: Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let request = GetDeadLetterRequest { name: named(LETTERS, name) };
    let letter = answered(admin.get_dead_letter(request).await)?.dead_letter.unwrap_or_default();
    out.json(&json::letter(&letter));
    for (what, text) in [
        ("letter", letter.name.clone()),
        ("narration", letter.narration.clone()),
        ("tenant", letter.tenant.clone()),
        ("service", stage(letter.stage())),
        ("buried", format!("{} ago", age(letter.bury_time.as_ref(), now))),
        ("attempts", letter.attempt_count.to_string()),
        ("crashes", letter.crash_count.to_string()),
        ("trace", letter.trace_id.clone()),
        ("failure", why(letter.failure.as_ref())),
    ] {
        if !text.is_empty() {
            out.line(&format!("{what:<10} {text}"));
        }
    }
    letter.command_text.lines().for_each(|line| out.line(&format!("  {line}")));
    Ok(())
}

async fn replay(which: LetterChoice, rate: f64, mut admin: Admin, out: &Out) -> Result<(), Failure> {
    let selection = Some(selection(which)?);
    let request = ReplayDeadLettersRequest { selection, letters_per_second: Some(rate) };
    let mut answers = answered(admin.replay_dead_letters(request).await)?;
    let mut refused = 0_u32;
    while let Some(answer) = answers.message().await.map_err(|status| failure(&status))? {
        out.json(&json::replayed(&answer));
        let outcome = word(answer.outcome().as_str_name(), "OUTCOME_");
        out.line(format!("{}  {outcome}  {}", id(&answer.name), why(answer.failure.as_ref())).trim_end());
        refused += u32::from(answer.outcome() == Outcome::Refused);
    }
    if refused > 0 {
        out.say(&format!("{refused} refused; their letters stay, and each line says why"));
    }
    Ok(())
}

async fn discard(which: LetterChoice, mut admin: Admin, out: &Out) -> Result<(), Failure> {
    let request = DiscardDeadLettersRequest { selection: Some(selection(which)?) };
    let mut answers = answered(admin.discard_dead_letters(request).await)?;
    while let Some(answer) = answers.message().await.map_err(|status| failure(&status))? {
        out.json(&json::discarded(&answer));
        out.line(&format!("{}  discarded", id(&answer.name)));
    }
    Ok(())
}

/// Which letters are meant.
fn selection(which: LetterChoice) -> Result<DeadLetterSelection, Failure> {
    let LetterChoice { names, filter, all } = which;
    let filter = of(&filter);
    let selection = if !names.is_empty() {
        Selection::Names(DeadLetterNames { names: names.iter().map(|name| named(LETTERS, name)).collect() })
    } else if filter != DeadLetterFilter::default() {
        Selection::Filter(filter)
    } else if all {
        Selection::All(true)
    } else {
        let message = "no letter is chosen; name some, say which by --service, --reason, --tenant or --narration, or \
                       all of them by --all";
        return Err(Failure::invalid("selection", message));
    };
    Ok(DeadLetterSelection { selection: Some(selection) })
}

fn of(filter: &LetterFilter) -> DeadLetterFilter {
    let LetterFilter { service, reason, tenant, narration } = filter;
    DeadLetterFilter {
        stage: service.map(StageName::from).unwrap_or_default().into(),
        reason: reason.clone().unwrap_or_default().to_uppercase().replace('-', "_"),
        tenant: tenant.as_ref().map(|tenant| named("tenants", tenant)).unwrap_or_default(),
        narration: narration.as_ref().map(|narration| named("narrations", narration)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Stage;

    fn choice() -> LetterChoice {
        LetterChoice { names: Vec::new(), filter: LetterFilter::default(), all: false }
    }

    #[test]
    fn nothing_is_chosen_by_saying_nothing() {
        assert_eq!(selection(choice()).unwrap_err().field.as_deref(), Some("selection"));
        let all = selection(LetterChoice { all: true, ..choice() }).unwrap();
        assert_eq!(all.selection, Some(Selection::All(true)));
    }

    #[test]
    fn letters_are_chosen_by_name_or_by_what_they_are() {
        let names = vec!["n1.1.plan.0".to_owned(), "deadLetters/n1.1.plan.1".to_owned()];
        let Some(Selection::Names(chosen)) = selection(LetterChoice { names, ..choice() }).unwrap().selection else {
            panic!("not by name")
        };
        assert_eq!(chosen.names, ["deadLetters/n1.1.plan.0", "deadLetters/n1.1.plan.1"]);
        let filter = LetterFilter {
            service: Some(Stage::Tts),
            reason: Some("attempts-exhausted".to_owned()),
            tenant: Some("acme".to_owned()),
            narration: None,
        };
        let Some(Selection::Filter(chosen)) = selection(LetterChoice { filter, ..choice() }).unwrap().selection else {
            panic!("not by what it is")
        };
        assert_eq!((chosen.stage(), chosen.reason.as_str()), (StageName::Tts, "ATTEMPTS_EXHAUSTED"));
        assert_eq!((chosen.tenant.as_str(), chosen.narration.as_str()), ("tenants/acme", ""));
    }
}
