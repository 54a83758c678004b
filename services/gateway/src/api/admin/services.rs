//! How each service is, and which settings it has.

use lectern_core::id::Service;
use lectern_proto::work::v1 as work;
use lectern_proto::{convert, v1 as api};
use lectern_runtime::HealthState;
use lectern_runtime::config::Setting;
use lectern_stage::api::describe;

use crate::inspect::Inspect;

/// The gateway's name among the services.
const GATEWAY: &str = "gateway";

pub(super) async fn services(
    stages: &dyn Inspect,
    health: &HealthState,
    settings: &[Setting],
    include_settings: bool,
) -> api::GetServicesResponse {
    let mut services = vec![encode(GATEWAY, describe(health, settings, include_settings))];
    let asked = Service::ALL.map(|stage| async move {
        match stages.service(stage, include_settings).await {
            Ok(told) => encode(stage.as_str(), told),
            Err(failure) => api::ServiceStatus {
                service: stage.as_str().to_owned(),
                failure: Some(convert::failure_to_wire(&failure, None)),
                ..api::ServiceStatus::default()
            },
        }
    });
    services.extend(futures::future::join_all(asked).await);
    api::GetServicesResponse { services }
}

fn encode(service: &str, told: work::GetServiceResponse) -> api::ServiceStatus {
    let part = |work::Part { name, serving, problem }: work::Part| api::ServicePart { name, serving, problem };
    let setting = |work::Setting { key, value, default_value }: work::Setting| api::ServiceSetting {
        changed: value != default_value,
        key,
        value,
        default_value,
    };
    api::ServiceStatus {
        service: service.to_owned(),
        failure: None,
        version: told.version,
        serving: told.serving,
        parts: told.parts.into_iter().map(part).collect(),
        settings: told.settings.into_iter().map(setting).collect(),
    }
}
