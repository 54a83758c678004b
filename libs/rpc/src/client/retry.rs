//! Whether a call is made again, and when (gRFC A6).

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use lectern_core::Random;
use parking_lot::Mutex;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::service_config::{RetryPolicy, ServiceConfig, Throttling};

/// Where a server says when to come again, or by a negative number that nobody should.
const PUSHBACK: &str = "grpc-retry-pushback-ms";
/// Whoever is asked to wait for longer is answered instead: no call is to sleep for minutes.
const LONGEST_PUSHBACK: Duration = Duration::from_secs(30);
/// How far a backoff is off its middle, in percent, as gRPC has it.
const JITTER: u64 = 20;

/// What all calls of a channel have in common.
#[derive(Debug)]
pub(crate) struct Retries {
    config: ServiceConfig,
    throttle: Option<Throttle>,
    random: Arc<dyn Random>,
}

impl Retries {
    pub(crate) fn new(config: ServiceConfig, random: Arc<dyn Random>) -> Self {
        let throttle = config.throttling.map(Throttle::new);
        Self { config, throttle, random }
    }

    /// Makes no call again that a server has seen.
    pub(crate) fn none(random: Arc<dyn Random>) -> Self {
        Self::new(ServiceConfig::default(), random)
    }

    pub(crate) fn random(&self) -> Arc<dyn Random> {
        Arc::clone(&self.random)
    }

    /// How the call at `path` is made again, if it is.
    pub(crate) fn of(&self, path: &str) -> Option<Tries<'_>> {
        let policy = self.config.policy(path)?;
        Some(Tries { all: self, policy, made: 0, since_pushback: 0 })
    }
}

/// The attempts of one call.
#[derive(Debug)]
pub(crate) struct Tries<'a> {
    all: &'a Retries,
    policy: &'a RetryPolicy,
    made: u32,
    /// Backoffs since a server last said how long to wait.
    since_pushback: i32,
}

impl Tries<'_> {
    /// An attempt ended so. How long to wait before the next one; none where this is the answer.
    pub(crate) fn ended(&mut self, end: &End) -> Option<Duration> {
        self.made = self.made.saturating_add(1);
        let failed = end.code.is_some_and(|code| self.policy.codes.contains(&code));
        if !failed && end.pushback != Pushback::Never {
            if let Some(throttle) = &self.all.throttle {
                throttle.succeeded();
            }
            return None;
        }
        let allowed = self.all.throttle.as_ref().is_none_or(Throttle::failed);
        if !failed || !allowed || self.made >= self.policy.attempts {
            return None;
        }
        match end.pushback {
            Pushback::Never => None,
            Pushback::After(delay) if delay > LONGEST_PUSHBACK => None,
            Pushback::After(delay) => {
                self.since_pushback = 0;
                Some(delay)
            }
            Pushback::Unsaid => {
                let delay = self.backoff();
                self.since_pushback = self.since_pushback.saturating_add(1);
                Some(delay)
            }
        }
    }

    fn backoff(&self) -> Duration {
        let longest = self.policy.longest_backoff.as_secs_f64();
        let middle = self.policy.first_backoff.as_secs_f64() * self.policy.multiplier.powi(self.since_pushback);
        let middle = Duration::try_from_secs_f64(middle.min(longest)).unwrap_or(self.policy.longest_backoff);
        // From 80 to 120 percent of it.
        let percent = 100 - JITTER + self.all.random.below(2 * JITTER + 1);
        middle.saturating_mul(u32::try_from(percent).unwrap_or(100)) / 100
    }
}

/// How an attempt ended, as far as that decides whether there is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// None: the server answers with something else than a status alone.
    code: Option<Code>,
    pushback: Pushback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pushback {
    Unsaid,
    After(Duration),
    Never,
}

impl End {
    /// Of an attempt that has no answer.
    pub(crate) fn broken(status: &Status) -> Self {
        Self { code: Some(status.code()), pushback: Pushback::Unsaid }
    }

    /// Of an answer. Only one that is a status alone is not final: of another one the caller may
    /// have seen a part already.
    pub(crate) fn of<B>(response: &Response<B>) -> Self {
        let headers = response.headers();
        let Some(code) = headers.get(Status::GRPC_STATUS) else {
            // What stands between may answer in HTTP alone (gRPC, "HTTP to gRPC Status Code
            // Mapping").
            let busy = [
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ];
            let code = busy.contains(&response.status()).then_some(Code::Unavailable);
            return Self { code, pushback: Pushback::Unsaid };
        };
        let code = Code::from_bytes(code.as_bytes());
        let pushback = match headers.get(PUSHBACK) {
            Some(value) => {
                let millis = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
                millis.map_or(Pushback::Never, |millis| Pushback::After(Duration::from_millis(millis)))
            }
            None if code == Code::Unavailable => {
                // Servers of ours say so in the details of the status.
                let status = Status::from_header_map(headers);
                let info = status.and_then(|status| status.get_details_retry_info());
                info.and_then(|info| info.retry_delay).map_or(Pushback::Unsaid, Pushback::After)
            }
            None => Pushback::Unsaid,
        };
        Self { code: Some(code), pushback }
    }
}

