//! What an operator writes into the `metadata` of a KEDA trigger.

use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_proto::externalscaler::ScaledObjectRef;

/// Which stage service is scaled: `ingest`, `ai` or `tts`.
const SERVICE: &str = "service";
/// Steps that one replica does at once: a number above 0.
const STEPS_PER_REPLICA: &str = "stepsPerReplica";
/// The service is active with more steps than this: a whole number.
const ACTIVATION_STEPS: &str = "activationSteps";
/// What KEDA itself reads of the metadata of an external scaler, and sends along.
const OF_KEDA: [&str; 7] =
    ["scalerAddress", "metricType", "enableTLS", "unsafeSsl", "caCert", "tlsClientCert", "tlsClientKey"];
/// More steps than these no replica does.
const MOST_STEPS: f64 = 100_000.0;
/// Characters of a wrong value that are said again.
const SHOWN: usize = 60;

/// The metadata of a trigger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Metadata {
    /// Which service is scaled.
    pub(super) service: Service,
    /// Steps that one replica does at once; none for what its workers announce.
    pub(super) steps_per_replica: Option<f64>,
    /// The service is active with more steps than this.
    pub(super) activation_steps: u64,
}

impl Metadata {
    /// Reads it.
    ///
    /// # Errors
    /// `INVALID_FIELD` that names the key: one that is missing, unknown, or has a value that cannot
    /// be meant.
    pub(super) fn read(object: &ScaledObjectRef) -> Result<Self, Failure> {
        let metadata = &object.scaler_metadata;
        let known = [SERVICE, STEPS_PER_REPLICA, ACTIVATION_STEPS];
        if let Some(key) =
            metadata.keys().find(|key| !known.contains(&key.as_str()) && !OF_KEDA.contains(&key.as_str()))
        {
            let key: String = key.chars().take(SHOWN).collect();
            let message = format!("{key}: there is no such key; write service, stepsPerReplica or activationSteps");
            return Err(Failure::invalid(key, message));
        }
        let service = metadata.get(SERVICE).map_or("", String::as_str);
        let service = Service::ALL.into_iter().find(|known| known.as_str() == service);
        let service = service
            .ok_or_else(|| wrong(SERVICE, "write the service to scale, ingest, ai or tts", metadata.get(SERVICE)))?;
        let steps_per_replica = match metadata.get(STEPS_PER_REPLICA) {
            None => None,
            Some(text) => Some(steps(text).ok_or_else(|| {
                wrong(STEPS_PER_REPLICA, "write how many steps a replica does at once, above 0", Some(text))
            })?),
        };
        let activation_steps = match metadata.get(ACTIVATION_STEPS) {
            None => 0,
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| wrong(ACTIVATION_STEPS, "write a whole number of steps, 0 for any at all", Some(text)))?,
        };
        Ok(Self { service, steps_per_replica, activation_steps })
    }
}

fn steps(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|steps: &f64| steps.is_finite() && *steps > 0.0 && *steps <= MOST_STEPS)
}

fn wrong(key: &str, what: &str, value: Option<&String>) -> Failure {
    let shown: String = value.map_or("", String::as_str).chars().take(SHOWN).collect();
    Failure::invalid(key, format!("{key}: {what}; it is {shown:?}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn object(metadata: &[(&str, &str)]) -> ScaledObjectRef {
        let scaler_metadata: BTreeMap<String, String> =
            metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ScaledObjectRef { name: "tts".to_owned(), namespace: "lectern".to_owned(), scaler_metadata }
    }

    #[test]
    fn what_a_trigger_says_is_read_and_what_keda_adds_is_left() {
        let read = |metadata| Metadata::read(&object(metadata)).expect("metadata");
        let least = Metadata { service: Service::Tts, steps_per_replica: None, activation_steps: 0 };
        assert_eq!(read(&[("service", "tts")]), least);
        let all = [
            ("service", "ai"),
            ("stepsPerReplica", " 2.5 "),
            ("activationSteps", "7"),
            ("scalerAddress", "lectern-scaler.lectern.svc:7420"),
            ("enableTLS", "false"),
        ];
        let expected = Metadata { service: Service::Ai, steps_per_replica: Some(2.5), activation_steps: 7 };
        assert_eq!(read(&all), expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_key() {
        let cases: [(&[(&str, &str)], &str); 10] = [
            (&[], "service"),
            (&[("service", "gateway")], "service"),
            (&[("service", "TTS")], "service"),
            (&[("service", "tts"), ("stepsPerReplica", "0")], "stepsPerReplica"),
            (&[("service", "tts"), ("stepsPerReplica", "-1")], "stepsPerReplica"),
            (&[("service", "tts"), ("stepsPerReplica", "NaN")], "stepsPerReplica"),
            (&[("service", "tts"), ("stepsPerReplica", "inf")], "stepsPerReplica"),
            (&[("service", "tts"), ("stepsPerReplica", "two")], "stepsPerReplica"),
            (&[("service", "tts"), ("activationSteps", "-1")], "activationSteps"),
            (&[("service", "tts"), ("stepPerReplica", "2")], "stepPerReplica"),
        ];
        for (metadata, key) in cases {
            let refused = Metadata::read(&object(metadata)).expect_err(key);
            assert_eq!(refused.field.as_deref(), Some(key), "{metadata:?}");
            assert!(refused.message.starts_with(key), "{metadata:?}: {refused}");
        }
    }
}
