//! Replicas of a service: their names, how many there may be, and what the further ones are good
//! for.

use super::SERVICES;

/// Most replicas of one service, on one machine.
const MOST: u32 = 16;

/// The service of a part: `tts` of `tts-2`.
pub fn service_of(part: &str) -> &str {
    match part.rsplit_once('-') {
        Some((service, number)) if number.parse::<u32>().is_ok() => service,
        Some(_) | None => part,
    }
}

/// Whether a part is a replica of one of our services, and no server.
pub fn is_service(part: &str) -> bool {
    SERVICES.contains(&service_of(part))
}

/// The names of so many replicas: `tts`, `tts-2`, `tts-3`.
pub fn names(service: &str, replicas: u32) -> Vec<String> {
    let name = |number: u32| if number == 1 { service.to_owned() } else { format!("{service}-{number}") };
    (1..=replicas).map(name).collect()
}

/// Whether there can be so many; otherwise why not.
pub fn check(service: &str, replicas: u32) -> Result<(), String> {
    if !SERVICES.contains(&service) {
        return Err(format!("{service} cannot be scaled; these can: {}", SERVICES.join(", ")));
    }
    if replicas > MOST {
        return Err(format!("at most {MOST} replicas of a service run on one machine"));
    }
    Ok(())
}

/// What the replicas of a service do, of which the others know the first alone.
pub fn explained(service: &str, replicas: u32) -> String {
    match (service, replicas) {
        (_, 0) => format!("no {service} runs: calls that need it are refused, and its steps wait"),
        (_, 1) => format!("one {service} runs"),
        ("gateway", _) => format!(
            "{replicas} gateways run and share what is to be coordinated; each serves the whole API at its own address, and \
             nothing shares callers out between them. The stages check API keys at the first one alone: while it is away, \
             they know the keys that they have seen of late"
        ),
        ("ingest", _) => format!(
            "{replicas} ingests run and share the steps (extract). The gateway knows the first one alone: uploads, imports \
             and lists of documents go to it, and are refused while it is away"
        ),
        ("tts", _) => format!(
            "{replicas} tts run and share the steps (record, assemble). The gateway knows the first one alone: lists of \
             voices, spoken samples and the pinning of new orders go to it, and are refused while it is away"
        ),
        _ => format!(
            "{replicas} {service} run and share the steps (plan, write). The gateway knows the first one alone: previews and \
             the pinning of new orders go to it, and are refused while it is away"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_numbered_and_know_their_service() {
        assert_eq!(names("tts", 3), ["tts", "tts-2", "tts-3"]);
        assert!(names("tts", 0).is_empty());
        for (part, service) in [("tts", "tts"), ("tts-2", "tts"), ("nats-server", "nats-server"), ("mongod", "mongod")]
        {
            assert_eq!(service_of(part), service);
        }
    }

    #[test]
    fn servers_are_not_scaled_and_a_machine_has_its_limits() {
        assert!(check("tts", 2).is_ok() && check("gateway", 0).is_ok());
        assert!(check("mongod", 2).unwrap_err().contains("gateway"));
        assert!(check("tts", MOST + 1).is_err());
    }
}
