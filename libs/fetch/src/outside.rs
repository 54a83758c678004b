//! The two ways out: a resolver of names and a connector to addresses. Tests inject their own,
//! which never leave the machine whatever the guard lets through.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::guard::Pinned;
use crate::resolver::{Resolver, SystemResolver};

/// A connection: bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections.
#[async_trait]
pub trait Connector: Debug + Send + Sync {
    /// Connects to just this address.
    ///
    /// # Errors
    /// Those of the system.
    async fn connect(&self, to: Pinned) -> io::Result<Box<dyn Stream>>;
}

/// What a client reaches the outside by.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Finds addresses.
    pub resolver: Arc<dyn Resolver>,
    /// Opens connections.
    pub connector: Arc<dyn Connector>,
}

impl Outside {
    /// The system's resolver and TCP.
    #[must_use]
    pub fn system() -> Self {
        Self { resolver: Arc::new(SystemResolver), connector: Arc::new(SystemConnector) }
    }
}

/// TCP, from whatever address of this machine the system chooses.
#[derive(Debug, Clone, Copy)]
pub struct SystemConnector;

#[async_trait]
impl Connector for SystemConnector {
    async fn connect(&self, to: Pinned) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(to.address()).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}
