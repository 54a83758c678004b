//! Why a call was not made, or did not end well.
//!
//! What [`FetchError`] displays may be told to whoever asked for the URL: it has no addresses, and
//! does not tell a name that leads inside from one that does not exist, so that nobody maps a
//! network by asking. What an operator needs beyond that is in [`FetchError::detail`], for the log.

use std::fmt;
use std::io;
use std::net::IpAddr;

use lectern_core::{Failure, Kind, Reason};

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// It is too long.
    #[error("the URL is longer than {most} bytes; shorten it")]
    Long {
        /// Bytes that it may have.
        most: usize,
    },
    /// It has characters that are read in more than one way.
    #[error("the URL has spaces, control characters or backslashes; write them percent-encoded")]
    Characters,
    /// It cannot be read.
    #[error("the URL cannot be read ({0}); write it as https://HOST/PATH")]
    Unreadable(String),
    /// It is of another scheme.
    #[error("the URL's scheme is not {allowed}; only that is called")]
    Scheme {
        /// The schemes that are called.
        allowed: &'static str,
    },
    /// Its host does not stand right behind two slashes.
    #[error("the URL does not name a host right behind two slashes; write it as https://HOST/PATH")]
    Slashes,
    /// It carries a user's name or password.
    #[error("the URL has a user name or password in it, which are not sent; leave them out")]
    UserInfo,
    /// Its port is not one that is called.
    #[error("the URL's port {port} is not one that is called; use the default port, or have the operator allow it")]
    Port {
        /// The port.
        port: u16,
    },
    /// Its host has a name for inside a network or a machine.
    #[error("the URL's host is not a name of the public internet; use one that is")]
    Name,
}

/// What is wrong with the addresses of a name. For the log: callers are told of all of them in the
/// same words.
#[derive(Debug)]
pub enum AddressFault {
    /// The resolver failed, or knows no such name.
    Unresolved(io::Error),
    /// The name has no address.
    Nothing,
    /// One of its addresses is not called.
    Closed {
        /// The address.
        address: IpAddr,
        /// What it is.
        what: &'static str,
    },
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// To connect, with TLS.
    Connect,
    /// To send the request and get the head of the answer.
    FirstByte,
    /// To get the next bytes of the answer.
    Idle,
    /// All of it.
    Whole,
}

/// Why a call was not made, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL is not one that is called.
    #[error("{0}")]
    Url(UrlFault),
    /// The server answered with a redirect that is not followed.
    #[error("{host} redirects to a URL that is not followed: {fault}")]
    Redirect {
        /// The server.
        host: String,
        /// What is wrong with where it leads.
        fault: UrlFault,
    },
    /// The server answered with a redirect that does not say where to, or to a call that is not one
    /// for reading.
    #[error("{host} answers with a redirect that cannot be followed; use the URL that it leads to")]
    RedirectUnusable {
        /// The server.
        host: String,
    },
    /// The server of an operator's URL sends its caller elsewhere.
    #[error("{host} redirects to another server, which the configuration does not name; configure that one")]
    RedirectElsewhere {
        /// The server.
        host: String,
    },
    /// One redirect after the other.
    #[error("more than {most} redirects follow each other; use the URL that they lead to")]
    Redirects {
        /// As many are followed.
        most: usize,
    },
    /// The host has no address that is called.
    #[error("{host} has no public address that can be called: check its spelling, or try again if it is new")]
    Address {
        /// The host.
        host: String,
        /// Why, for the log.
        why: AddressFault,
    },
    /// No connection.
    #[error("{host} accepts no connection; try again later")]
    Connect {
        /// The host.
        host: String,
        /// Why, for the log.
        why: io::Error,
    },
    /// No secure connection.
    #[error(
        "{host} offers no secure connection that can be trusted (TLS 1.2 or 1.3, a valid certificate for that name)"
    )]
    Tls {
        /// The host.
        host: String,
        /// Why, for the log.
        why: io::Error,
    },
    /// It took too long.
    #[error("{host} {phase}; try again later")]
    Slow {
        /// The host.
        host: String,
        /// What did.
        phase: Phase,
    },
    /// The answer is not HTTP, or breaks off.
    #[error("the answer of {host} is damaged or breaks off; try again")]
    Broken {
        /// The host.
        host: String,
        /// Why, for the log.
        why: String,
    },
    /// The answer is compressed, which it was asked not to be.
    #[error("{host} sends compressed data, which was not asked for; fetch the file yourself and upload it")]
    Compressed {
        /// The host.
        host: String,
    },
    /// The answer is too large.
    #[error("the answer has more than {most} bytes, which is the limit; split the document")]
    Large {
        /// Bytes that it may have.
        most: u64,
    },
    /// The request cannot be written as HTTP.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// The client cannot be made.
    #[error("{0}")]
    Setup(String),
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "took too long to accept a connection",
            Self::FirstByte => "took too long to begin its answer",
            Self::Idle => "stopped in the middle of its answer",
            Self::Whole => "took too long to send the whole of its answer",
        })
    }
}

impl FetchError {
    pub(crate) fn broken(host: &str, why: &hyper::Error) -> Self {
        Self::Broken { host: host.to_owned(), why: format!("{why:?}") }
    }

    /// What an operator needs to know beyond the message, for the log and nobody else.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Address { why: AddressFault::Unresolved(error), .. } => format!("the name is not resolved: {error}"),
            Self::Address { why: AddressFault::Nothing, .. } => "the name has no address".to_owned(),
            Self::Address { why: AddressFault::Closed { address, what }, .. } => format!("{address} is {what}"),
            Self::Connect { why, .. } | Self::Tls { why, .. } => why.to_string(),
            Self::Broken { why, .. } => why.clone(),
            Self::Url(_)
            | Self::Redirect { .. }
            | Self::RedirectUnusable { .. }
            | Self::RedirectElsewhere { .. }
            | Self::Redirects { .. }
            | Self::Slow { .. }
            | Self::Compressed { .. }
            | Self::Large { .. }
            | Self::Request(_)
            | Self::Setup(_) => String::new(),
        }
    }
}

/// As a failure of an import: what may be told to whoever sent the URL. Who calls a paid API has
/// reasons of its own for it.
impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let (kind, reason) = match &error {
            FetchError::Url(_)
            | FetchError::Redirect { .. }
            | FetchError::RedirectUnusable { .. }
            | FetchError::RedirectElsewhere { .. }
            | FetchError::Redirects { .. }
            | FetchError::Address { .. } => (Kind::InvalidArgument, Reason::UrlRefused),
            FetchError::Connect { .. } | FetchError::Broken { .. } => (Kind::Unavailable, Reason::UrlUnreachable),
            FetchError::Slow { .. } => (Kind::DeadlineExceeded, Reason::UrlUnreachable),
            FetchError::Tls { .. } | FetchError::Compressed { .. } => {
                (Kind::FailedPrecondition, Reason::UrlUnreachable)
            }
            FetchError::Large { .. } => (Kind::ResourceExhausted, Reason::LimitExceeded),
            FetchError::Request(_) | FetchError::Setup(_) => (Kind::Internal, Reason::Internal),
        };
        Self::new(kind, reason, error.to_string())
    }
}
