//! What a process says of itself with every span and measurement, so that those of two replicas are
//! told apart.

use lectern_core::Random;
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;

use super::config::TelemetryConfig;
use super::names::resource::{ENVIRONMENT, SERVICE_INSTANCE, SERVICE_NAMESPACE, SERVICE_VERSION};

/// The attributes of the process `service`. What the variable `OTEL_RESOURCE_ATTRIBUTES` says is in
/// it too, where no setting says otherwise.
pub(super) fn resource(service: &str, config: &TelemetryConfig, random: &dyn Random) -> Resource {
    // Reads the variable, and what is known of the SDK.
    let found = Resource::builder().build();
    let mut attributes = vec![KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION"))];
    if !config.instance.is_empty() {
        attributes.push(KeyValue::new(SERVICE_INSTANCE, config.instance.clone()));
    } else if found.get(&Key::from_static_str(SERVICE_INSTANCE)).is_none() {
        attributes.push(KeyValue::new(SERVICE_INSTANCE, uuid(random)));
    }
    for (name, value) in [(SERVICE_NAMESPACE, &config.namespace), (ENVIRONMENT, &config.environment)] {
        if !value.is_empty() {
            attributes.push(KeyValue::new(name, value.clone()));
        }
    }
    Resource::builder().with_service_name(format!("lectern-{service}")).with_attributes(attributes).build()
}

/// A random UUID (version 4, RFC 9562 section 5.4).
fn uuid(random: &dyn Random) -> String {
    let (high, low) = (random.next(), random.next());
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use lectern_core::OsRandom;
    use lectern_core::random::SeededRandom;

    use super::*;

    fn value(resource: &Resource, name: &'static str) -> Option<String> {
        resource.get(&Key::from_static_str(name)).map(|value| value.to_string())
    }

    #[test]
    fn two_replicas_are_told_apart() {
        let config = TelemetryConfig::default();
        let (one, other) = (resource("tts", &config, &OsRandom), resource("tts", &config, &OsRandom));
        assert_eq!(value(&one, "service.name").as_deref(), Some("lectern-tts"));
        assert_eq!(value(&one, "service.name"), value(&other, "service.name"));
        assert_eq!(value(&one, SERVICE_NAMESPACE).as_deref(), Some("lectern"));
        assert_eq!(value(&one, SERVICE_VERSION).as_deref(), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(value(&one, ENVIRONMENT), None);
        assert_ne!(value(&one, SERVICE_INSTANCE).unwrap(), value(&other, SERVICE_INSTANCE).unwrap());
    }

    #[test]
    fn settings_say_who_a_process_is() {
        let config = TelemetryConfig {
            namespace: "books".to_owned(),
            environment: "staging".to_owned(),
            instance: "tts-0".to_owned(),
            ..TelemetryConfig::default()
        };
        let resource = resource("tts", &config, &OsRandom);
        for (name, expected) in [(SERVICE_NAMESPACE, "books"), (ENVIRONMENT, "staging"), (SERVICE_INSTANCE, "tts-0")] {
            assert_eq!(value(&resource, name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn an_id_is_a_uuid_of_version_4() {
        for seed in 0..200 {
            let id = uuid(&SeededRandom::new(seed));
            let lengths: Vec<_> = id.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(id.as_bytes()[14], b'4', "{id}");
            assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        }
    }
}
