use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn row(input: u64, cached: u64, output: u64) -> PriceRow {
    PriceRow {
        first_day: None,
        last_day: None,
        above: 0,
        input,
        cached,
        output,
        regional_percent: 110,
        source: "a test".to_owned(),
    }
}

fn price(rows: &[PriceRow], on: &str, place: Place) -> Price {
    Price::on(rows, "gemini", "flash", day(on), place).unwrap()
}

/// 0.75 USD until the end of the year, twice as much from then on.
fn doubling() -> [PriceRow; 2] {
    let first = PriceRow { last_day: Some(day("2026-12-31")), ..row(750_000, 75_000, 3_750_000) };
    let then = PriceRow { first_day: Some(day("2027-01-01")), ..row(1_500_000, 75_000, 7_500_000) };
    [first, then]
}

#[test]
fn a_call_costs_what_its_day_says_with_thoughts_at_the_price_of_output() {
    let usage = Usage { input: 1_000_000, cached: 200_000, output: 100_000, thoughts: 100_000, ..Usage::default() };
    for (on, cost) in [("2026-12-31", 600_000 + 15_000 + 750_000), ("2027-01-01", 1_200_000 + 15_000 + 1_500_000)] {
        assert_eq!(price(&doubling(), on, Place::Global).cost(usage), MicroUsd::new(cost), "{on}");
    }
    let regional = price(&doubling(), "2026-12-31", Place::Regional).cost(usage);
    assert_eq!(regional, MicroUsd::new(1_365_000 * 110 / 100));
}

#[test]
fn a_part_of_a_millionth_is_a_whole_one() {
    let price = price(&doubling(), "2026-12-01", Place::Global);
    assert_eq!(price.cost(Usage { input: 1, ..Usage::default() }), MicroUsd::new(1));
    assert_eq!(price.cost(Usage { input: 4, ..Usage::default() }), MicroUsd::new(3), "4 at 0.75");
    assert_eq!(price.cost(Usage { input: 3, ..Usage::default() }), MicroUsd::new(3), "2.25 rounded up");
    assert_eq!(price.cost(Usage::default()), MicroUsd::ZERO);
}

#[test]
fn characters_cost_what_their_row_says_and_no_tokens_beside_them() {
    let price = price(&[row(30_000_000, 0, 0)], "2026-12-01", Place::Global);
    let spoken = Usage { characters: 81, ..Usage::default() };
    assert_eq!((price.cost(spoken), price.most(spoken)), (MicroUsd::new(2_430), MicroUsd::new(2_430)));
    assert_eq!(spoken.plus(spoken).characters, 162);
    assert_eq!(spoken.total(), 0, "they are no tokens");
    let kept = serde_json::to_value(Usage::default()).unwrap();
    assert_eq!(kept.get("characters"), None, "records of models are as they were");
}

#[test]
fn a_long_prompt_has_the_price_of_long_ones_as_a_whole() {
    let rows =
        [row(2_000_000, 2_000_000, 12_000_000), PriceRow { above: 200_000, ..row(4_000_000, 4_000_000, 18_000_000) }];
    let price = price(&rows, "2026-12-01", Place::Global);
    let cost = |input| price.cost(Usage { input, output: 1_000, ..Usage::default() }).get();
    assert_eq!((cost(200_000), cost(200_001)), (412_000, 818_004));
    assert_eq!(price.estimate_max(200_001, 1_000).get(), 818_004);
    assert_eq!(price.estimate_max(200_000, 1_000).get(), 412_000);
}

#[test]
fn a_day_without_a_price_says_what_is_to_be_added() {
    let over = [PriceRow { last_day: Some(day("2026-12-31")), ..row(1, 1, 1) }];
    let refused = Price::on(&over, "gemini", "flash", day("2027-01-01"), Place::Global).unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("models_file"));
    for words in ["gemini/flash", "2027-01-01", "[[models.prices]]", "first_day"] {
        assert!(refused.message.contains(words), "{refused}");
    }
    assert!(!refused.kind.retryable());
    let free = Price::on(&[], "openai", "smol", day("2027-01-01"), Place::Global).unwrap();
    let usage = Usage { input: 9, cached: 0, output: 9, thoughts: 9, characters: 9 };
    assert!(free.is_free() && free.cost(usage) == MicroUsd::ZERO && free.estimate_max(9, 9) == MicroUsd::ZERO);
}

#[test]
fn how_long_there_is_a_price_is_known_over_all_rows_without_a_gap() {
    let until = |first: Option<&str>, last: &str| PriceRow {
        first_day: first.map(day),
        last_day: Some(day(last)),
        ..row(1, 1, 1)
    };
    let today = day("2026-11-28");
    for (rows, left) in [
        (vec![], None),
        (vec![row(1, 1, 1)], None),
        (doubling().to_vec(), None),
        (vec![until(None, "2026-12-28")], Some(30)),
        (vec![until(None, "2026-11-28")], Some(0)),
        (vec![until(None, "2026-11-27")], Some(-1)),
        (vec![until(None, "2026-11-30"), until(Some("2026-12-01"), "2026-12-02")], Some(4)),
        (vec![until(None, "2026-11-30"), until(Some("2026-12-02"), "2026-12-09")], Some(2)),
    ] {
        assert_eq!(days_left(&rows, today), left, "{rows:?}");
    }
}

proptest! {
    /// What was reserved is enough, whatever a call within its limits used.
    #[test]
    fn no_call_within_its_limits_costs_more_than_its_maximum(
        input in 0_u64..400_000, cached in 0_u64..400_000, output in 0_u64..70_000, thoughts in 0_u64..70_000,
        slack in 0_u64..1_000, regional in any::<bool>(),
    ) {
        let rows = [row(2_000_000, 100_000, 12_000_000), PriceRow { above: 200_000, ..row(4_000_000, 200_000, 18_000_000) }];
        let place = if regional { Place::Regional } else { Place::Global };
        let price = price(&rows, "2026-12-01", place);
        let cost = price.cost(Usage { input, cached: cached.min(input), output, thoughts, characters: 0 });
        prop_assert!(cost <= price.estimate_max(input + slack, output + thoughts));
    }
}
