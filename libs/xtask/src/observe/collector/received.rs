//! What the collector received, read from what it prints: a line for each name and value, in parts
//! that begin with a title.

use std::collections::BTreeMap;
use std::fmt;

/// A value, as the collector shows it: `Int(3)` is of the sort `Int`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub sort: String,
    pub text: String,
}

impl Value {
    fn of(shown: &str) -> Self {
        let parts = shown.split_once('(').and_then(|(sort, rest)| Some((sort, rest.strip_suffix(')')?)));
        let (sort, text) = parts.unwrap_or(("", shown));
        Self { sort: sort.to_owned(), text: text.to_owned() }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.sort, self.text)
    }
}

/// Attributes of a process, of a span or of a measurement.
pub type Attributes = BTreeMap<String, Value>;

/// A finished span. Its kind is that of the protocol: `SPAN_KIND_SERVER`.
#[derive(Debug, Clone, Default)]
pub struct Span {
    pub name: String,
    pub kind: String,
    pub trace: String,
    pub id: String,
    /// Empty where it has none.
    pub parent: String,
    pub links: Vec<Link>,
    pub attributes: Attributes,
}

impl Span {
    /// The text of an attribute; empty where it has none of that name.
    pub fn text(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", |value| &value.text)
    }

    fn put(&mut self, name: &str, shown: &str) {
        let field = match name {
            "Trace ID" => &mut self.trace,
            "Parent ID" => &mut self.parent,
            "ID" => &mut self.id,
            "Name" => &mut self.name,
            "Kind" => &mut self.kind,
            _ => return,
        };
        shown.clone_into(field);
    }
}

/// What a span has to do with and is no child of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    pub trace: String,
    pub id: String,
}

/// A metric, as it was exported once.
#[derive(Debug, Clone, Default)]
pub struct Metric {
    pub name: String,
    pub unit: String,
    data: String,
    monotonic: bool,
    /// The attributes of each measurement.
    pub points: Vec<Attributes>,
}

impl Metric {
    /// What it measures, in the words of docs where they have one for it.
    pub fn kind(&self) -> &str {
        match (self.data.as_str(), self.monotonic) {
            ("Sum", true) => "counter",
            ("Sum", false) => "sum that may fall",
            ("Gauge", _) => "gauge",
            ("Histogram", _) => "histogram",
            (other, _) => other,
        }
    }

    fn put(&mut self, name: &str, shown: &str) {
        match name {
            "Name" => shown.clone_into(&mut self.name),
            "Unit" => shown.clone_into(&mut self.unit),
            "DataType" => shown.clone_into(&mut self.data),
            "IsMonotonic" => self.monotonic = shown == "true",
            _ => {}
        }
    }
}

/// All of it, in the order in which it came.
#[derive(Debug, Default)]
pub struct Received {
    /// What the processes say of themselves, once for each export.
    pub resources: Vec<Attributes>,
    pub spans: Vec<Span>,
    pub metrics: Vec<Metric>,
}

/// The part that is being read.
#[derive(Clone, Copy)]
enum Part {
    Resource,
    Span,
    Attributes,
    Link,
    Metric,
    Point,
    /// One that nothing is read from, such as the events of a span.
    Other,
}

impl Received {
    /// Reads what the collector printed.
    pub fn read(printed: &str) -> Self {
        let mut received = Self::default();
        let mut part = Part::Other;
        for line in printed.lines() {
            match received.begin(line) {
                Some(begun) => part = begun,
                None => received.put(part, line),
            }
        }
        received
    }

    /// The part whose title this line is.
    fn begin(&mut self, line: &str) -> Option<Part> {
        // Most are numbered: `Span #3`.
        let title = line.split_once(" #").map_or(line, |(title, _)| title);
        Some(match title {
            "Resource attributes:" => {
                self.resources.push(Attributes::new());
                Part::Resource
            }
            "Span" => {
                self.spans.push(Span::default());
                Part::Span
            }
            "Attributes:" => Part::Attributes,
            "SpanLink" => {
                if let Some(span) = self.spans.last_mut() {
                    span.links.push(Link::default());
                }
                Part::Link
            }
            "Descriptor:" => {
                self.metrics.push(Metric::default());
                Part::Metric
            }
            "NumberDataPoints" | "HistogramDataPoints" => {
                if let Some(metric) = self.metrics.last_mut() {
                    metric.points.push(Attributes::new());
                }
                Part::Other
            }
            "Data point attributes:" => Part::Point,
            "ResourceSpans" | "ResourceMetrics" | "ScopeSpans" | "ScopeMetrics" | "Metric" | "Events:"
            | "SpanEvent" | "Links:" => Part::Other,
            _ => return None,
        })
    }

