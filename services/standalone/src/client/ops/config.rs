//! The settings of each service.

use lectern_core::Failure;
use lectern_proto::v1::{GetServicesRequest, ServiceSetting};

use super::table::{lines, why};
use super::{Admin, answered, json};
use crate::client::out::Out;

/// Shows the settings in force: those that differ from the defaults, or all.
pub(super) async fn run(service: Option<&str>, all: bool, mut admin: Admin, out: &Out) -> Result<(), Failure> {
    let services = answered(admin.get_services(GetServicesRequest { include_settings: true }).await)?.services;
    let wanted = |name: &str| service.is_none_or(|service| service == name);
    if !services.iter().any(|service| wanted(&service.service)) {
        let names: Vec<&str> = services.iter().map(|service| service.service.as_str()).collect();
        return Err(Failure::invalid("service", format!("--service is one of {}", names.join(", "))));
    }
    let mut shown: Vec<_> = services.into_iter().filter(|service| wanted(&service.service)).collect();
    if !all {
        shown.iter_mut().for_each(|service| service.settings.retain(|setting| setting.changed));
    }
    out.json(&serde_json::json!({ "services": shown.iter().map(json::service).collect::<Vec<_>>() }));
    for service in &shown {
        out.line(&heading(&service.service, &service.version));
        if service.failure.is_some() {
            out.line(&format!("  does not answer: {}", why(service.failure.as_ref())));
        } else if service.settings.is_empty() {
            out.line("  every setting is as by default");
        }
        let rows: Vec<Vec<String>> = service.settings.iter().map(row).collect();
        if !rows.is_empty() {
            lines(&["setting", "value", "default"], rows).iter().for_each(|line| out.line(line));
        }
    }
    Ok(())
}

fn heading(service: &str, version: &str) -> String {
    if version.is_empty() { service.to_owned() } else { format!("{service} {version}") }
}

fn row(setting: &ServiceSetting) -> Vec<String> {
    vec![setting.key.clone(), setting.value.clone(), setting.default_value.clone()]
}
