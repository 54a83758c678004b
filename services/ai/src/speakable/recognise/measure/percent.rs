//! Percent and its kin: `5 %`, `0.1‰`, `3.2pp`, `12bps`.

use super::super::{Candidates, Cx};
use super::Quantity;
use crate::speakable::span::{Cost, Part, Percent, Value};

/// So many bits a second are no basis points, of which there are fewer.
const FEWEST_BITS: u128 = 1_000;

/// What stands behind an amount.
pub(super) fn propose(cx: &Cx<'_>, quantity: &Quantity, out: &mut Candidates) {
    let Some(start) = cx.skip_space(quantity.end) else { return };
    let Some((part, end)) = sign(cx, start).or_else(|| letters(cx, quantity, start)) else { return };
    if cx.glued_at(end) {
        return;
    }
    let percent = Percent { amount: quantity.amount.clone(), part, twice: false };
    out.propose(end, Value::Percent(Box::new(percent)), Cost::SURE);
}

fn sign(cx: &Cx<'_>, at: usize) -> Option<(Part, usize)> {
    let part = match cx.char(at)? {
        '%' | '٪' => Part::Hundred,
        '‰' => Part::Thousand,
        '‱' => Part::TenThousand,
        _ => return None,
    };
    Some((part, at + 1))
}

/// Points of a hundred and of ten thousand, whose letters may mean pages and bits as well.
fn letters(cx: &Cx<'_>, quantity: &Quantity, at: usize) -> Option<(Part, usize)> {
    let (word, end) = cx.letters_at(at)?;
    let pages = cx.char(end) == Some('.') && !quantity.decimals;
    let few = quantity.value.is_none_or(|value| value < FEWEST_BITS);
    match word {
        "pp" if !pages => Some((Part::Points, end)),
        "bps" if few => Some((Part::BasisPoints, end)),
        _ => None,
    }
}
