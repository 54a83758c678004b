//! The tokens that were handed out, and what goes wrong with the next one.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// What may go wrong when a token is asked for. Each strikes once; see
/// [`queue`](super::GoogleTokens::queue).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// The answer takes some time, as of a metadata server that just started.
    SlowStart(Duration),
    /// The connection ends without an answer, as of one that does not serve yet.
    Refused,
    /// 400, as while a binding is changed. Google's crate takes it for lasting.
    BadRequest,
    /// 403, likewise.
    Forbidden,
    /// 500.
    Internal,
    /// The body ends in its middle.
    CutBody,
    /// The token is another identity's: services answer it with 403. A metadata server that just
    /// started does that, and the token is kept for an hour.
    WrongIdentity,
    /// 400 `invalid_grant`: the clock of the caller is wrong.
    ClockSkew,
}

/// A token that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Issued {
    /// The account that it is of.
    pub account: String,
    until: Instant,
}

/// Hands out tokens.
#[derive(Debug)]
pub(super) struct Issuer {
    url: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: BTreeMap<String, Issued>,
    issued: u64,
    life: u64,
    faults: VecDeque<TokenFault>,
}

impl Issuer {
    pub(super) fn new(url: String) -> Self {
        let state = State { tokens: BTreeMap::new(), issued: 0, life: 3_599, faults: VecDeque::new() };
        Self { url, state: Mutex::new(state) }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Hands out a token of an account, and its life in seconds.
    pub(super) fn issue(&self, account: &str) -> (String, u64) {
        let mut state = self.state.lock();
        state.issued += 1;
        // Shaped as Google's, so that whoever redacts them can be tested.
        let token = format!("ya29.for-tests-{}", state.issued);
        let life = state.life;
        let until = Instant::now() + Duration::from_secs(life);
        state.tokens.insert(token.clone(), Issued { account: account.to_owned(), until });
        (token, life)
    }

    /// The account of a token that is still good.
    pub(super) fn account(&self, token: &str) -> Option<String> {
        let state = self.state.lock();
        state.tokens.get(token).filter(|issued| issued.until > Instant::now()).map(|issued| issued.account.clone())
    }

    pub(super) fn queue(&self, fault: TokenFault) {
        self.state.lock().faults.push_back(fault);
    }

    pub(super) fn fault(&self) -> Option<TokenFault> {
        self.state.lock().faults.pop_front()
    }

    pub(super) fn set_life(&self, seconds: u64) {
        self.state.lock().life = seconds;
    }

    pub(super) fn revoke(&self) {
        self.state.lock().tokens.clear();
    }

    pub(super) fn issued(&self) -> u64 {
        self.state.lock().issued
    }
}
