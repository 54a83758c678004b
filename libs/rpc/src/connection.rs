//! A connection that ends when nothing arrives on it, or nothing is taken from it, for long.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lectern_runtime::Share;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// A connection that ends when nothing arrives for long.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    silence: Duration,
    heard: Instant,
    timer: Pin<Box<Sleep>>,
    /// Ends writing that does not get on; none while it does.
    stuck: Option<Pin<Box<Sleep>>>,
    #[allow(dead_code, reason = "held for its drop")]
    share: Share<IpAddr>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, silence: Duration, share: Share<IpAddr>) -> Self {
        Self {
            stream,
            silence,
            heard: Instant::now(),
            timer: Box::pin(tokio::time::sleep(silence)),
            stuck: None,
            share,
        }
    }
}

impl Connection {
    /// What became of writing; an error where nothing was taken for too long. While a write is
    /// stuck, HTTP/2 reads nothing either, so that its pings would not find out.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let silence = self.silence;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was taken for too long")))
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.heard = Instant::now();
            return Poll::Ready(read);
        }
        // The timer is set anew when it has passed, not at every read.
        loop {
            ready!(this.timer.as_mut().poll(context));
            let until = this.heard + this.silence;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing arrived for too long")));
            }
            this.timer.as_mut().reset(until);
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
