//! How a handler answers: it is a function of who calls and of the request, and fails by a
//! [`Failure`]. Here, and nowhere else, the caller is looked at, and a failure becomes a status.
//!
//! | answered | by |
//! | --- | --- |
//! | with one message | [`answer`] |
//! | with a stream | [`answer_stream`] |
//! | with what another service of ours says | [`relay`], [`relay_stream`] |
//!
//! Who may call follows from the type that a handler takes as its caller: [`Caller`] is everybody
//! who came through the server's authentication, [`Administrator`] and [`InternalService`] are some
//! of them.
//!
//! ```ignore
//! async fn get_pause(&self, request: Request<GetPause>) -> Result<Response<Pause>, Status> {
//!     answer(request, |_: Administrator, request| async move {
//!         self.pause(&request.name).await
//!     })
//!     .await
//! }
//! ```

#[cfg(test)]
mod tests;

use std::pin::Pin;

use futures::{Stream, TryFutureExt as _, TryStreamExt as _};
use lectern_core::{Failure, Kind, Reason};
use tonic::{Request, Response, Status};

use crate::caller::{Caller, Role, key_invalid};
use crate::status::status;

/// A stream of answers.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Who may call a method: some callers are let in, and others are refused.
pub trait Admitted: Sized {
    /// Lets a caller in.
    ///
    /// # Errors
    /// `KEY_NOT_ALLOWED` for one who may not call the method.
    fn admit(caller: Caller) -> Result<Self, Failure>;
}

impl Admitted for Caller {
    fn admit(caller: Caller) -> Result<Self, Failure> {
        Ok(caller)
    }
}

/// A caller who may administer.
#[derive(Debug, Clone, PartialEq)]
pub struct Administrator(pub Caller);

impl Admitted for Administrator {
    fn admit(caller: Caller) -> Result<Self, Failure> {
        match caller.role {
            Role::Admin => Ok(Self(caller)),
            Role::Reader | Role::Tenant | Role::Service => {
                let message = "only administrators may do this; call with a key that has ROLE_ADMINISTRATOR, or with \
                               the installation's admin key";
                Err(Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message))
            }
        }
    }
}

/// Another service of the installation, on behalf of the caller's tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct InternalService(pub Caller);

impl Admitted for InternalService {
    fn admit(caller: Caller) -> Result<Self, Failure> {
        match caller.role {
            Role::Service => Ok(Self(caller)),
            Role::Reader | Role::Tenant | Role::Admin => {
                let message = "this call is for the services of the installation; tenants use lectern.v1";
                Err(Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message))
            }
        }
    }
}

/// Why a call is refused that another service answers.
#[derive(Debug)]
pub enum Refusal {
    /// A failure of this service.
    Own(Failure),
    /// The other service's status, which is passed on as it is.
    Passed(Status),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Own(failure)
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Passed(status)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Own(failure) => status(&failure),
            Refusal::Passed(status) => status,
        }
    }
}

/// Answers a call with one message.
///
/// # Errors
/// UNAUTHENTICATED for a request that did not come through the server's authentication; what `C`
/// and the handler refuse.
pub async fn answer<C, M, T, F>(request: Request<M>, handle: impl FnOnce(C, M) -> F) -> Result<Response<T>, Status>
where
    C: Admitted,
    F: Future<Output = Result<T, Failure>>,
{
    relay(request, |caller, message| handle(caller, message).map_err(Refusal::Own)).await
}

/// Answers a call with a stream, whose failures become statuses too.
///
/// # Errors
/// As [`answer`].
pub async fn answer_stream<C, M, T, F, S>(
    request: Request<M>,
    handle: impl FnOnce(C, M) -> F,
) -> Result<Response<Answers<T>>, Status>
where
    C: Admitted,
    F: Future<Output = Result<S, Failure>>,
    S: Stream<Item = Result<T, Failure>> + Send + 'static,
{
    let own = |answers: S| answers.map_err(Refusal::Own);
    relay_stream(request, |caller, message| handle(caller, message).map_ok(own).map_err(Refusal::Own)).await
}

/// Answers a call that another service of ours has a part in.
///
/// # Errors
/// As [`answer`]; what the other service refuses.
pub async fn relay<C, M, T, F>(request: Request<M>, handle: impl FnOnce(C, M) -> F) -> Result<Response<T>, Status>
where
    C: Admitted,
    F: Future<Output = Result<T, Refusal>>,
{
    let (caller, message) = admitted(request).map_err(|failure| status(&failure))?;
    handle(caller, message).await.map(Response::new).map_err(Status::from)
}

/// Answers a call with a stream that another service of ours has a part in.
///
/// # Errors
/// As [`relay`].
pub async fn relay_stream<C, M, T, F, S>(
    request: Request<M>,
    handle: impl FnOnce(C, M) -> F,
) -> Result<Response<Answers<T>>, Status>
where
    C: Admitted,
    F: Future<Output = Result<S, Refusal>>,
    S: Stream<Item = Result<T, Refusal>> + Send + 'static,
{
    let (caller, message) = admitted(request).map_err(|failure| status(&failure))?;
    let answers = handle(caller, message).await.map_err(Status::from)?;
    Ok(Response::new(Box::pin(answers.map_err(Status::from))))
}

/// Who calls, and the message.
fn admitted<C: Admitted, M>(request: Request<M>) -> Result<(C, M), Failure> {
    let (_, mut extensions, message) = request.into_parts();
    let caller = extensions.remove::<Caller>().ok_or_else(key_invalid)?;
    Ok((C::admit(caller)?, message))
}
