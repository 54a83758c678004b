//! An ordered index over records, as databases have them: what a query costs follows from the
//! entries that it has to look at, not from how many there are.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use lectern_store::{Condition, Direction, ID, Index, Op, Query};
use serde_json::Value;

/// A value of a field, in the order that every adapter keeps: nothing, numbers, texts, truth
/// values. The records of the gateways have whole numbers alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// No value.
    Nothing,
    /// A whole number.
    Number(i64),
    /// A text.
    Text(Box<str>),
    /// A truth value.
    Truth(bool),
    /// After every value; no record has it.
    End,
}

impl Key {
    /// The key of a value.
    pub fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Bool(is)) => Self::Truth(*is),
            Some(Value::Number(number)) => Self::Number(number.as_i64().unwrap_or(i64::MAX)),
            Some(Value::String(text)) => Self::Text(text.as_str().into()),
            None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => Self::Nothing,
        }
    }

    /// The key of the field at a dotted path.
    pub fn at(id: &str, body: &Value, field: &str) -> Self {
        if field == ID {
            return Self::Text(id.into());
        }
        Self::of(field.split('.').try_fold(body, |value, part| value.get(part)))
    }
}

/// The values of an entry's fields, and the id of its record.
type Entry = (Box<[Key]>, Arc<str>);

/// An index.
#[derive(Debug)]
pub struct Ordered {
    spec: Index,
    entries: BTreeSet<Entry>,
}

/// How an index answers a query.
#[derive(Debug)]
pub struct Plan {
    /// The values of the first fields, by conditions of equality; several where one is of a list.
    prefixes: Vec<Vec<Key>>,
    /// Where the field after them begins and ends.
    low: Bound<Key>,
    high: Bound<Key>,
    /// How many fields conditions bind.
    bound: usize,
    /// Whether the entries are in the order that is asked for.
    pub ordered: bool,
}

impl Ordered {
    /// An index without entries.
    pub const fn new(spec: Index) -> Self {
        Self { spec, entries: BTreeSet::new() }
    }

    /// Takes a record in.
    pub fn insert(&mut self, id: &Arc<str>, body: &Value) {
        if let Some(keys) = self.keys(id, body) {
            self.entries.insert((keys, Arc::clone(id)));
        }
    }

    /// Lets a record go.
    pub fn remove(&mut self, id: &Arc<str>, body: &Value) {
        if let Some(keys) = self.keys(id, body) {
            self.entries.remove(&(keys, Arc::clone(id)));
        }
    }

    fn keys(&self, id: &str, body: &Value) -> Option<Box<[Key]>> {
        if self.spec.where_set.is_some_and(|field| Key::at(id, body, field) == Key::Nothing) {
            return None;
        }
        Some(self.spec.fields.iter().map(|field| Key::at(id, body, field)).collect())
    }

    /// How it answers a query; none where it cannot.
    pub fn plan(&self, query: &Query) -> Option<Plan> {
        let names = |condition: &&Condition, field: &str| condition.field == field;
        let is_set = |field: &str| query.filter.iter().any(|is| names(&is, field) && !is.value.is_null());
        if !self.spec.where_set.is_none_or(is_set) {
            return None;
        }
        let mut prefixes = vec![Vec::new()];
        let mut rest = self.spec.fields.iter();
        let mut ranged = None;
        let mut bound = 0;
        for field in rest.by_ref() {
            let one_of = query.filter.iter().find(|is| names(is, field) && matches!(is.op, Op::Eq | Op::In));
            let Some(one_of) = one_of else {
                ranged = Some(*field);
                break;
            };
            let values: Vec<Key> = match (&one_of.op, &one_of.value) {
                (Op::In, Value::Array(values)) => values.iter().map(|value| Key::of(Some(value))).collect(),
                (_, value) => vec![Key::of(Some(value))],
            };
            let longer = |prefix: &Vec<Key>| -> Vec<Vec<Key>> {
                values.iter().map(|value| prefix.iter().chain([value]).cloned().collect()).collect()
            };
            prefixes = prefixes.iter().flat_map(longer).collect();
            bound += 1;
        }
        let (low, high) = ranged.map_or((Bound::Unbounded, Bound::Unbounded), |field| range(query, field));
        let left: Vec<&str> = ranged.into_iter().chain(rest.copied()).collect();
        let asked = query.order.iter().map(|(field, _)| field.as_str());
        let ordered = prefixes.len() == 1 && asked.eq(left.iter().copied()) && direction(query).is_some();
        bound += usize::from(low != Bound::Unbounded || high != Bound::Unbounded);
        (bound > 0 || ordered).then_some(Plan { prefixes, low, high, bound, ordered })
    }