/// The token bucket that stops retries where most calls fail anyway.
#[derive(Debug)]
struct Throttle {
    throttling: Throttling,
    tokens: Mutex<i64>,
}

impl Throttle {
    const fn new(throttling: Throttling) -> Self {
        Self { throttling, tokens: Mutex::new(throttling.most) }
    }

    fn succeeded(&self) {
        let mut tokens = self.tokens.lock();
        *tokens = (*tokens + self.throttling.ratio).min(self.throttling.most);
    }

    /// Takes a token, and says whether a call may be made again.
    fn failed(&self) -> bool {
        let mut tokens = self.tokens.lock();
        *tokens = (*tokens - 1_000).max(0);
        *tokens > self.throttling.most / 2
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::random::SeededRandom;
    use lectern_core::{Failure, Kind, Reason};

    use super::*;

    const CONFIG: &str = r#"{
        "methodConfig": [{
            "name": [{"service": "a.B", "method": "Get"}],
            "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.5s", "maxBackoff": "1.5s", "backoffMultiplier": 2,
                            "retryableStatusCodes": ["UNAVAILABLE"]}
        }],
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.5}
    }"#;

    fn retries() -> Retries {
        Retries::new(ServiceConfig::parse(CONFIG).unwrap(), Arc::new(SeededRandom::new(7)))
    }

    fn answer(code: Code, pushback: Option<&str>) -> End {
        let mut response = Status::new(code, "").into_http::<()>();
        if let Some(pushback) = pushback {
            response.headers_mut().insert(PUSHBACK, pushback.parse().unwrap());
        }
        End::of(&response)
    }

    #[test]
    fn backoffs_grow_to_the_longest_and_attempts_end() {
        let retries = retries();
        let mut tries = retries.of("/a.B/Get").unwrap();
        for middle in [500, 1_000, 1_500] {
            let delay = tries.ended(&answer(Code::Unavailable, None)).unwrap().as_millis();
            assert!((middle * 8 / 10..=middle * 12 / 10).contains(&delay), "{delay} ms around {middle}");
        }
        assert_eq!(tries.ended(&answer(Code::Unavailable, None)), None, "four attempts were made");
        assert!(retries.of("/a.B/Create").is_none());
    }

    #[test]
    fn other_codes_and_answers_that_have_begun_are_final() {
        let retries = retries();
        for end in [answer(Code::NotFound, None), answer(Code::Internal, None), End::of(&Response::new(()))] {
            assert_eq!(retries.of("/a.B/Get").unwrap().ended(&end), None);
        }
        let busy = Response::builder().status(503).body(()).unwrap();
        assert!(retries.of("/a.B/Get").unwrap().ended(&End::of(&busy)).is_some());
    }

    #[test]
    fn a_server_says_when_to_come_again_or_not_to() {
        let retries = retries();
        let mut tries = retries.of("/a.B/Get").unwrap();
        let wait = tries.ended(&answer(Code::Unavailable, Some("1700")));
        assert_eq!(wait, Some(Duration::from_millis(1_700)));
        assert_eq!(tries.ended(&answer(Code::Unavailable, Some("-1"))), None);
        assert_eq!(retries.of("/a.B/Get").unwrap().ended(&answer(Code::Unavailable, Some("soon"))), None);
        let busy = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "full").after(Duration::from_secs(3));
        let end = End::of(&crate::status(&busy).into_http::<()>());
        assert_eq!(retries.of("/a.B/Get").unwrap().ended(&end), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_wait_of_minutes_is_told_and_not_waited_for() {
        let retries = retries();
        let ended = |end: &End| retries.of("/a.B/Get").unwrap().ended(end);
        assert_eq!(ended(&answer(Code::Unavailable, Some("30000"))), Some(Duration::from_secs(30)));
        assert_eq!(ended(&answer(Code::Unavailable, Some("30001"))), None);
        let closed = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "later");
        let end = End::of(&crate::status(&closed.after(Duration::from_secs(31))).into_http::<()>());
        assert_eq!(ended(&end), None);
    }

    #[test]
    fn retries_stop_when_half_of_the_tokens_are_gone_and_come_back_with_successes() {
        let retries = retries();
        let again = || retries.of("/a.B/Get").unwrap().ended(&answer(Code::Unavailable, None)).is_some();
        let granted = (0..10).filter(|_| again()).count();
        assert_eq!(granted, 4, "the fifth failure leaves half of the tokens");
        for _ in 0..12 {
            assert_eq!(retries.of("/a.B/Get").unwrap().ended(&End::of(&Response::new(()))), None);
        }
        assert!(!again(), "five tokens after six came back and one was taken");
        for _ in 0..4 {
            let _ = retries.of("/a.B/Get").unwrap().ended(&End::of(&Response::new(())));
        }
        assert!(again());
    }
}
