//! What a call changes of a tenant: which fields, to what, and whether that can be meant.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use lectern_core::{Failure, text};
use lectern_proto::v1 as api;
use prost_types::FieldMask;

use crate::domain::{Lane, TenantLimits, TenantRecord};

/// Calls a second that can be meant. At the least one comes every 100 s.
const RATES: RangeInclusive<f64> = 0.01..=100_000.0;
/// The mask's word for all limits.
const LIMITS: &str = "limits";
/// The mask's word for everything (AIP-134).
const EVERYTHING: &str = "*";

/// A field of a tenant that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    DisplayName,
    RequestsPerSecond,
    BurstRequestCount,
    ConcurrentCallCount,
    UnfinishedNarrationCount,
    ConcurrentStepCount,
    StoredSourceBytes,
    MonthlyBudget,
    Lanes,
}

impl Field {
    const ALL: [Self; 9] = [
        Self::DisplayName,
        Self::RequestsPerSecond,
        Self::BurstRequestCount,
        Self::ConcurrentCallCount,
        Self::UnfinishedNarrationCount,
        Self::ConcurrentStepCount,
        Self::StoredSourceBytes,
        Self::MonthlyBudget,
        Self::Lanes,
    ];

    /// Its path in a mask.
    const fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::RequestsPerSecond => "limits.requests_per_second",
            Self::BurstRequestCount => "limits.burst_request_count",
            Self::ConcurrentCallCount => "limits.concurrent_call_count",
            Self::UnfinishedNarrationCount => "limits.unfinished_narration_count",
            Self::ConcurrentStepCount => "limits.concurrent_step_count",
            Self::StoredSourceBytes => "limits.stored_source_bytes",
            Self::Lanes => "limits.lanes",
            Self::MonthlyBudget => "limits.monthly_budget_micro_usd",
        }
    }

    /// Whether it is set in a request.
    fn is_set(self, wire: &api::Tenant, limits: &api::TenantLimits) -> bool {
        match self {
            Self::DisplayName => !wire.display_name.is_empty(),
            Self::RequestsPerSecond => limits.requests_per_second.is_some(),
            Self::BurstRequestCount => limits.burst_request_count.is_some(),
            Self::ConcurrentCallCount => limits.concurrent_call_count.is_some(),
            Self::UnfinishedNarrationCount => limits.unfinished_narration_count.is_some(),
            Self::ConcurrentStepCount => limits.concurrent_step_count.is_some(),
            Self::StoredSourceBytes => limits.stored_source_bytes.is_some(),
            Self::Lanes => !limits.lanes.is_empty(),
            Self::MonthlyBudget => limits.monthly_budget_micro_usd.is_some(),
        }
    }

    /// Its path in a request.
    fn name(self) -> String {
        format!("tenant.{}", self.path())
    }
}

/// What is changed, and to what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Changes {
    fields: BTreeSet<Field>,
    display_name: String,
    limits: TenantLimits,
}

impl Changes {
    /// Reads the fields that the mask names; those that are set where it names none (AIP-134). What
    /// it does not name is not looked at.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a path that names no such field, and for a value out of its range.
    pub(super) fn read(wire: &api::Tenant, mask: Option<&FieldMask>) -> Result<Self, Failure> {
        let unset = api::TenantLimits::default();
        let limits = wire.limits.as_ref().unwrap_or(&unset);
        let set = || Field::ALL.into_iter().filter(|field| field.is_set(wire, limits)).collect();
        let fields = read_mask(mask)?.unwrap_or_else(set);
        let mut changes = Self { fields, display_name: String::new(), limits: TenantLimits::default() };
        for field in changes.fields.clone() {
            changes.read_field(field, &wire.display_name, limits)?;
        }
        Ok(changes)
    }

    fn read_field(&mut self, field: Field, display_name: &str, wire: &api::TenantLimits) -> Result<(), Failure> {
        let limits = &mut self.limits;
        match field {
            Field::DisplayName => {
                text::check_name(&field.name(), display_name)?;
                display_name.clone_into(&mut self.display_name);
            }
            Field::RequestsPerSecond => {
                let rate = wire.requests_per_second;
                if let Some(wrong) = rate.filter(|rate| !RATES.contains(rate)) {
                    return Err(out_of_range(field, wrong, RATES.start(), RATES.end()));
                }
                limits.requests_per_second = rate;
            }
            Field::BurstRequestCount => {
                limits.burst = read_count(field, wire.burst_request_count.map(i64::from), 1..=1_000_000)?;
            }
            Field::ConcurrentCallCount => {
                limits.concurrent_calls = read_count(field, wire.concurrent_call_count.map(i64::from), 1..=100_000)?;
            }
            Field::UnfinishedNarrationCount => {
                let wire = wire.unfinished_narration_count.map(i64::from);
                limits.unfinished_narrations = read_count(field, wire, 0..=10_000_000)?;
            }
            Field::ConcurrentStepCount => {
                limits.concurrent_steps = read_count(field, wire.concurrent_step_count.map(i64::from), 1..=10_000)?;
            }
            Field::StoredSourceBytes => {
                limits.stored_source_bytes = read_count(field, wire.stored_source_bytes, 0..=i64::MAX)?;
            }
            Field::Lanes => limits.lanes = read_lanes(field, &wire.lanes)?,
            Field::MonthlyBudget => {
                limits.month_micro_usd = read_count(field, wire.monthly_budget_micro_usd, 0..=i64::MAX)?;
            }
        }
        Ok(())
    }

