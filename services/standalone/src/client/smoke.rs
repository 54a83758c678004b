//! `lectern smoke`: whether a deployment works, from where its callers are: health, reflection, and
//! a short document narrated to its end, whose files are fetched and checked. It leaves nothing
//! behind.

use std::path::Path;
use std::time::Duration;

use lectern_client::{Client, ClientConfig, ClientTls, Retry, Upload};
use lectern_core::{Failure, Kind, OsRandom, Random as _, Reason};
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{DeleteDocumentRequest, DeleteNarrationRequest, Narration, OutputFormat, Style};
use lectern_rpc::failure;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::TRIES;
use super::out::Out;
use super::words::{self, Status, Stop};
use crate::cli::Smoke;
use crate::temporary::Temporary;

/// What a caller needs of a server, by its name in reflection and health.
const NEEDED: [&str; 3] = ["lectern.v1.DocumentService", "lectern.v1.NarrationService", "lectern.v1.VoiceService"];
/// How long health and reflection may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Does all of it, and tells each thing that is well in a line.
///
/// # Errors
/// The first thing that is not well, and what to do about it.
pub async fn run(smoke: Smoke, out: &Out) -> Result<(), Stop> {
    let tls = ClientTls { ca: smoke.ca.clone(), ..ClientTls::default() };
    let config = ClientConfig { tls, ..ClientConfig::to(smoke.at.url()) };
    let client = Client::connect(&config, smoke.at.key.clone())?;
    let client = client.with_retry(Retry { tries: TRIES, ..Retry::default() });

    within(ANSWER_WITHIN, "health", serving(&client)).await?;
    out.line(&format!("health      {} serves", smoke.at.url()));
    let services = within(ANSWER_WITHIN, "reflection", reflected(&client)).await?;
    out.line(&format!("reflection  {services} services"));

    let source = Upload::bytes("smoke.md", text(OsRandom.next()));
    let document = Box::pin(client.upload(&source)).await?.name;
    let limit = Duration::from_secs(smoke.seconds.into());
    let narrated = within(limit, "the narration", narrated(&client, &document, out)).await;
    // Also where the narration failed: what was handed in is nobody's document.
    let erased = Box::pin(erase(&client, document)).await;
    narrated?;
    erased?;
    out.line("erased      the document and all that was made of it");
    Ok(out.finish()?)
}

/// Text that was never spoken before, so that every stage has work to do.
fn text(number: u64) -> String {
    format!(
        "# A short test\n\nThis is test number {} of this installation. If somebody can hear it, it works.\n",
        number % 1_000_000
    )
}

/// Has the work end in time.
async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    tokio::time::timeout(limit, Box::pin(work)).await.unwrap_or_else(|_| {
        let message = format!(
            "{what} is not there after {} s; the logs of the services say why, `lectern ops status` what waits",
            limit.as_secs()
        );
        Err(Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, message).into())
    })
}

async fn serving(client: &Client) -> Result<(), Stop> {
    for service in NEEDED {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = HealthClient::new(client.channel()).check(request).await.map_err(|s| failure(&s))?;
        match answer.into_inner().status() {
            ServingStatus::Serving => {}
            ServingStatus::Unknown | ServingStatus::NotServing | ServingStatus::ServiceUnknown => {
                return Err(unwell(format!("{service} does not serve; the log of the gateway says which check fails")));
            }
        }
    }
    Ok(())
}

/// How many services the server tells of.
async fn reflected(client: &Client) -> Result<usize, Stop> {
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let mut reflection = ServerReflectionClient::new(client.channel());
    let answers = reflection.server_reflection_info(tokio_stream::once(request)).await.map_err(|s| failure(&s))?;
    let answer = answers.into_inner().message().await.map_err(|s| failure(&s))?;
    let listed = services(answer);
    match NEEDED.iter().find(|needed| !listed.iter().any(|listed| listed == *needed)) {
        None => Ok(listed.len()),
        Some(missing) => Err(unwell(format!(
            "the server does not tell of {missing} by reflection: is it the gateway's port, and not a stage's?"
        ))),
    }
}

fn services(answer: Option<ServerReflectionResponse>) -> Vec<String> {
    match answer.and_then(|answer| answer.message_response) {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|service| service.name).collect()
        }
        Some(
            MessageResponse::FileDescriptorResponse(_)
            | MessageResponse::AllExtensionNumbersResponse(_)
            | MessageResponse::ErrorResponse(_),
        )
        | None => Vec::new(),
    }
}

/// Orders, waits for the end, and fetches every file, whose size and checksum the client compares.
async fn narrated(client: &Client, document: &str, out: &Out) -> Result<(), Stop> {
    let order = Narration {
        documents: vec![document.to_owned()],
        style: Style::Narration.into(),
        formats: vec![OutputFormat::Opus.into()],
        ..Narration::default()
    };
    let accepted = client.order(order).await?;
    let ended = client.watch(&accepted.name).terminal().await?;
    if ended.state() != State::Succeeded {
        let why = convert::failure(&ended.failure.unwrap_or_default());
        out.complain(&format!("lectern: {} failed: {}", ended.name, words::sentence(&why)));
        return Err(Stop::Said(Status::Failed));
    }
    out.line(&format!("narration   {} succeeded", ended.name));
    let folder = Temporary::of_the_system("lectern-smoke-")?;
    let mut bytes = 0;
    for artifact in &ended.artifacts {
        bytes += size(&client.download(artifact, folder.path()).await?)?;
    }
    if !ended.artifacts.iter().any(|artifact| artifact.mime_type.starts_with("audio/") && artifact.size_bytes > 0) {
        return Err(unwell(format!("{} succeeded without audio", ended.name)));
    }
    out.line(&format!("files       {}, {bytes} bytes, and their checksums are right", ended.artifacts.len()));
    Ok(())
}

/// Deletes the narrations of a document, and erases it.
async fn erase(client: &Client, document: String) -> Result<(), Failure> {
    for narration in client.narrations_of(&document).await? {
        let name = narration.name;
        let deletion = DeleteNarrationRequest { name, etag: String::new(), allow_missing: true, force: true };
        client.delete_narration(deletion).await?;
    }
    let (etag, allow_missing, force) = (String::new(), true, true);
    let request = DeleteDocumentRequest { name: document, etag, allow_missing, force, ..Default::default() };
    client.erase(request).await.map(drop)
}

fn size(path: &Path) -> Result<u64, Failure> {
    let metadata = std::fs::metadata(path);
    Ok(metadata.map_err(|error| words::output(format!("{} cannot be read: {error}", path.display())))?.len())
}

fn unwell(message: String) -> Stop {
    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_says_something_else() {
        assert_ne!(text(1), text(2));
        assert!(text(u64::MAX).contains("test number 551615 of"), "{}", text(u64::MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_is_not_waited_for() {
        let late = within(Duration::from_secs(5), "the narration", std::future::pending::<Result<(), Stop>>());
        let stop = late.await.unwrap_err();
        assert_eq!(stop.status(), Status::Unavailable);
        let Stop::Failure(failure) = stop else { panic!("nobody was told: {stop:?}") };
        assert!(failure.message.contains("after 5 s"), "{failure}");
    }

    #[test]
    fn an_answer_that_lists_nothing_has_no_service() {
        assert_eq!(services(None), Vec::<String>::new());
        assert_eq!(services(Some(ServerReflectionResponse::default())), Vec::<String>::new());
    }
}
