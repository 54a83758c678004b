//! Since when and until when certificates are good.

use lectern_core::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// A span of time within which a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From here on.
    pub since: Timestamp,
    /// It ends here.
    pub until: Timestamp,
}

impl Validity {
    /// When all certificates of a text in PEM are good; none where it has none, or one that cannot
    /// be read.
    #[must_use]
    pub fn of(pem: &[u8]) -> Option<Self> {
        let mut all: Option<Self> = None;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let one = Self::of_one(&certificate.ok()?)?;
            all =
                Some(all.map_or(one, |all| Self { since: all.since.max(one.since), until: all.until.min(one.until) }));
        }
        all
    }

    /// That of a certificate in DER (RFC 5280 section 4.1).
    fn of_one(der: &[u8]) -> Option<Self> {
        const SEQUENCE: u8 = 0x30;
        const VERSION: u8 = 0xa0;
        let (certificate, _) = element(der, SEQUENCE)?;
        let (tbs, _) = element(certificate, SEQUENCE)?;
        let (tag, _, after) = next(tbs)?;
        // The serial number follows the version, which may be left out; then the algorithm, and who
        // issued it.
        let after = if tag == VERSION { next(after)?.2 } else { after };
        let after = next(after)?.2;
        let after = next(after)?.2;
        let (validity, _) = element(after, SEQUENCE)?;
        let (tag, since, after) = next(validity)?;
        let (other, until, _) = next(after)?;
        Some(Self { since: time(tag, since)?, until: time(other, until)? })
    }
}

/// The content of the element that begins a text and has this tag, and what follows it.
fn element(input: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, after) = next(input)?;
    (tag == wanted).then_some((content, after))
}

/// The tag and content of the element that begins a text, and what follows it.
fn next(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = input.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        0x80 | 0x85..=0xff => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// A time: `YYMMDDHHMMSSZ` of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, content: &[u8]) -> Option<Timestamp> {
    const UTC: u8 = 0x17;
    const GENERALIZED: u8 = 0x18;
    let text = std::str::from_utf8(content).ok()?;
    let whole = match tag {
        UTC => {
            let century = if text.get(..2)?.parse::<u32>().ok()? < 50 { "20" } else { "19" };
            format!("{century}{text}")
        }
        GENERALIZED => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| whole.get(from..to);
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    let time: prost_types::Timestamp = written.parse().ok()?;
    // Before the epoch is before everything.
    Some(Timestamp(u64::try_from(time.seconds).unwrap_or(0).saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use lectern_testkit::certificates::{Authority, Subject};

    use super::*;

    fn at(text: &str) -> Timestamp {
        let time: prost_types::Timestamp = text.parse().unwrap();
        Timestamp(u64::try_from(time.seconds).unwrap() * 1_000)
    }

    #[test]
    fn a_certificate_is_good_by_its_own_dates() {
        for until in [2_030, 2_060] {
            let signed = Authority::new("one").sign(&Subject { until, ..Subject::default() });
            let good = Validity { since: at("2000-01-01T00:00:00Z"), until: at(&format!("{until}-01-01T00:00:00Z")) };
            assert_eq!(Validity::of(signed.certificate.as_bytes()), Some(good));
            assert_eq!(Validity::of(signed.joined().as_bytes()), Some(good), "with its key in one file");
        }
    }

    #[test]
    fn of_a_chain_the_one_that_ends_first_counts() {
        let authority = Authority::new("one");
        let long = authority.sign(&Subject { until: 2_040, ..Subject::default() });
        let short = authority.sign(&Subject { until: 2_028, ..Subject::default() });
        let chain = format!("{}{}", long.certificate, short.certificate);
        assert_eq!(Validity::of(chain.as_bytes()).map(|good| good.until), Some(at("2028-01-01T00:00:00Z")));
    }

    #[test]
    fn what_is_no_certificate_is_never_good() {
        for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Validity::of(text.as_bytes()), None, "{text}");
        }
        for damaged in [&[][..], &[0x30][..], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x30, 0x80, 0x00][..]] {
            assert_eq!(Validity::of_one(damaged), None);
        }
    }
}
