//! Which servers are new enough.

use lectern_core::Failure;

use super::unusable;

/// The least version of nats-server. Replicated work queues that refuse a second message of a
/// subject could part from their leader before December 2025 (nats-server pull request 7607), and
/// the advisories of March 2026 are mended in 2.12.6.
pub const LEAST_SERVER: &str = "2.12.6";

/// The parts of a version, in the order of their weight; a release is newer than what was previewed
/// of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
    patch: u32,
    released: bool,
}

impl Version {
    /// Reads `2.12.6`, `v2.12.6` or `2.12.6-RC.1`; none for anything else.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        // What follows a plus sign is of the build, and has no order.
        let text = text.split('+').next()?;
        let (numbers, released) = text.split_once('-').map_or((text, true), |(numbers, _)| (numbers, false));
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(Self { major, minor, patch, released })
    }
}

/// Refuses a server that is older than [`LEAST_SERVER`], or of which nobody can tell.
pub(super) fn check(found: &str) -> Result<(), Failure> {
    match (Version::parse(found), Version::parse(LEAST_SERVER)) {
        (Some(version), Some(least)) if version >= least => Ok(()),
        (Some(_), _) => Err(unusable(format!(
            "the NATS server is version {found}, and the least is {LEAST_SERVER}: older ones can lose or double commands of replicated work queues; upgrade every server of the cluster"
        ))),
        (None, _) => Err(unusable(format!(
            "the NATS server says that its version is {found:?}, which is none; connect to nats-server {LEAST_SERVER} or newer"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;

    use super::*;

    #[test]
    fn versions_have_their_order() {
        let sorted = ["1.99.0", "2.9.25", "2.10.26", "2.12.5", "2.12.6-RC.1", "2.12.6", "2.12.10", "v2.15.1", "3.0.0"];
        let versions: Vec<_> = sorted.map(|text| Version::parse(text).expect(text)).to_vec();
        assert!(versions.is_sorted(), "{versions:?}");
        assert_eq!(Version::parse("2.14.0+build.7"), Version::parse("v2.14.0"));
    }

    #[test]
    fn old_servers_and_unreadable_versions_are_refused_in_words() {
        for new in ["2.12.6", "2.15.1", "2.14.0-preview.1"] {
            check(new).expect(new);
        }
        for (old, said) in [
            ("2.12.5", "the least is 2.12.6"),
            ("2.12.6-RC.1", "2.12.6-RC.1"),
            ("2.10.26", "upgrade every server"),
            ("", "which is none"),
            ("2.12", "which is none"),
            ("2.12.6.1", "which is none"),
            ("two", "which is none"),
        ] {
            let failure = check(old).expect_err(old);
            assert_eq!(failure.kind, Kind::FailedPrecondition);
            assert!(failure.message.contains(said), "{failure}");
        }
    }
}
