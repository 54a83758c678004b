//! The table of the functions of English.

use super::{bounds, counting, dates, naming, numerals, opposites, spelled, units, words};
use crate::grounding::rules::Rules;

/// English.
pub(in crate::grounding) const RULES: Rules = Rules {
    stem: words::stem,
    abbreviation: words::abbreviation,
    common: words::common,
    unnamed: words::unnamed,
    part: words::part,
    title: words::title,
    proper: naming::proper,
    subject: naming::subject,
    given: naming::given,
    same_name: words::same_name,
    dates: dates::read,
    quantities: numerals::read,
    free_units: units::free,
    alike: units::alike,
    counts: counting::counts,
    end_of_span: words::end_of_span,
    label: counting::label,
    downward: counting::downward,
    pronoun: words::pronoun,
    refers: words::refers,
    joins: words::joins,
    numeral: spelled::numeral,
    couples: bounds::couples,
    between: bounds::between,
    above: bounds::above,
    lasts: bounds::lasts,
    compares: bounds::compares,
    heads: bounds::heads,
    exact: bounds::exact,
    symmetric: words::symmetric,
    opposites: opposites::find,
};
