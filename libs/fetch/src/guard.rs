//! From a name to addresses that may be called. Every address of the answer is checked, and what
//! was checked is pinned: a [`Pinned`] address can be made here alone, and it is all that a
//! connector takes, so nothing resolves the name a second time (DNS rebinding).

use std::net::{IpAddr, SocketAddr};

use url::Host;

use crate::error::{AddressFault, FetchError};
use crate::policy::Policy;
use crate::resolver::Resolver;
use crate::target::Target;

/// Addresses of one name that are tried, one after the other, until one accepts a connection.
const MOST_ADDRESSES: usize = 4;

/// An address that was checked and may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pinned {
    address: SocketAddr,
}

impl Pinned {
    /// Where to connect.
    #[must_use]
    pub const fn address(self) -> SocketAddr {
        self.address
    }
}

/// Resolves the target's host and checks what comes back.
///
/// One closed address among open ones closes all: an honest name of the public internet has none,
/// and which of them is called would be left to chance.
pub(crate) async fn pin(target: &Target, policy: &Policy, resolver: &dyn Resolver) -> Result<Vec<Pinned>, FetchError> {
    let fault = |why| FetchError::Address { host: target.name().to_owned(), why };
    let addresses: Vec<IpAddr> = match target.host() {
        Host::Ipv4(address) => vec![(*address).into()],
        Host::Ipv6(address) => vec![(*address).into()],
        Host::Domain(name) => {
            let asked = match policy {
                // With the dot the name is whole: no search list of the system's is tried on it,
                // which would find inner names.
                Policy::Public { .. } => format!("{}.", target.name()),
                Policy::Operator => name.clone(),
            };
            resolver.resolve(&asked).await.map_err(|e| fault(AddressFault::Unresolved(e)))?
        }
    };
    if addresses.is_empty() {
        return Err(fault(AddressFault::Nothing));
    }
    for address in &addresses {
        if let Some(what) = policy.closed(*address) {
            return Err(fault(AddressFault::Closed { address: *address, what }));
        }
    }
    let pinned = addresses.into_iter().map(|ip| Pinned { address: SocketAddr::new(ip, target.port()) });
    Ok(pinned.take(MOST_ADDRESSES).collect())
}

/// The resolver did not answer in time.
pub(crate) fn unanswered(target: &Target) -> FetchError {
    let why = AddressFault::Unresolved(std::io::ErrorKind::TimedOut.into());
    FetchError::Address { host: target.name().to_owned(), why }
}
