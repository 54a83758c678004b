//! A dialogue: two to four speakers talk about what the document says.
//!
//! Without a length it has an eighth of the document's words, at least 300 and at most 1800;
//! without a cast, one speaker who explains and one who asks.

use lectern_core::Failure;
use lectern_core::content::script::{Character, Order, Plan, PlannedSection, Section};

use crate::engine::generative::desk::Desk;
use crate::engine::generative::plan::{self, Shape};
use crate::engine::generative::prompt;
use crate::engine::generative::write::{self, Manner};
use crate::speakable::Language;

pub(in crate::engine::generative) const SHAPE: Shape = Shape { one_of: 8, bounds: (300, 1800) };

/// The part of its words, in hundredths, that may be questions, bridges and greetings.
const OWN: u32 = 40;

/// How many talk.
const SPEAKERS: std::ops::RangeInclusive<usize> = 2..=4;

/// Who talks where the order names nobody.
fn usual(language: Language) -> Vec<Character> {
    let character = |[name, role, manner]: [&str; 3]| Character {
        name: name.to_owned(),
        role: role.to_owned(),
        manner: manner.to_owned(),
    };
    language.cast().map(character).to_vec()
}

fn manner(order: &Order, language: Language) -> Manner {
    let cast = if order.cast.is_empty() { usual(language) } else { order.cast.clone() };
    let mut style = prompt::DIALOGUE.trim().to_owned();
    style.push_str("\nThe speakers, by their numbers:");
    for (at, Character { name, role, manner }) in cast.iter().enumerate() {
        style.push_str(&format!("\n{at}: {name}"));
        for (what, text) in [("role", role), ("manner", manner)] {
            if !text.trim().is_empty() {
                style.push_str(&format!("; {what}: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
    }
    Manner { what: "a dialogue", style, cast, own: OWN, sums_up: false }
}

/// Plans it. Who talks stands in the plan's order, also where the order names nobody: whoever shows
/// the script has their names from there.
pub(in crate::engine::generative) async fn plan(desk: Desk<'_>) -> Result<Plan, Failure> {
    let manner = manner(desk.work.order, desk.language);
    if !SPEAKERS.contains(&manner.cast.len()) {
        let message = "a dialogue has 2 to 4 speakers; name as many, or none for the style's own";
        return Err(Failure::invalid("narration.cast", message));
    }
    let ground = plan::ground(&desk).await?;
    let (words, notes) = plan::target(desk.work.order, &ground, SHAPE)?;
    let sections = plan::sections(&desk, &ground, &manner, words).await?;
    let plan = plan::whole(&desk, ground, sections, notes)?;
    Ok(Plan { order: Order { cast: manner.cast, ..plan.order.clone() }, ..plan })
}

/// Writes a section of it.
pub(in crate::engine::generative) async fn write(
    desk: Desk<'_>,
    plan: &Plan,
    planned: &PlannedSection,
) -> Result<Section, Failure> {
    write::section(desk, plan, planned, &manner(&plan.order, desk.language)).await
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::Style;

    use super::*;

    #[test]
    fn the_cast_is_numbered_and_is_the_style_s_own_where_nobody_is_named() {
        let usual = manner(&Order::of(Style::Dialogue), Language::English);
        assert_eq!(usual.cast.len(), 2);
        assert!(usual.style.contains("\n0: Robin; role: explains"), "{}", usual.style);
        let three = ["Ann", "Bo", "Cy"].map(|name| Character {
            name: name.to_owned(),
            role: String::new(),
            manner: "dry,\nshort".to_owned(),
        });
        let order = Order { cast: three.to_vec(), ..Order::of(Style::Dialogue) };
        let own = manner(&order, Language::English);
        assert!(own.style.contains("\n2: Cy; manner: dry, short") && !own.style.contains("Robin"), "{}", own.style);
    }
}
