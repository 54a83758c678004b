//! What the layers around a service have in common.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::transport::server::TcpConnectInfo;
use tower::{Layer, Service, ServiceExt};

/// The service inside a layer. Errors are statuses in responses.
pub(crate) trait Inner:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Inner for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Something done around every call.
pub(crate) trait Middleware: Send + Sync + 'static {
    /// Answers a call, mostly by passing it on.
    fn handle<S: Inner>(
        self: Arc<Self>,
        request: Request<Body>,
        inner: S,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// A [`Middleware`] as a tower layer.
#[derive(Debug)]
pub(crate) struct Around<M>(Arc<M>);

impl<M> Around<M> {
    pub(crate) fn new(middleware: M) -> Self {
        Self(Arc::new(middleware))
    }
}

impl<M> Clone for Around<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M, S> Layer<S> for Around<M> {
    type Service = Wrapped<M, S>;

    fn layer(&self, inner: S) -> Wrapped<M, S> {
        Wrapped { middleware: Arc::clone(&self.0), inner }
    }
}

#[derive(Debug)]
pub(crate) struct Wrapped<M, S> {
    middleware: Arc<M>,
    inner: S,
}

impl<M, S: Clone> Clone for Wrapped<M, S> {
    fn clone(&self) -> Self {
        Self { middleware: Arc::clone(&self.middleware), inner: self.inner.clone() }
    }
}

impl<M: Middleware, S: Inner> Service<Request<Body>> for Wrapped<M, S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The service inside is asked in `pass`, right before its call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (middleware, inner) = (Arc::clone(&self.middleware), self.inner.clone());
        Box::pin(async move { Ok(middleware.handle(request, inner).await) })
    }
}

/// Hands the call to the service inside.
pub(crate) async fn pass<S: Inner>(request: Request<Body>, inner: S) -> Response<Body> {
    match inner.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A response that is only a status.
pub(crate) fn refuse(status: &Status) -> Response<Body> {
    status.clone().into_http()
}

/// Where a request comes from, where it comes by TCP.
pub(crate) fn peer<T>(request: &Request<T>) -> Option<SocketAddr> {
    request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr)
}

/// The address that a request comes from, where it comes by TCP.
pub(crate) fn address<T>(request: &Request<T>) -> Option<IpAddr> {
    peer(request).map(|peer| origin(peer.ip()))
}

/// From where somebody calls, as far as one may tell callers apart: an address, and for IPv6 the
/// network of 64 bits, of which a host may have all addresses (RFC 7707).
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Health and reflection: open to all, so that probes and people with grpcurl get an answer.
pub(crate) fn open_to_all(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.")
}

/// What happens while a response is sent.
pub(crate) trait Follow: Send + Unpin + 'static {
    /// Asked before every frame: a status ends the response early.
    fn interrupt(&mut self, _: &mut Context<'_>) -> Option<Status> {
        None
    }

    /// Runs around every poll of the body.
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        poll()
    }

    /// Told of the trailers, which carry the status and may be changed.
    fn trailers(&mut self, _: &mut http::HeaderMap) {}

    /// Told of why the response breaks off.
    fn broke(&mut self, _: &Status) {}
}

/// A body that something follows until it is dropped.
pub(crate) struct Followed<F> {
    inner: Body,
    follow: F,
    ended: bool,
}

impl<F: Follow> Followed<F> {
    pub(crate) fn wrap(response: Response<Body>, follow: F) -> Response<Body> {
        response.map(|inner| Body::new(Self { inner, follow, ended: false }))
    }
}

impl<F: Follow> http_body::Body for Followed<F> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if let Some(status) = this.follow.interrupt(context) {
            this.ended = true;
            this.inner = Body::empty();
            let mut trailers = http::HeaderMap::new();
            status.add_header(&mut trailers)?;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let inner = Pin::new(&mut this.inner);
        let mut frame = this.follow.around(|| inner.poll_frame(context));
        match &mut frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    this.follow.trailers(trailers);
                }
            }
            Poll::Ready(Some(Err(status))) => this.follow.broke(status),
            Poll::Ready(None) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_its_address_or_its_network() {
        let of = |text: &str| origin(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
