//! Who chose the URLs of a client, and what follows from it.

use std::net::IpAddr;

use crate::address::{self, Network};

/// Who chose the URLs that a client calls. It belongs to the client, not to a call, so that no call
/// can take more trust than it was given.
#[derive(Debug, Clone)]
pub enum Policy {
    /// A caller, a document or a server's answer: `https` to the public internet alone.
    Public {
        /// The ports that may be called.
        ports: Vec<u16>,
        /// Public networks that are closed as well, such as the operator's own.
        closed: Vec<Network>,
    },
    /// Whoever runs Lectern, in its configuration: `http` or `https`, to any one machine. What a
    /// server answers was not chosen by the operator, so a redirect to another origin is not
    /// followed.
    Operator,
}

/// The port of `https`.
pub const HTTPS: u16 = 443;

impl Policy {
    /// The public internet, on the port of `https`.
    #[must_use]
    pub fn public() -> Self {
        Self::Public { ports: vec![HTTPS], closed: Vec::new() }
    }

    /// Why an address is not called; none for one that may be.
    pub(crate) fn closed(&self, address: IpAddr) -> Option<&'static str> {
        match self {
            Self::Public { closed, .. } => {
                let own = || closed.iter().any(|network| network.holds(address)).then_some("closed by the operator");
                address::closed(address).or_else(own)
            }
            Self::Operator => (!address::unicast(address)).then_some("not the address of one machine"),
        }
    }
}
