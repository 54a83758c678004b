//! The other services: whether they answer, take our credential, and have their engines in order.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{Service, TenantId};
use lectern_core::{Clock, Failure, Finding, Reason};
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_proto::work::v1::{GetServiceRequest, GetServiceResponse};
use lectern_rpc::{Outbound, ServiceCredential, channel, failure};
use tonic::Request;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::Common;

/// How long another service may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Whether the stages answer a call of the service `caller` under its own credential.
pub(super) async fn stages(caller: &'static str, common: &Common, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let credential = match common.credential(clock) {
        Ok(credential) => Arc::new(credential),
        Err(failure) => return vec![Finding::broken("secrets", failure.message, "set LECTERN_SECRET")],
    };
    let mut findings = Vec::new();
    for stage in Service::ALL {
        let url = match stage {
            Service::Ingest => &common.ingest.url,
            Service::Ai => &common.ai.url,
            Service::Tts => &common.tts.url,
        };
        let answer = ask(caller, common, url, &credential).await;
        findings.extend(judge(stage.as_str(), url, answer));
    }
    findings
}

async fn ask(
    caller: &'static str,
    common: &Common,
    url: &str,
    credential: &Arc<ServiceCredential>,
) -> Result<GetServiceResponse, Failure> {
    let outbound = Outbound::as_service(caller, Arc::clone(credential), TenantId::nobody());
    let mut stage = StageServiceClient::new(outbound.over(channel(&common.calls(url))?));
    let mut request = Request::new(GetServiceRequest { include_settings: false });
    request.set_timeout(ANSWER_WITHIN);
    stage.get_service(request).await.map(tonic::Response::into_inner).map_err(|status| failure(&status))
}

/// What an answer says of the other service.
fn judge(stage: &str, url: &str, answer: Result<GetServiceResponse, Failure>) -> Vec<Finding> {
    let told = match answer {
        Ok(told) => told,
        Err(failure) if failure.reason == Reason::KeyInvalid => {
            let found = format!("{stage} at {url} does not take this service's credential");
            let advice = "give both the same LECTERN_SECRET (while it is changed, LECTERN_SECRET_PREVIOUS as in \
                          docs/runbook.md), and see that their clocks agree";
            return vec![Finding::broken("secrets", found, advice)];
        }
        Err(failure) => {
            let advice = format!("start {stage}, or mend {stage}.url and client.tls");
            return vec![Finding::broken("services", format!("{stage} at {url}: {}", failure.message), advice)];
        }
    };
    let mut findings = vec![Finding::ok("secrets", format!("{stage} takes this service's credential"))];
    if told.serving {
        findings.push(Finding::ok("services", format!("{stage} {} serves", told.version)));
    } else {
        let advice = format!("look at what {stage} names, and at its log");
        findings.push(Finding::broken("services", format!("{stage} {} does not serve", told.version), advice));
    }
    for part in told.parts.iter().filter(|part| !part.serving || part.name.starts_with("engine/")) {
        let check = if part.name.starts_with("engine/") { "engines" } else { "services" };
        if part.serving {
            findings.push(Finding::ok(check, format!("{stage}: {} is in order", part.name)));
        } else {
            let found = format!("{stage}: {} is out of order: {}", part.name, part.problem);
            let advice = format!("look at the log of {stage}; its steps wait meanwhile");
            findings.push(Finding::broken(check, found.trim_end_matches([':', ' ']), advice));
        }
    }
    findings
}

/// Whether the gateway, which stages ask whether keys are good, serves.
pub(super) async fn gateway(common: &Common) -> Finding {
    const CHECK: &str = "services";
    let url = &common.gateway.url;
    let advice = "start the gateway, or mend gateway.url and client.tls";
    match serving(common, url).await {
        Ok(true) => Finding::ok(CHECK, "the gateway serves"),
        Ok(false) => Finding::broken(CHECK, format!("the gateway at {url} does not serve"), advice),
        Err(failure) => Finding::broken(CHECK, format!("the gateway at {url}: {}", failure.message), advice),
    }
}

async fn serving(common: &Common, url: &str) -> Result<bool, Failure> {
    let mut health = HealthClient::new(channel(&common.calls(url))?);
    let mut request = Request::new(HealthCheckRequest { service: String::new() });
    request.set_timeout(ANSWER_WITHIN);
    let answer = health.check(request).await.map_err(|status| failure(&status))?;
    Ok(answer.into_inner().status() == ServingStatus::Serving)
}

