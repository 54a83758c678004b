//! What rules and dashboards ask for and a run without any trouble, of an embedded instance, does
//! not export. What is not listed here and not exported is a mistake in the query; a metric that is
//! listed here and exported is a mistake in the list.

/// A name, and why it is not there.
pub struct Otherwise {
    /// A metric without `_bucket`, `_sum` and `_count`, or a label.
    pub name: &'static str,
    /// What it takes.
    pub why: &'static str,
}

const MONGODB: &str = "an embedded instance has SQLite, without a pool of connections";

const NO_MODEL: &str = "the default writer asks no model";

/// Metrics.
pub const METRICS: [Otherwise; 17] = [
    Otherwise { name: "db_client_connection_count", why: MONGODB },
    Otherwise { name: "db_client_connection_max", why: MONGODB },
    Otherwise { name: "db_client_connection_pending_requests", why: MONGODB },
    Otherwise { name: "db_client_connection_wait_time_seconds", why: MONGODB },
    Otherwise { name: "lectern_certificate_expiry_seconds", why: "nothing is served or called in TLS" },
    Otherwise { name: "lectern_dead_letters_total", why: "no step fails for good" },
    Otherwise { name: "gen_ai_client_operation_duration_seconds", why: NO_MODEL },
    Otherwise { name: "gen_ai_client_token_usage", why: NO_MODEL },
    Otherwise { name: "lectern_engine_cost_total", why: NO_MODEL },
    Otherwise { name: "lectern_engine_model_days_left", why: NO_MODEL },
    Otherwise { name: "lectern_engine_other_models_total", why: NO_MODEL },
    Otherwise { name: "lectern_engine_price_days_left", why: NO_MODEL },
    Otherwise { name: "lectern_engine_throttled_total", why: "no engine refuses a call" },
    Otherwise { name: "lectern_gateway_panics_total", why: "no part of the gateway panics" },
    Otherwise { name: "lectern_tts_speech_rejected_total", why: "no speech fails a check" },
    Otherwise { name: "lectern_tts_speech_substituted_total", why: "the voice that is asked for speaks" },
    Otherwise { name: "lectern_tts_transcriptions_total", why: "nobody listens unless a program is named" },
];

/// Labels.
pub const LABELS: [Otherwise; 5] = [
    Otherwise { name: "error_type", why: "nothing fails" },
    Otherwise { name: "fault", why: "no narration fails" },
    Otherwise { name: "gen_ai_provider_name", why: NO_MODEL },
    Otherwise { name: "gen_ai_request_model", why: NO_MODEL },
    Otherwise { name: "gen_ai_token_type", why: NO_MODEL },
];

/// The row of a metric, by any of its series.
pub fn metric(series: &str) -> Option<&'static Otherwise> {
    METRICS
        .iter()
        .find(|row| series.strip_prefix(row.name).is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest)))
}

/// The row of a label.
pub fn label(name: &str) -> Option<&'static Otherwise> {
    LABELS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_one_of_its_kind_and_has_a_reason() {
        for rows in [METRICS.as_slice(), LABELS.as_slice()] {
            for (at, row) in rows.iter().enumerate() {
                assert!(!row.why.is_empty(), "{}", row.name);
                assert!(rows.iter().skip(at + 1).all(|other| other.name != row.name), "{} is there twice", row.name);
            }
        }
    }

    #[test]
    fn a_metric_is_found_by_its_series_and_by_no_longer_name() {
        let found = |series: &str| metric(series).map(|row| row.name);
        let wait = "db_client_connection_wait_time_seconds";
        assert_eq!(found("db_client_connection_wait_time_seconds_bucket"), Some(wait));
        assert_eq!(found("lectern_dead_letters_total"), Some("lectern_dead_letters_total"));
        assert_eq!(found("lectern_dead_letters_total_lost"), None);
        assert_eq!(found("rpc_server_call_duration_seconds_bucket"), None);
    }
}
