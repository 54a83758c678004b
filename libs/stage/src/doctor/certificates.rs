//! Until when certificates are good.

use std::path::{Path, PathBuf};

use lectern_core::{Finding, Timestamp};
use lectern_rpc::Validity;

use crate::Common;

/// A certificate that ends sooner than this is of concern, in days: what renews them does it weeks
/// before.
const SOON: u64 = 14;
const DAY: u64 = 86_400_000;

/// Whether the certificates that settings name are good now and for a while.
pub(super) fn certificates(common: &Common, now: Timestamp) -> Vec<Finding> {
    named(common).into_iter().map(|(setting, file)| certificate(setting, &file, now)).collect()
}

/// The files of certificates, by the settings that name them.
fn named(common: &Common) -> Vec<(&'static str, PathBuf)> {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let server = common.server.tls.as_ref();
    let all = [
        ("server.tls.certificate", server.map(|tls| tls.certificate.clone())),
        ("server.tls.client_ca", server.and_then(|tls| tls.client_ca.clone())),
        ("client.tls.ca", common.client.tls.ca.clone()),
        ("client.tls.certificate", common.client.tls.certificate.clone()),
        ("store.tls.ca", path(&common.store.tls.ca)),
        ("store.tls.certificate", path(&common.store.tls.certificate)),
        ("queue.tls.ca", path(&common.queue.tls.ca)),
        ("queue.tls.certificate", path(&common.queue.tls.certificate)),
    ];
    all.into_iter().filter_map(|(setting, file)| Some((setting, file?))).collect()
}

fn certificate(setting: &str, file: &Path, now: Timestamp) -> Finding {
    const CHECK: &str = "certificate";
    let advice = format!("put a good one in the place of {} ({setting}); it is read again", file.display());
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) => return Finding::broken(CHECK, format!("{setting}: {}: {error}", file.display()), advice),
    };
    let Some(Validity { since, until }) = Validity::of(&text) else {
        return Finding::broken(CHECK, format!("{setting}: {} has no certificate in PEM", file.display()), advice);
    };
    if now < since {
        return Finding::broken(CHECK, format!("{setting}: it is not good yet"), "look at the clock of this machine");
    }
    if now >= until {
        let days = now.since(until).as_millis() / u128::from(DAY);
        return Finding::broken(CHECK, format!("{setting}: it ended {days} days ago"), advice);
    }
    let days = u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX) / DAY;
    let found = format!("{setting}: it is good for {days} days");
    if days < SOON { Finding::warning(CHECK, found, advice) } else { Finding::ok(CHECK, found) }
}

#[cfg(test)]
mod tests {
    use lectern_core::Verdict;
    use lectern_rpc::TlsConfig;
    use lectern_testkit::certificates::{Authority, Subject, write};

    use super::*;

    /// The first day of the year 2026.
    const NOW: Timestamp = Timestamp(1_767_225_600_000);
    /// The first day of the year 2030.
    const END: Timestamp = Timestamp(1_893_456_000_000);

    #[test]
    fn a_certificate_is_judged_by_its_own_dates() {
        let folder = tempfile::tempdir().unwrap();
        let signed = Authority::new("one").sign(&Subject { until: 2_030, ..Subject::default() });
        let file = write(folder.path(), "server.pem", &signed.joined());
        let verdict = |now| certificate("server.tls.certificate", &file, now).verdict;
        assert_eq!(verdict(Timestamp(1_000)), Verdict::Broken, "not yet");
        assert_eq!(verdict(NOW), Verdict::Ok);
        assert_eq!(verdict(Timestamp(END.0 - (SOON - 1) * DAY)), Verdict::Warning);
        assert_eq!(verdict(END), Verdict::Broken, "it has ended");
    }

    #[test]
    fn what_is_no_certificate_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let verdict = |text: &str| certificate("queue.tls.ca", &write(folder.path(), "f", text), NOW).verdict;
        assert_eq!(verdict("no PEM"), Verdict::Broken);
        assert_eq!(verdict("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), Verdict::Broken);
        let missing = certificate("queue.tls.ca", &folder.path().join("missing"), NOW);
        assert_eq!(missing.verdict, Verdict::Broken);
    }

    #[test]
    fn those_that_settings_name_are_looked_at() {
        let mut common = Common::default();
        assert!(named(&common).is_empty());
        common.queue.tls.ca = "ca.pem".to_owned();
        common.server.tls = Some(TlsConfig::new("server.pem", "server.key"));
        let expected = ["server.tls.certificate", "queue.tls.ca"];
        assert_eq!(named(&common).iter().map(|(setting, _)| *setting).collect::<Vec<_>>(), expected);
        assert!(certificates(&common, NOW).iter().all(|found| found.verdict == Verdict::Broken), "there are no files");
    }
}