#[cfg(test)]
mod tests {
    use lectern_core::{Kind, SystemClock, Verdict};
    use lectern_proto::work::v1::Part;
    use lectern_proto::work::v1::stage_service_server::StageServiceServer;
    use lectern_queue::MemoryQueue;
    use lectern_rpc::{Server, ServerConfig, Serving, WithServices, tune};
    use lectern_runtime::{HealthState, Secret};
    use lectern_store::memory::MemoryStore;
    use lectern_work::steps::{Steps, StepsOptions};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::config::Url;
    use crate::{NoKeys, StageApi};

    fn verdicts(answer: Result<GetServiceResponse, Failure>) -> Vec<(&'static str, Verdict)> {
        judge("tts", "http://h:1", answer).into_iter().map(|finding| (finding.check, finding.verdict)).collect()
    }

    #[test]
    fn a_secret_that_differs_is_told_apart_from_a_service_that_is_away() {
        let refused = Failure::new(Kind::Unauthenticated, Reason::KeyInvalid, "no valid API key");
        assert_eq!(verdicts(Err(refused)), [("secrets", Verdict::Broken)]);
        let away = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "it cannot be reached");
        assert_eq!(verdicts(Err(away)), [("services", Verdict::Broken)]);
    }

    #[test]
    fn a_service_that_does_not_serve_and_an_engine_out_of_order_are_broken() {
        let part = |name: &str, serving| Part { name: name.to_owned(), serving, problem: String::new() };
        let told = GetServiceResponse {
            version: "0.1.0".to_owned(),
            serving: false,
            parts: vec![part("store", false), part("engine/local", false), part("engine/tone", true)],
            settings: Vec::new(),
        };
        let expected = [
            ("secrets", Verdict::Ok),
            ("services", Verdict::Broken),
            ("services", Verdict::Broken),
            ("engines", Verdict::Broken),
            ("engines", Verdict::Ok),
        ];
        assert_eq!(verdicts(Ok(told)), expected);
        let well = GetServiceResponse { serving: true, ..GetServiceResponse::default() };
        assert_eq!(verdicts(Ok(well)), [("secrets", Verdict::Ok), ("services", Verdict::Ok)]);
    }

    /// A stage that believes credentials under this secret alone.
    async fn stage(secret: Secret, stop: CancellationToken) -> Serving {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let steps = Steps::new(store, Arc::clone(&clock), StepsOptions::new("boot"));
        steps.ensure().await.unwrap();
        let queue = Arc::new(MemoryQueue::new(lectern_queue::ConnectOptions::default()));
        let services = ServiceCredential::new(secret, Arc::clone(&clock)).unwrap();
        let authenticate = Arc::new(WithServices::new(services, Arc::new(NoKeys)));
        let server = Server::builder(ServerConfig::default(), authenticate, HealthState::new(), clock);
        server
            .service(tune!(StageServiceServer::new(StageApi::new(steps, queue))))
            .reflect(lectern_proto::FILE_DESCRIPTOR_SET)
            .serve(stop)
            .unwrap()
    }

    #[tokio::test]
    async fn a_stage_with_another_secret_is_broken_and_one_with_the_same_is_well() {
        let (secret, other) = (Secret::new("s".repeat(32)), Secret::new("t".repeat(32)));
        for (theirs, expected) in [(secret.clone(), Verdict::Ok), (other, Verdict::Broken)] {
            let stop = CancellationToken::new();
            let serving = stage(theirs, stop.clone()).await;
            let ai = Url { url: format!("http://{}", serving.addr) };
            let common = Common { secret: secret.clone(), ingest: closed(), ai, tts: closed(), ..Common::default() };
            let found = stages("gateway", &common, Arc::new(SystemClock)).await;
            let secrets = found.iter().find(|finding| finding.check == "secrets").unwrap();
            assert_eq!(secrets.verdict, expected, "{found:?}");
            assert_eq!(found.iter().any(|finding| finding.found.contains("serves")), expected == Verdict::Ok);
            stop.cancel();
            serving.ended().await.unwrap();
        }
    }

    /// Nobody listens on a port that was just let go of.
    fn closed() -> Url {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Url { url: format!("http://{address}") }
    }

    #[tokio::test]
    async fn services_that_nobody_started_are_broken() {
        let secret = Secret::new("s".repeat(32));
        let common =
            Common { secret, ingest: closed(), ai: closed(), tts: closed(), gateway: closed(), ..Common::default() };
        let found = stages("gateway", &common, Arc::new(SystemClock)).await;
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|finding| finding.verdict == Verdict::Broken), "{found:?}");
        assert_eq!(gateway(&common).await.verdict, Verdict::Broken);
        let none = stages("gateway", &Common::default(), Arc::new(SystemClock)).await;
        assert_eq!((none.len(), none[0].check, none[0].verdict), (1, "secrets", Verdict::Broken), "no secret is set");
    }
}
