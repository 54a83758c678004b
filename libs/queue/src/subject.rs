//! Subjects and stream names: the one place that spells them.
//!
//! A step's subject is its id with dots for slashes, so the claim needs no look inside the message.
//! Ids hold no dots ([`lectern_core::id`]), so a subject reads back without doubt.

use lectern_core::id::{Service, StepId};

/// Whose news the events of a service are: the noun of their subjects.
#[must_use]
pub const fn noun(service: Service) -> &'static str {
    match service {
        Service::Ingest => "document",
        Service::Ai => "script",
        Service::Tts => "recording",
    }
}

/// Spells subjects and stream names under an optional prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subjects {
    prefix: String,
}

impl Subjects {
    /// Subjects under `prefix`; none when it is empty.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    fn subject(&self, rest: &str) -> String {
        if self.prefix.is_empty() { rest.to_owned() } else { format!("{}.{rest}", self.prefix) }
    }

    fn stream(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}_{name}", self.prefix) }
    }

    fn strip<'a>(&self, subject: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() { Some(subject) } else { subject.strip_prefix(&self.prefix)?.strip_prefix('.') }
    }

    /// `work.<service>.<narration>.<run>.<kind>.<index>`.
    #[must_use]
    pub fn work(&self, step: &StepId) -> String {
        self.step("work", step)
    }

    /// `dead.<service>.<narration>.<run>.<kind>.<index>`.
    #[must_use]
    pub fn dead(&self, step: &StepId) -> String {
        self.step("dead", step)
    }

    fn step(&self, first: &str, step: &StepId) -> String {
        let service = step.kind.service().as_str();
        self.subject(&format!("{first}.{service}.{}", step.to_string().replace('/', ".")))
    }

    /// Every command of a service.
    #[must_use]
    pub fn all_work(&self, service: Service) -> String {
        self.subject(&format!("work.{}.>", service.as_str()))
    }

    /// Every dead letter, or those of one service.
    #[must_use]
    pub fn all_dead(&self, service: Option<Service>) -> String {
        match service {
            Some(service) => self.subject(&format!("dead.{}.>", service.as_str())),
            None => self.subject("dead.>"),
        }
    }

    /// `events.<noun>.<id>`.
    #[must_use]
    pub fn event(&self, noun: &str, id: &str) -> String {
        self.subject(&format!("events.{noun}.{id}"))
    }

    /// Every event.
    #[must_use]
    pub fn all_events(&self) -> String {
        self.subject("events.>")
    }

    /// `hints.<topic>`.
    #[must_use]
    pub fn hint(&self, topic: &str) -> String {
        self.subject(&format!("hints.{topic}"))
    }

    /// The stream of a service's commands.
    #[must_use]
    pub fn work_stream(&self, service: Service) -> String {
        self.stream(match service {
            Service::Ingest => "WORK_INGEST",
            Service::Ai => "WORK_AI",
            Service::Tts => "WORK_TTS",
        })
    }

    /// The stream of events.
    #[must_use]
    pub fn event_stream(&self) -> String {
        self.stream("EVENTS")
    }

    /// The stream of dead letters.
    #[must_use]
    pub fn dead_stream(&self) -> String {
        self.stream("DEAD")
    }

    /// The step that a `work` or `dead` subject is of; none for a kind that this version does not
    /// know.
    #[must_use]
    pub fn parse_step(&self, subject: &str) -> Option<StepId> {
        let rest = self.strip(subject)?;
        let mut parts = rest.splitn(3, '.');
        let (first, service, id) = (parts.next()?, parts.next()?, parts.next()?);
        let step: StepId = id.replace('.', "/").parse().ok()?;
        (matches!(first, "work" | "dead") && step.kind.service().as_str() == service).then_some(step)
    }

    /// The noun and the id that an event's subject names.
    #[must_use]
    pub fn parse_event<'a>(&self, subject: &'a str) -> Option<(&'a str, &'a str)> {
        self.strip(subject)?.strip_prefix("events.")?.split_once('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_back_with_and_without_a_prefix() {
        let step: StepId = "n-1/2/record/17".parse().unwrap();
        for prefix in ["", "T123"] {
            let subjects = Subjects::new(prefix);
            assert_eq!(subjects.parse_step(&subjects.work(&step)), Some(step.clone()));
            assert_eq!(subjects.parse_step(&subjects.dead(&step)), Some(step.clone()));
            assert_eq!(subjects.parse_event(&subjects.event("recording", "n-1")), Some(("recording", "n-1")));
        }
        assert_eq!(Subjects::default().work(&step), "work.tts.n-1.2.record.17");
        assert_eq!(Subjects::new("T1").work_stream(Service::Tts), "T1_WORK_TTS");
    }

    #[test]
    fn subjects_of_others_are_not_read() {
        let subjects = Subjects::new("T1");
        for wrong in [
            "work.tts.n.1.record.0",
            "T1.work.ai.n.1.record.0",
            "T1.work.tts.n.1.sing.0",
            "T1.hints.x",
            "T12.events.a.b",
        ] {
            assert_eq!(subjects.parse_step(wrong), None, "{wrong}");
            assert_eq!(subjects.parse_event(wrong), None, "{wrong}");
        }
    }
}