    /// Takes in a line of a part.
    fn put(&mut self, part: Part, line: &str) {
        // Lines of the collector's own log are not indented.
        let Some(indented) = line.strip_prefix("    ") else { return };
        let field = indented.trim_start();
        let Some((name, shown)) = field.strip_prefix("-> ").unwrap_or(field).split_once(':') else { return };
        let (name, shown) = (name.trim_end(), shown.trim());
        let attributes = match part {
            Part::Other => None,
            Part::Resource => self.resources.last_mut(),
            Part::Attributes => self.spans.last_mut().map(|span| &mut span.attributes),
            Part::Point => self.metrics.last_mut().and_then(|metric| metric.points.last_mut()),
            Part::Span => {
                if let Some(span) = self.spans.last_mut() {
                    span.put(name, shown);
                }
                None
            }
            Part::Link => {
                match (name, self.spans.last_mut().and_then(|span| span.links.last_mut())) {
                    ("Trace ID", Some(link)) => shown.clone_into(&mut link.trace),
                    ("ID", Some(link)) => shown.clone_into(&mut link.id),
                    (_, _) => {}
                }
                None
            }
            Part::Metric => {
                if let Some(metric) = self.metrics.last_mut() {
                    metric.put(name, shown);
                }
                None
            }
        };
        if let Some(attributes) = attributes {
            attributes.insert(name.to_owned(), Value::of(shown));
        }
    }
}

/// What a collector printed of a run, shortened: some spans of a trace, and three metrics.
#[cfg(test)]
pub const EXCERPT: &str = include_str!("excerpt.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_attributes_and_links_and_without_their_events() {
        let received = Received::read(EXCERPT);
        assert_eq!(received.spans.len(), 11);
        let fold = received.spans.iter().find(|span| span.name == "process events").unwrap();
        assert_eq!(fold.kind, "SPAN_KIND_CONSUMER");
        assert_eq!((fold.id.as_str(), fold.parent.as_str()), ("5699919309ace9e7", "0c33edeacb907a32"));
        let trace = "5e4b7f5c92d414eaaf2674c7de838f3e".to_owned();
        assert_eq!(fold.links, [Link { trace: trace.clone(), id: "6b0d5bf4b9a23177".to_owned() }]);
        let count = Value { sort: "Int".to_owned(), text: "2".to_owned() };
        assert_eq!(fold.attributes["messaging.batch.message_count"], count);
        assert_eq!((fold.text("messaging.system"), fold.text("none")), ("memory", ""));
        assert!(received.spans.iter().all(|span| span.trace == trace));
        assert!(received.spans.iter().all(|span| !span.attributes.contains_key("level")), "of a line of the log");
        let first = received.spans.first().unwrap();
        assert_eq!((first.parent.as_str(), first.attributes.len()), ("", 5));
    }

    #[test]
    fn metrics_are_read_with_their_measurements() {
        let received = Received::read(EXCERPT);
        let read = |metric: &Metric| {
            let labels: Vec<_> = metric.points.iter().map(|point| point.keys().cloned().collect::<Vec<_>>()).collect();
            (metric.name.clone(), metric.unit.clone(), metric.kind().to_owned(), labels)
        };
        let expected = |name: &str, unit: &str, kind: &str, labels: &[&str]| {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
            (name.to_owned(), unit.to_owned(), kind.to_owned(), vec![labels])
        };
        let expected = [
            expected("lectern.held", "{unit}", "gauge", &["what"]),
            expected("lectern.engine.calls", "{call}", "counter", &["engine", "outcome"]),
            expected("lectern.dispatch.wait", "s", "histogram", &["lane", "service"]),
        ];
        assert_eq!(received.metrics.iter().map(read).collect::<Vec<_>>(), expected);
        let falls = EXCERPT.replace("IsMonotonic: true", "IsMonotonic: false");
        assert!(Received::read(&falls).metrics.iter().any(|metric| metric.kind() == "sum that may fall"));
    }

    #[test]
    fn processes_are_read_and_lines_of_the_log_between_them_are_not() {
        let noted = EXCERPT.replace("ScopeSpans #0", "2026-11-28T15:43:45Z  INFO said: something\nScopeSpans #0");
        let received = Received::read(&noted);
        assert_eq!(received.resources.len(), 3);
        let last = received.resources.last().unwrap();
        assert_eq!(last["service.instance.id"].to_string(), "Str(480a7549-a989-4b0c-96cc-cd230dfa62eb)");
        let names: Vec<_> = received.resources.iter().map(Attributes::len).collect();
        assert_eq!(names, [8, 8, 8]);
    }
}