    /// The ids of the entries that a plan looks at, in its order.
    pub fn scan<'a>(&'a self, plan: &'a Plan, query: &'a Query) -> Box<dyn Iterator<Item = &'a Arc<str>> + 'a> {
        let backwards = plan.ordered && direction(query) == Some(Direction::Desc);
        let entries = plan.prefixes.iter().flat_map(move |prefix| {
            let (from, to) = ends(plan, prefix, query, backwards);
            let is_empty = from_is_after(&from, &to);
            let found = (!is_empty).then(|| self.entries.range((from, to)));
            let (forwards, back) = if backwards { (None, found.map(Iterator::rev)) } else { (found, None) };
            forwards.into_iter().flatten().chain(back.into_iter().flatten())
        });
        Box::new(entries.map(|(_, id)| id))
    }
}

impl Plan {
    /// The better of two plans looks at fewer entries, as far as conditions say.
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.bound, self.ordered).cmp(&(other.bound, other.ordered))
    }
}

/// From where to where the values of a field are, by the conditions of a query.
pub fn range(query: &Query, field: &str) -> (Bound<Key>, Bound<Key>) {
    let (mut low, mut high) = (Bound::Unbounded, Bound::Unbounded);
    for condition in query.filter.iter().filter(|condition| condition.field == field) {
        let key = Key::of(Some(&condition.value));
        match condition.op {
            Op::Gt => low = Bound::Excluded(key),
            Op::Gte => low = Bound::Included(key),
            Op::Lt => high = Bound::Excluded(key),
            Op::Lte => high = Bound::Included(key),
            Op::Eq | Op::Ne | Op::In => {}
        }
    }
    (low, high)
}

/// The direction of a query's order, where all its fields have the same.
pub fn direction(query: &Query) -> Option<Direction> {
    let first = query.order.first().map_or(Direction::Asc, |(_, direction)| *direction);
    query.order.iter().all(|(_, direction)| *direction == first).then_some(first)
}

/// Where the entries of a prefix begin and end.
fn ends(plan: &Plan, prefix: &[Key], query: &Query, backwards: bool) -> (Bound<Entry>, Bound<Entry>) {
    let with = |more: &[Key]| -> Box<[Key]> { prefix.iter().chain(more).cloned().collect() };
    let first = |keys: Box<[Key]>| Bound::Included((keys, Arc::from("")));
    // Entries have more fields than a bound, and so come after it: one that is to leave out all
    // entries of a value ends after the last of them.
    let mut from = match &plan.low {
        Bound::Unbounded => first(with(&[])),
        Bound::Included(low) => first(with(std::slice::from_ref(low))),
        Bound::Excluded(low) => first(with(&[low.clone(), Key::End])),
    };
    let mut to = match &plan.high {
        Bound::Unbounded => first(with(&[Key::End])),
        Bound::Excluded(high) => first(with(std::slice::from_ref(high))),
        Bound::Included(high) => first(with(&[high.clone(), Key::End])),
    };
    if let Some((Value::String(id), values)) =
        query.after.as_ref().filter(|_| plan.ordered).and_then(|cursor| cursor.0.split_last())
    {
        let values: Vec<Key> = values.iter().map(|value| Key::of(Some(value))).collect();
        let place = Bound::Excluded((with(&values), Arc::from(id.as_str())));
        if backwards { to = place } else { from = place }
    }
    (from, to)
}

/// Whether nothing can lie between two bounds, of which a set would not have the one after the
/// other.
fn from_is_after(from: &Bound<Entry>, to: &Bound<Entry>) -> bool {
    match (from, to) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

/// Whether a record meets a condition.
pub fn holds(condition: &Condition, id: &str, body: &Value) -> bool {
    let key = Key::at(id, body, &condition.field);
    let is_set = key != Key::Nothing;
    let ordering = key.cmp(&Key::of(Some(&condition.value)));
    match condition.op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Lt => is_set && ordering.is_lt(),
        Op::Lte => is_set && ordering.is_le(),
        Op::Gt => is_set && ordering.is_gt(),
        Op::Gte => is_set && ordering.is_ge(),
        Op::In => match &condition.value {
            Value::Array(values) => values.iter().any(|value| Key::of(Some(value)) == key),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
        },
    }
}

/// Compares two records, or a record and a place, by the order of a query: the values of its
/// fields, then the ids.
pub fn by_order(query: &Query, a: (&[Key], &str), b: (&[Key], &str)) -> Ordering {
    let turned = |direction: Direction, ordering: Ordering| match direction {
        Direction::Asc => ordering,
        Direction::Desc => ordering.reverse(),
    };
    let fields = query.order.iter().zip(a.0.iter().zip(b.0));
    let decided = fields
        .fold(Ordering::Equal, |decided, ((_, direction), (a, b))| decided.then_with(|| turned(*direction, a.cmp(b))));
    let last = query.order.last().map_or(Direction::Asc, |(_, direction)| *direction);
    decided.then_with(|| turned(last, a.1.cmp(b.1)))
}

/// The values of a record's fields in the order of a query.
pub fn place(query: &Query, id: &str, body: &Value) -> Vec<Key> {
    query.order.iter().map(|(field, _)| Key::at(id, body, field)).collect()
}
