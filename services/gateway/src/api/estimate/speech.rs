//! What speech would cost: the characters and the words of an estimate by the prices of the voices.

use lectern_core::Failure;
use lectern_proto::tts::v1::SpeechPrice;
use lectern_proto::v1 as api;

use crate::domain::tally;

/// Characters that a price is stated for.
const A_MILLION: u128 = 1_000_000;
/// Milliseconds of audio that a price is stated for.
const AN_HOUR: u128 = 3_600_000;

/// What the sum rests on, and what is not in it.
const BASIS: &str = "all of the speech is taken to be by the cheapest of its voices at least, and by the dearest at \
    most; speech that is stored already costs nothing and is not taken off, and markup and what is spoken again or by \
    another voice are not in it";

/// Why the sum is not known where a voice costs money, and nobody knows how much.
const NO_PRICE: &str = "what speech would cost is not known, since a voice has no price today; give it a row with \
    prices in rows_file";

/// An estimate with what its speech would cost at a speed in hundredths, by the prices of all
/// voices that would speak; none is that of a voice without one. Where the cost is not known the
/// estimate says why: it was asked for what it takes to write as well.
pub(super) fn with_cost(
    mut estimate: api::NarrationEstimate,
    prices: Result<Vec<Option<SpeechPrice>>, Failure>,
    speed: u32,
) -> api::NarrationEstimate {
    match prices.map(|prices| prices.into_iter().collect::<Option<Vec<_>>>()) {
        Ok(Some(prices)) => {
            let cost = of_all(&estimate, &prices, speed);
            if cost.most > 0 {
                estimate.basis.push(BASIS.to_owned());
            }
            estimate.speech_cost_micro_usd = Some(cost);
        }
        Ok(None) => estimate.basis.push(NO_PRICE.to_owned()),
        Err(failure) => {
            let why = format!(
                "what speech would cost is not known, since nobody can say who would speak: {}",
                failure.message
            );
            estimate.basis.push(why);
        }
    }
    estimate
}

/// From what it costs at least, all of it by the cheapest voice, to what it costs at most.
fn of_all(estimate: &api::NarrationEstimate, prices: &[SpeechPrice], speed: u32) -> api::EstimatedRange {
    let (characters, words) = (estimate.characters.unwrap_or_default(), estimate.words.unwrap_or_default());
    let least = prices.iter().map(|price| cost(price, characters.least, words.least, speed)).min();
    let most = prices.iter().map(|price| cost(price, characters.most, words.most, speed)).max();
    api::EstimatedRange { least: least.unwrap_or_default(), most: most.unwrap_or_default() }
}

/// What a voice asks for so many characters and words, in millionths of a US dollar, rounded up.
fn cost(price: &SpeechPrice, characters: i64, words: i64, speed: u32) -> i64 {
    let number = |wire: i64| u128::try_from(wire).unwrap_or(0);
    let millis = tally::at_usual_pace(u64::try_from(words).unwrap_or(0), speed);
    let text = (number(characters) * number(price.characters_micro_usd)).div_ceil(A_MILLION);
    let audio = (u128::from(millis) * number(price.hour_micro_usd)).div_ceil(AN_HOUR);
    i64::try_from(text.saturating_add(audio)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: SpeechPrice = SpeechPrice { characters_micro_usd: 0, hour_micro_usd: 0 };
    /// 30 USD a million characters.
    const CHARACTERS: SpeechPrice = SpeechPrice { characters_micro_usd: 30_000_000, hour_micro_usd: 0 };
    const TOKENS: SpeechPrice = SpeechPrice { characters_micro_usd: 125_000, hour_micro_usd: 810_000 };

    fn estimate() -> api::NarrationEstimate {
        let range = |least, most| Some(api::EstimatedRange { least, most });
        let basis = vec!["it is so".to_owned()];
        api::NarrationEstimate { characters: range(1_000, 2_000), words: range(165, 330), basis, ..Default::default() }
    }

    #[test]
    fn speech_costs_what_its_characters_and_minutes_do() {
        for (prices, speed, least, most) in [
            (&[FREE][..], 100, 0, 0),
            (&[CHARACTERS][..], 100, 30_000, 60_000),
            (&[CHARACTERS][..], 200, 30_000, 60_000),
            (&[TOKENS][..], 100, 125 + 13_500, 250 + 27_000),
            (&[TOKENS][..], 200, 125 + 6_750, 250 + 13_500),
            (&[CHARACTERS, FREE][..], 100, 0, 60_000),
            (&[CHARACTERS, TOKENS][..], 100, 125 + 13_500, 60_000),
        ] {
            let known = with_cost(estimate(), Ok(prices.iter().copied().map(Some).collect()), speed);
            let expected = Some(api::EstimatedRange { least, most });
            assert_eq!(known.speech_cost_micro_usd, expected, "{prices:?} at {speed}");
            assert_eq!(known.basis.len(), if most > 0 { 2 } else { 1 });
        }
    }

    #[test]
    fn a_cost_that_nobody_knows_is_not_told_and_why_is() {
        let refused = Failure::invalid("narration.speakers[0].voice", "there is no such voice");
        for (prices, says) in
            [(Ok(vec![Some(CHARACTERS), None]), "has no price today"), (Err(refused), "there is no such voice")]
        {
            let unknown = with_cost(estimate(), prices, 100);
            assert_eq!((unknown.speech_cost_micro_usd, unknown.words), (None, estimate().words));
            assert!(unknown.basis.iter().any(|basis| basis.contains(says)), "{:?}", unknown.basis);
        }
    }

    #[test]
    fn no_number_is_too_large() {
        let dear = SpeechPrice { characters_micro_usd: i64::MAX, hour_micro_usd: i64::MAX };
        assert_eq!(cost(&dear, i64::MAX, i64::MAX, 50), i64::MAX);
        assert_eq!(cost(&dear, -1, -1, 100), 0);
    }
}
