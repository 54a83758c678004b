//! Those who order: tenants with a key and a document each, who call the gateways in turn.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::key_service_client::KeyServiceClient;
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::{self as api, create_document_request::Source};
use lectern_rpc::{Channel, ClientConfig, Outbound, channel};
use lectern_runtime::Secret;
use tonic::service::interceptor::InterceptedService;

use crate::lectern::failed;

const PAGE: &str = "# One page\n\nIt says nothing that anybody needs to hear.\n";
/// Most narrations that a page of a list has.
const PAGE_SIZE: i32 = 200;

type Client = NarrationServiceClient<InterceptedService<Channel, Outbound>>;

/// A tenant who orders.
struct Tenant {
    /// One at each gateway.
    clients: Vec<Client>,
    /// What is narrated.
    document: String,
}

/// All of them.
pub struct Callers(Vec<Tenant>);

impl Callers {
    /// Gives each of so many tenants a key and a document.
    pub async fn admit(gateways: &[SocketAddr], admin: &str, tenants: usize) -> Result<Self> {
        let to = |address: &SocketAddr| channel(&ClientConfig::to(format!("http://{address}"))).map_err(failed);
        let channels = gateways.iter().map(to).collect::<Result<Vec<Channel>>>()?;
        let first = channels.first().context("a gateway")?;
        let mut keys = KeyServiceClient::new(Outbound::with_key(Secret::new(admin)).over(first.clone()));
        let mut admitted = Vec::new();
        for number in 0..tenants {
            let key = api::Key { tenant: format!("tenants/load{number}"), ..api::Key::default() };
            let request = api::CreateKeyRequest { key: Some(key), ..api::CreateKeyRequest::default() };
            let key = keys.create_key(request).await?.into_inner().secret;
            let caller = Outbound::with_key(Secret::new(key));
            let request = api::CreateDocumentRequest {
                source: Some(Source::Text(PAGE.to_owned())),
                ..api::CreateDocumentRequest::default()
            };
            let mut documents = DocumentServiceClient::new(caller.clone().over(first.clone()));
            let made = documents.create_document(request).await?.into_inner().document;
            let document = made.context("a document")?.name;
            let client = |channel: &Channel| NarrationServiceClient::new(caller.clone().over(channel.clone()));
            admitted.push(Tenant { clients: channels.iter().map(client).collect(), document });
        }
        Ok(Self(admitted))
    }

    /// Orders the narration of this number: of each tenant in turn, and at each gateway.
    pub async fn order(&self, number: usize) -> Result<(), tonic::Status> {
        let nobody = || tonic::Status::internal("nobody orders here");
        let tenant = self.0.get(number % self.0.len().max(1)).ok_or_else(nobody)?;
        let gateway = (number / self.0.len().max(1)) % tenant.clients.len().max(1);
        let mut client = tenant.clients.get(gateway).ok_or_else(nobody)?.clone();
        let narration = api::Narration {
            documents: vec![tenant.document.clone()],
            style: api::Style::Narration.into(),
            ..api::Narration::default()
        };
        let request = api::CreateNarrationRequest { request_id: String::new(), narration: Some(narration) };
        client.create_narration(request).await.map(drop)
    }

    /// All narrations.
    pub async fn narrations(&self) -> Result<Vec<api::Narration>> {
        let mut narrations = Vec::new();
        for tenant in &self.0 {
            let mut client = tenant.clients.first().context("a gateway")?.clone();
            let mut request = api::ListNarrationsRequest { page_size: PAGE_SIZE, ..Default::default() };
            loop {
                let page = client.list_narrations(request.clone()).await?.into_inner();
                narrations.extend(page.narrations);
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
        }
        Ok(narrations)
    }
}
