//! Dates and times of day, and when one may be said for another.

/// A date, as far as it is named, or a time of day.
#[derive(Debug, Clone, Default)]
pub(super) struct Date {
    /// Its first token.
    pub first: usize,
    /// One past its last token.
    pub last: usize,
    /// The first and the last year that it may be; years before the common era are below zero.
    pub years: Option<(i32, i32)>,
    /// Whether `years` lack their century: the nineties, 1 Jan 81.
    pub loose: bool,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to 31.
    pub day: Option<u8>,
    /// Whether month and day may be exchanged: 3/4/1999.
    pub either: bool,
    /// Monday is 1.
    pub weekday: Option<u8>,
    /// Minutes from midnight.
    pub minute: Option<u32>,
    /// Whether the half of the day is not said.
    pub either_half: bool,
}

/// Half a day in minutes.
const HALF_DAY: u32 = 12 * 60;

/// How a part of a date compares with that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The claim does not name it.
    Unsaid,
    /// Both name it, and alike.
    Same,
    /// The source does not name it.
    Missing,
    /// They differ.
    Other,
}

impl Date {
    /// A year alone.
    pub const fn year(first: usize, last: usize, year: i32) -> Self {
        Self {
            first,
            last,
            years: Some((year, year)),
            loose: false,
            month: None,
            day: None,
            either: false,
            weekday: None,
            minute: None,
            either_half: false,
        }
    }

    fn parts(&self, source: &Self) -> [Part; 5] {
        let (month, day) = if self.either || source.either { self.exchanged(source) } else { (self.month, self.day) };
        [
            self.years_of(source),
            part(month, source.month),
            part(day, source.day),
            part(self.weekday, source.weekday),
            self.minute_of(source),
        ]
    }

    /// Month and day in the order in which they are the source's, if there is one.
    fn exchanged(&self, source: &Self) -> (Option<u8>, Option<u8>) {
        let turned = (self.day, self.month);
        if turned == (source.month, source.day) { turned } else { (self.month, self.day) }
    }

    fn years_of(&self, source: &Self) -> Part {
        match (self.years, source.years) {
            (None, _) => Part::Unsaid,
            (Some(_), None) => Part::Missing,
            (Some((from, to)), Some((first, last))) => {
                let inside = if self.loose || source.loose {
                    let within = |year: i32| year.rem_euclid(100);
                    within(from) <= within(first) && within(last) <= within(to)
                } else {
                    from <= first && last <= to
                };
                if inside { Part::Same } else { Part::Other }
            }
        }
    }

    fn minute_of(&self, source: &Self) -> Part {
        match (self.minute, source.minute) {
            (None, _) => Part::Unsaid,
            (Some(_), None) => Part::Missing,
            (Some(a), Some(b)) => {
                let halves = self.either_half || source.either_half;
                if a == b || (halves && a % HALF_DAY == b % HALF_DAY) { Part::Same } else { Part::Other }
            }
        }
    }

    /// How many parts it has in common with a date of the sources, and as a half that both name the
    /// same parts.
    pub fn likeness(&self, source: &Self) -> usize {
        let parts = self.parts(source);
        let count = |wanted: Part| parts.iter().filter(|part| **part == wanted).count();
        count(Part::Same) * 2 + count(Part::Other)
    }

    /// Whether it is one of `sources`, or is made of parts that the sources name apart: the day in
    /// a sentence, the year in the title.
    pub fn is_among(&self, sources: &[Self]) -> bool {
        sources.iter().any(|source| {
            let parts = self.parts(source);
            if parts.contains(&Part::Other) || !parts.contains(&Part::Same) {
                return false;
            }
            let rest = parts.iter().enumerate().filter(|(_, part)| **part == Part::Missing);
            rest.into_iter().all(|(at, _)| {
                sources.iter().any(|other| {
                    let parts = self.parts(other);
                    parts.get(at) == Some(&Part::Same) && !parts.contains(&Part::Other)
                })
            })
        })
    }
}

fn part(claim: Option<u8>, source: Option<u8>) -> Part {
    match (claim, source) {
        (None, _) => Part::Unsaid,
        (Some(_), None) => Part::Missing,
        (Some(a), Some(b)) if a == b => Part::Same,
        (Some(_), Some(_)) => Part::Other,
    }
}