    /// Makes the changes.
    pub(super) fn apply(&self, tenant: &mut TenantRecord) {
        let (new, limits) = (&self.limits, &mut tenant.limits);
        for field in &self.fields {
            match field {
                Field::DisplayName => tenant.display_name.clone_from(&self.display_name),
                Field::RequestsPerSecond => limits.requests_per_second = new.requests_per_second,
                Field::BurstRequestCount => limits.burst = new.burst,
                Field::ConcurrentCallCount => limits.concurrent_calls = new.concurrent_calls,
                Field::UnfinishedNarrationCount => limits.unfinished_narrations = new.unfinished_narrations,
                Field::ConcurrentStepCount => limits.concurrent_steps = new.concurrent_steps,
                Field::StoredSourceBytes => limits.stored_source_bytes = new.stored_source_bytes,
                Field::Lanes => limits.lanes.clone_from(&new.lanes),
                Field::MonthlyBudget => limits.month_micro_usd = new.month_micro_usd,
            }
        }
    }
}

/// For an audit record: `limits.burst_request_count = 7, limits.lanes = all`.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<String>| value.unwrap_or_else(|| "as everybody".to_owned());
        for (at, field) in self.fields.iter().enumerate() {
            let limits = &self.limits;
            let value = match field {
                Field::DisplayName => format!("{:?}", self.display_name),
                Field::RequestsPerSecond => shown(limits.requests_per_second.map(|rate| rate.to_string())),
                Field::BurstRequestCount => shown(limits.burst.map(|count| count.to_string())),
                Field::ConcurrentCallCount => shown(limits.concurrent_calls.map(|count| count.to_string())),
                Field::UnfinishedNarrationCount => shown(limits.unfinished_narrations.map(|count| count.to_string())),
                Field::ConcurrentStepCount => shown(limits.concurrent_steps.map(|count| count.to_string())),
                Field::StoredSourceBytes => shown(limits.stored_source_bytes.map(|bytes| bytes.to_string())),
                Field::MonthlyBudget => shown(limits.month_micro_usd.map(|usd| usd.to_string())),
                Field::Lanes if limits.lanes.is_empty() => "all".to_owned(),
                Field::Lanes => limits.lanes.iter().map(|lane| lane.as_str()).collect::<Vec<_>>().join(" "),
            };
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{} = {value}", field.path())?;
        }
        Ok(())
    }
}

/// The fields that a mask names; none where it names nothing.
fn read_mask(mask: Option<&FieldMask>) -> Result<Option<BTreeSet<Field>>, Failure> {
    let paths = mask.map(|mask| mask.paths.as_slice()).unwrap_or_default();
    if paths.is_empty() {
        return Ok(None);
    }
    let mut fields = BTreeSet::new();
    for path in paths {
        if path == EVERYTHING {
            fields.extend(Field::ALL);
            continue;
        }
        if path == LIMITS {
            fields.extend(Field::ALL.into_iter().filter(|field| *field != Field::DisplayName));
            continue;
        }
        let field = Field::ALL.into_iter().find(|field| field.path() == path);
        fields.insert(field.ok_or_else(|| {
            let known = Field::ALL.map(Field::path).join(", ");
            let path: String = path.chars().take(80).collect();
            Failure::invalid(
                "update_mask",
                format!("update_mask has {path:?}; use {EVERYTHING}, {LIMITS}, {known}, or no mask for what is set"),
            )
        })?);
    }
    Ok(Some(fields))
}

fn read_count<T: TryFrom<i64>>(
    field: Field,
    wire: Option<i64>,
    range: RangeInclusive<i64>,
) -> Result<Option<T>, Failure> {
    let Some(count) = wire else { return Ok(None) };
    let read = Some(count).filter(|count| range.contains(count)).and_then(|count| T::try_from(count).ok());
    read.map(Some).ok_or_else(|| out_of_range(field, count, range.start(), range.end()))
}

fn read_lanes(field: Field, wire: &[i32]) -> Result<Vec<Lane>, Failure> {
    let mut lanes = BTreeSet::new();
    for number in wire {
        lanes.insert(match api::Lane::try_from(*number) {
            Ok(lane) => Lane::of_number(lane.into()),
            Err(_) => {
                let name = field.name();
                let message = format!("{name} has {number}; use LANE_INTERACTIVE, LANE_STANDARD and LANE_BULK");
                return Err(Failure::invalid(name, message));
            }
        });
    }
    Ok(lanes.into_iter().collect())
}

fn out_of_range<T: fmt::Display>(field: Field, wrong: T, least: &T, most: &T) -> Failure {
    let name = field.name();
    let message = format!("{name} is {wrong}; write {least} to {most}, or leave it out for what everybody has");
    Failure::invalid(name, message)
}
