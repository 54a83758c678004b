//! What KEDA asks to decide how many workers a service has: its own contract of an external scaler,
//! answered from the dispatcher's memory (ADR 0024).
//!
//! It is served on a listener of its own, in plain text and to everybody who reaches it, since KEDA
//! sends no credential. It tells how much waits for a service and nothing of whose it is, and takes
//! nothing but names of services and numbers.

mod metadata;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use lectern_core::id::Service;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::externalscaler::external_scaler_server::{ExternalScaler, ExternalScalerServer};
use lectern_proto::externalscaler::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec, MetricValue,
    ScaledObjectRef,
};
use lectern_rpc::status;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::conduct::Dispatcher;
use metadata::Metadata;

/// Between two looks at whether a service has anything to do, for a stream of it.
const LOOKED: Duration = Duration::from_secs(1);
/// When to ask again where it was not read yet who waits.
const SOON: Duration = Duration::from_secs(1);
/// Steps that a replica does at once where nobody says it and no worker was heard of. The
/// dispatcher begins with as many.
const USUAL_STEPS: f64 = 4.0;
/// Bytes of a message: a name or two, and some settings.
const MESSAGE: usize = 16 * 1024;

/// KEDA's external scaler, for the three stage services.
#[derive(Debug, Clone)]
pub struct Scaler {
    dispatcher: Dispatcher,
    stop: CancellationToken,
}

/// What a stream of activity answers with.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Scaler {
    /// One that tells what `dispatcher` knows. Its streams end when `stop` is cancelled.
    #[must_use]
    pub const fn new(dispatcher: Dispatcher, stop: CancellationToken) -> Self {
        Self { dispatcher, stop }
    }

    /// The service, with our limit of messages.
    #[must_use]
    pub fn into_server(self) -> ExternalScalerServer<Self> {
        ExternalScalerServer::new(self).max_decoding_message_size(MESSAGE)
    }

    fn steps(&self, service: Service) -> Result<u64, Failure> {
        self.dispatcher.demanded(service).ok_or_else(|| {
            let message = "it is being read who waits; ask again in a second, and keep the replicas there are";
            Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message).after(SOON)
        })
    }

    fn has_work(&self, metadata: &Metadata) -> Result<bool, Failure> {
        Ok(self.steps(metadata.service)? > metadata.activation_steps)
    }
}

/// The name of a service's metric. KEDA puts the trigger's number before it.
fn metric_name(service: Service) -> String {
    format!("lectern-steps-{}", service.as_str())
}

/// A number of steps as KEDA takes it: an integer for those that read no other, too.
fn whole(steps: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a cast from a float goes no further than the integer can")]
    let rounded = steps.round() as i64;
    rounded
}

fn read(object: &ScaledObjectRef) -> Result<Metadata, Status> {
    Metadata::read(object).map_err(|failure| status(&failure))
}

#[tonic::async_trait]
impl ExternalScaler for Scaler {
    type StreamIsActiveStream = Answers<IsActiveResponse>;
    type StreamMetricSpecStream = Answers<GetMetricSpecResponse>;

    async fn is_active(&self, request: Request<ScaledObjectRef>) -> Result<Response<IsActiveResponse>, Status> {
        let metadata = read(request.get_ref())?;
        let result = self.has_work(&metadata).map_err(|failure| status(&failure))?;
        Ok(Response::new(IsActiveResponse { result }))
    }

    /// Says at once whether the service has anything to do, and again when that changes. What is
    /// not known for a moment is not said.
    async fn stream_is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamIsActiveStream>, Status> {
        let metadata = read(request.get_ref())?;
        let scaler = self.clone();
        let changes = async_stream::stream! {
            let mut told = None;
            loop {
                let changed = scaler.has_work(&metadata).ok().filter(|now| told != Some(*now));
                if let Some(result) = changed {
                    told = changed;
                    yield Ok::<_, Status>(IsActiveResponse { result });
                }
                if scaler.stop.run_until_cancelled(tokio::time::sleep(LOOKED)).await.is_none() {
                    return;
                }
            }
        };
        Ok(Response::new(Box::pin(changes)))
    }

    async fn get_metric_spec(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<GetMetricSpecResponse>, Status> {
        let metadata = read(request.get_ref())?;
        // What a worker can do is known while it is not known who waits.
        let announced = || self.dispatcher.permits_of_one(metadata.service);
        let target = metadata.steps_per_replica.or_else(announced).unwrap_or(USUAL_STEPS);
        let spec = MetricSpec {
            metric_name: metric_name(metadata.service),
            target_size: whole(target).max(1),
            target_size_float: target,
        };
        Ok(Response::new(GetMetricSpecResponse { metric_specs: vec![spec] }))
    }

    async fn get_metrics(&self, request: Request<GetMetricsRequest>) -> Result<Response<GetMetricsResponse>, Status> {
        let request = request.into_inner();
        let metadata = read(&request.scaled_object_ref.unwrap_or_default())?;
        let name = metric_name(metadata.service);
        if !request.metric_name.ends_with(&name) {
            let message = format!("metricName: the metric of this service is {name}; ask GetMetricSpec for it");
            return Err(status(&Failure::invalid("metricName", message)));
        }
        let steps = self.steps(metadata.service).map_err(|failure| status(&failure))?;
        #[allow(clippy::cast_precision_loss, reason = "steps are far below 2^53")]
        let value = steps as f64;
        let value =
            MetricValue { metric_name: request.metric_name, metric_value: whole(value), metric_value_float: value };
        Ok(Response::new(GetMetricsResponse { metric_values: vec![value] }))
    }

    /// It is optional, and the target seldom changes: KEDA asks for it instead.
    async fn stream_metric_spec(
        &self,
        _: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamMetricSpecStream>, Status> {
        Err(Status::unimplemented("the target of a metric is not streamed; call GetMetricSpec"))
    }
}
