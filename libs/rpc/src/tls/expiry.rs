//! How long the certificate that we show is still good, for those who watch over it.

use std::sync::Arc;

use lectern_core::{Clock, Failure, Timestamp};
use lectern_runtime::Metrics;
use parking_lot::Mutex;

use super::Validity;
use super::live::Source;

/// A source that has a certificate of ours.
pub(crate) trait Shows: Source {
    /// The certificate and what is sent with it, in PEM; none where none is shown.
    fn shown(files: &Self::Files) -> Option<&[u8]>;
}

/// A source whose certificate is watched over: when it ends is that of the files which were used
/// last.
pub(crate) struct Watched<S> {
    source: S,
    ends: Arc<Mutex<Option<Timestamp>>>,
}

impl<S: Shows> Watched<S> {
    /// Exports how long the certificate is still good, for as long as the source is used. `whose`
    /// is the side that shows it: `server` or `client`.
    pub(crate) fn exported(source: S, whose: &'static str, clock: Arc<dyn Clock>) -> Self {
        let ends = Arc::new(Mutex::new(None));
        let asked = Arc::downgrade(&ends);
        Metrics::new("lectern.tls").observe(
            "lectern.certificate.expiry",
            "s",
            "How long the certificate that is shown to others is still good.",
            &[("certificate", whose)],
            move || {
                let ends: Option<Timestamp> = *asked.upgrade()?.lock();
                ends.map(|ends| left(ends, clock.now()))
            },
        );
        Self { source, ends }
    }
}

impl<S: Shows> Source for Watched<S> {
    type Files = S::Files;
    type Made = S::Made;

    fn read(&self) -> Result<S::Files, Failure> {
        self.source.read()
    }

    fn make(&self, files: &S::Files) -> Result<S::Made, Failure> {
        let made = self.source.make(files)?;
        // What cannot be used is not shown: the certificate of before is, and counts.
        *self.ends.lock() = S::shown(files).and_then(Validity::of).map(|good| good.until);
        Ok(made)
    }
}

/// Seconds from `now` to `ends`, below 0 where it lies behind.
fn left(ends: Timestamp, now: Timestamp) -> f64 {
    ends.since(now).as_secs_f64() - now.since(ends).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use lectern_core::SystemClock;
    use lectern_testkit::certificates::{Authority, Signed, Subject, write};

    use super::super::{ClientTls, TlsConfig};
    use super::*;

    /// The year 2030, and the year 2040.
    const YEARS: [Timestamp; 2] = [Timestamp(1_893_456_000_000), Timestamp(2_208_988_800_000)];

    fn ends<S: Shows>(watched: &Watched<S>) -> Option<Timestamp> {
        *watched.ends.lock()
    }

    #[test]
    fn the_certificate_that_is_used_last_counts() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("ours");
        let put = |signed: &Signed, key: &str| {
            (write(folder.path(), "a.pem", &signed.certificate), write(folder.path(), "a.key", key))
        };
        let [first, second] = [2_030, 2_040].map(|until| authority.sign(&Subject { until, ..Subject::default() }));
        let (certificate, key) = put(&first, &first.key);
        let watched = Watched::exported(TlsConfig::new(certificate, key), "server", Arc::new(SystemClock));
        assert_eq!(ends(&watched), None);
        let make = || watched.make(&watched.read().unwrap()).map(drop);
        make().unwrap();
        assert_eq!(ends(&watched), Some(YEARS[0]));
        put(&second, &first.key);
        make().unwrap_err();
        assert_eq!(ends(&watched), Some(YEARS[0]), "the two do not fit, so the first is still used");
        put(&second, &second.key);
        make().unwrap();
        assert_eq!(ends(&watched), Some(YEARS[1]));
    }

    #[test]
    fn who_calls_without_a_certificate_has_none_that_ends() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("ours");
        let signed = authority.sign(&Subject { until: 2_030, ..Subject::default() });
        let mut tls = ClientTls { ca: Some(write(folder.path(), "ca.pem", authority.pem())), ..ClientTls::default() };
        let of = |tls: &ClientTls| {
            let watched = Watched::exported(tls.clone(), "client", Arc::new(SystemClock));
            watched.make(&watched.read().unwrap()).map(drop).unwrap();
            ends(&watched)
        };
        assert_eq!(of(&tls), None);
        tls.certificate = Some(write(folder.path(), "b.pem", &signed.certificate));
        tls.key = Some(write(folder.path(), "b.key", &signed.key));
        assert_eq!(of(&tls), Some(YEARS[0]));
    }

    #[test]
    fn what_is_left_is_below_nothing_when_it_is_over() {
        let seconds = |ends, now| left(Timestamp(ends), Timestamp(now)).to_string();
        assert_eq!(seconds(5_000, 2_000), "3");
        assert_eq!(seconds(2_000, 5_500), "-3.5");
        assert_eq!(seconds(2_000, 2_000), "0");
    }
}
