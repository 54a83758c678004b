//! A probe: whether the process that runs on this machine with the same configuration serves. It
//! needs no shell and no other program in the image.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use lectern_rpc::{ClientConfig, ServerConfig, channel, failure};
use lectern_runtime::bootstrap;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// How long the process may take to answer. With the start of the probe itself it stays under 5 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// Asks, and turns the answer into an exit status: 0 where `service` serves, 1 where it does not or
/// does not answer in time, 78 where the configuration says no address that can be asked.
pub fn run(name: &str, server: &ServerConfig, service: &str) -> ExitCode {
    let address = match address(server) {
        Ok(address) => address,
        Err(failure) => return bootstrap::fail(name, &failure),
    };
    let answer = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("no runtime for the probe: {error}")))
        .and_then(|runtime| runtime.block_on(ask(address, service, ANSWER_WITHIN)));
    match answer {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[allow(clippy::print_stderr, reason = "whoever looks into a failed probe reads this")]
            {
                eprintln!("{name}: {}", failure.message);
            }
            ExitCode::FAILURE
        }
    }
}

/// Where the process can be asked from within its machine: at its health listener, else at its
/// port.
fn address(server: &ServerConfig) -> Result<SocketAddr, Failure> {
    let (field, listen) = match server.health_listen {
        Some(listen) => ("server.health_listen", listen),
        None => ("server.listen", server.listen),
    };
    if server.health_listen.is_none() && server.tls.is_some() {
        let message = "the port speaks TLS, and a probe has no certificate; set server.health_listen, such as \
                       0.0.0.0:7410, where health alone is served in plain text";
        return Err(Failure::invalid("server.health_listen", message));
    }
    if listen.port() == 0 {
        let message = format!(
            "{field} leaves the port to the system, and it cannot be asked there; name one, such as 0.0.0.0:7400"
        );
        return Err(Failure::invalid(field, message));
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

async fn ask(address: SocketAddr, service: &str, within: Duration) -> Result<(), Failure> {
    let unwell = |message: String| Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message);
    // Without a service config: it is not repeated, and what does not serve is asked all the same.
    let url = format!("http://{address}");
    let config = ClientConfig { connect_timeout: within, service_config: "{}".into(), ..ClientConfig::to(url) };
    let mut client = HealthClient::new(channel(&config)?);
    let request = HealthCheckRequest { service: service.to_owned() };
    let what = if service.is_empty() { "the process" } else { service };
    let answer = tokio::time::timeout(within, client.check(request)).await;
    let answer = answer.map_err(|_| unwell(format!("{address} did not answer within {} s", within.as_secs_f64())))?;
    let status =
        answer.map_err(|s| unwell(format!("{address} does not say whether {what} serves: {}", failure(&s))))?;
    match status.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        ServingStatus::Unknown | ServingStatus::NotServing | ServingStatus::ServiceUnknown => {
            Err(unwell(format!("{address} says that {what} does not serve")))
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_rpc::TlsConfig;
    use tokio::net::TcpListener;
    use tokio_stream::wrappers::TcpListenerStream;
    use tonic_health::server::HealthReporter;

    use super::*;

    fn at(listen: &str, health: Option<&str>) -> ServerConfig {
        ServerConfig {
            listen: listen.parse().unwrap(),
            health_listen: health.map(|address| address.parse().unwrap()),
            ..ServerConfig::default()
        }
    }

    #[test]
    fn the_health_listener_is_asked_first_and_everywhere_is_here() {
        for (server, asked) in [
            (at("0.0.0.0:7400", None), "127.0.0.1:7400"),
            (at("[::]:7400", None), "[::1]:7400"),
            (at("10.1.2.3:7400", None), "10.1.2.3:7400"),
            (at("0.0.0.0:7400", Some("0.0.0.0:7410")), "127.0.0.1:7410"),
            (at("127.0.0.1:0", Some("127.0.0.1:7410")), "127.0.0.1:7410"),
        ] {
            assert_eq!(address(&server).unwrap().to_string(), asked);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused_by_the_key_that_mends_it() {
        let refused = address(&at("127.0.0.1:0", None)).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("server.listen"));
        let server = ServerConfig { tls: Some(TlsConfig::new("a.pem", "a.key")), ..at("0.0.0.0:7400", None) };
        assert_eq!(address(&server).unwrap_err().field.as_deref(), Some("server.health_listen"));
        let server = ServerConfig { health_listen: Some("0.0.0.0:7410".parse().unwrap()), ..server };
        assert_eq!(address(&server).unwrap().port(), 7410);
    }

    #[tokio::test]
    async fn the_answer_is_that_of_the_health_service() {
        const PART: &str = "lectern.v1.NarrationService";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reporter = HealthReporter::new();
        let service = tonic_health::server::HealthService::from_health_reporter(reporter.clone());
        let service = tonic_health::pb::health_server::HealthServer::new(service);
        let serving = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(serving.serve_with_incoming(TcpListenerStream::new(listener)));

        let within = Duration::from_secs(20);
        reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
        reporter.set_service_status(PART, tonic_health::ServingStatus::NotServing).await;
        assert_eq!(ask(address, "", within).await, Ok(()));
        let refused = ask(address, PART, within).await.unwrap_err();
        assert!(refused.message.contains("does not serve"), "{refused}");
        let refused = ask(address, "no.such.Service", within).await.unwrap_err();
        assert!(refused.message.contains("does not say"), "{refused}");
        reporter.set_service_status(PART, tonic_health::ServingStatus::Serving).await;
        assert_eq!(ask(address, PART, within).await, Ok(()));
    }

    #[tokio::test]
    async fn who_takes_the_connection_and_says_nothing_does_not_serve() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let refused = ask(address, "", Duration::from_millis(200)).await.unwrap_err();
        assert!(refused.message.contains("did not answer"), "{refused}");
        drop(listener);
        assert!(ask(address, "", Duration::from_secs(2)).await.is_err(), "nobody listens");
    }
}
