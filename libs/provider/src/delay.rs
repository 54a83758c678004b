//! When a provider wants to be called again, in all the ways that one says so.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use lectern_core::Timestamp;

/// No provider is waited for longer: what says more is a mistake, or an error in a clock.
const MOST: Duration = Duration::from_secs(24 * 3_600);

/// What the header fields ask for: `retry-after-ms`, else `retry-after` in seconds or as a date,
/// else, of OpenAI, when the limits are full again that are used up.
pub(crate) fn of_headers(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms").and_then(|text| seconds(text, 1_000.0));
    let after = || {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        seconds(text, 1.0).or_else(|| until(text, now))
    };
    let resets = || {
        let reset = |what: &str| {
            let used_up = text(&format!("x-ratelimit-remaining-{what}"))? == "0";
            text(&format!("x-ratelimit-reset-{what}")).filter(|_| used_up).and_then(units)
        };
        reset("requests").max(reset("tokens"))
    };
    millis.or_else(after).or_else(resets).map(|delay| delay.min(MOST))
}

/// A `google.protobuf.Duration` as JSON has it: `38s`, `0.5s`.
pub(crate) fn of_duration(text: &str) -> Option<Duration> {
    seconds(text.strip_suffix('s')?, 1.0).map(|delay| delay.min(MOST))
}

/// So many parts of a second.
fn seconds(text: &str, parts: f64) -> Option<Duration> {
    // `inf` and `nan` are numbers to Rust and none to a server.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = text.parse().ok().filter(|_| digits)?;
    Duration::try_from_secs_f64(number / parts).ok()
}

/// Until a date of HTTP (RFC 9110, section 5.6.7); no time for one that has passed.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let then = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(then.saturating_sub(Duration::from_millis(now.millis())))
}

/// A duration in units, the largest first: `6m0s`, `120ms`, `1h2m3.5s`.
fn units(text: &str) -> Option<Duration> {
    let mut whole = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let (unit, behind) = behind.split_at(behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len()));
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        whole = whole.checked_add(seconds(number, 1.0 / factor)?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        fields.iter().map(pair).collect()
    }

    #[test]
    fn every_way_to_say_when_is_understood() {
        // 2026-11-28T12:00:00Z.
        let now = Timestamp(1_795_867_200_000);
        let second = Duration::from_secs(1);
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<Duration>);
        let cases: [Case<'_>; 13] = [
            (&[], None),
            (&[("retry-after", "30")], Some(30 * second)),
            (&[("retry-after", " 1.5 ")], Some(1_500 * second / 1_000)),
            (&[("retry-after", "Sat, 28 Nov 2026 12:00:20 GMT")], Some(20 * second)),
            (&[("retry-after", "Sat, 28 Nov 2026 11:00:00 GMT")], Some(Duration::ZERO)),
            (&[("retry-after", "999999999")], Some(MOST)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "inf")], None),
            (&[("retry-after-ms", "250"), ("retry-after", "30")], Some(second / 4)),
            (&[("retry-after-ms", "soon"), ("retry-after", "30")], Some(30 * second)),
            (&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")], Some(360 * second)),
            (&[("x-ratelimit-remaining-tokens", "9"), ("x-ratelimit-reset-tokens", "6m0s")], None),
            (
                &[
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "120ms"),
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "1m1s"),
                ],
                Some(61 * second),
            ),
        ];
        for (fields, expected) in cases {
            assert_eq!(of_headers(&headers(fields), now), expected, "{fields:?}");
        }
    }

    #[test]
    fn durations_of_google_have_fractions() {
        for (text, millis) in [("38s", Some(38_000)), ("0.5s", Some(500)), ("0s", Some(0)), ("38", None), ("s", None)] {
            assert_eq!(of_duration(text), millis.map(Duration::from_millis), "{text}");
        }
        for text in ["", "ms", "5", "5x", "m5"] {
            assert_eq!(units(text), None, "{text}");
        }
        assert_eq!(units("1h2m3.5s"), Some(Duration::from_millis(3_723_500)));
    }
}
