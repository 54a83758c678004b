use futures::{TryStreamExt as _, stream};
use tonic::Code;

use super::*;
use crate::caller::TenantLimits;
use crate::status::failure;

const ROLES: [Role; 4] = [Role::Reader, Role::Tenant, Role::Admin, Role::Service];

fn numbers<E: Send + 'static>(count: u32) -> impl Stream<Item = Result<u32, E>> + Send + 'static {
    stream::iter((0..count).map(Ok))
}

/// One answer, and then a failure.
fn failing<E: Send + 'static>(error: E) -> impl Stream<Item = Result<u32, E>> + Send + 'static {
    stream::iter([Ok(7), Err(error)])
}

fn by(role: Role) -> Request<&'static str> {
    let mut request = Request::new("hello");
    let limits = TenantLimits::default();
    let caller = Caller { tenant: "acme".parse().unwrap(), role, key_id: "k".to_owned(), limits };
    request.extensions_mut().insert(caller);
    request
}

fn missing() -> Failure {
    Failure::not_found("documents/d1")
}

#[tokio::test]
async fn a_handler_is_told_who_calls_and_what() {
    for role in ROLES {
        let told = answer(by(role), |caller: Caller, message| async move { Ok((caller.tenant, message)) }).await;
        assert_eq!(told.unwrap().into_inner(), ("acme".parse().unwrap(), "hello"));
        let told = relay(by(role), |caller: Caller, message| async move { Ok((caller.tenant, message)) }).await;
        assert_eq!(told.unwrap().into_inner(), ("acme".parse().unwrap(), "hello"));
    }
}

#[tokio::test]
async fn who_did_not_come_through_authentication_is_not_answered() {
    let refused = answer(Request::new(()), |_: Caller, ()| async { Ok(()) }).await.unwrap_err();
    assert_eq!((refused.code(), failure(&refused).reason), (Code::Unauthenticated, Reason::KeyInvalid));
    let refused = relay_stream(Request::new(()), |_: Caller, ()| async { Ok(numbers(1)) }).await.err().unwrap();
    assert_eq!(failure(&refused).reason, Reason::KeyInvalid);
}

#[tokio::test]
async fn a_method_lets_in_whom_its_handler_takes() {
    for role in ROLES {
        let administrators = answer(by(role), |Administrator(caller), _| async move { Ok(caller.role) }).await;
        let services = answer(by(role), |InternalService(caller), _| async move { Ok(caller.role) }).await;
        for (answered, admitted) in [(administrators, Role::Admin), (services, Role::Service)] {
            match answered {
                Ok(answer) => assert_eq!((answer.into_inner(), role), (admitted, admitted)),
                Err(refused) => {
                    assert_ne!(role, admitted);
                    assert_eq!(failure(&refused).reason, Reason::KeyNotAllowed);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_failure_becomes_a_status_wherever_it_happens() {
    let refused = answer(by(Role::Tenant), |_: Caller, _| async { Err::<(), _>(missing()) }).await.unwrap_err();
    assert_eq!(failure(&refused), missing());
    let refused = relay(by(Role::Tenant), |_: Caller, _| async { Err::<(), _>(missing().into()) }).await.unwrap_err();
    assert_eq!(failure(&refused), missing());

    let answers = answer_stream(by(Role::Tenant), |_: Caller, _| async { Ok(numbers(3)) }).await.unwrap();
    assert_eq!(answers.into_inner().try_collect::<Vec<u32>>().await.unwrap(), [0, 1, 2]);
    let answers = answer_stream(by(Role::Tenant), |_: Caller, _| async { Ok(failing(missing())) }).await.unwrap();
    let mut answers = answers.into_inner();
    assert_eq!(answers.try_next().await.unwrap(), Some(7));
    assert_eq!(failure(&answers.try_next().await.unwrap_err()), missing());
}

#[tokio::test]
async fn what_another_service_refused_is_passed_on_as_it_is() {
    let theirs = || Status::with_details(Code::DataLoss, "as they say it", vec![1, 2, 3].into());
    let same = |status: &Status| (status.code(), status.message().to_owned(), status.details().to_vec());
    let refused = relay(by(Role::Tenant), |_: Caller, _| async { Err::<(), _>(theirs().into()) }).await.unwrap_err();
    assert_eq!(same(&refused), same(&theirs()));
    let answers = relay_stream(by(Role::Tenant), |_: Caller, _| async { Ok(failing(Refusal::from(theirs()))) });
    let mut answers = answers.await.unwrap().into_inner();
    assert_eq!(answers.try_next().await.unwrap(), Some(7));
    assert_eq!(same(&answers.try_next().await.unwrap_err()), same(&theirs()));
}
