//! As KEDA asks: by its own client, over a listener of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use lectern_core::{Clock, SystemClock};
use lectern_proto::externalscaler::external_scaler_client::ExternalScalerClient;
use lectern_queue::ConnectOptions;
use lectern_rpc::{Serving, failure, serve_plain};
use lectern_store::Versioned;
use tonic::Code;
use tonic::service::Routes;
use tonic::transport::Channel;

use super::*;
use crate::domain::Narration;
use crate::testing::{Nobody, Parts, narrate, narration, write};

/// A gateway whose dispatcher does what it is told to, and KEDA.
struct World {
    parts: Parts,
    stop: CancellationToken,
    serving: Serving,
    keda: ExternalScalerClient<Channel>,
}

impl World {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let parts = Parts::new(Arc::new(Nobody), clock, ConnectOptions::default()).await;
        let stop = CancellationToken::new();
        let scaler = Scaler::new(parts.dispatcher.clone(), stop.clone());
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let serving = serve_plain("scaler.listen", anywhere, Routes::new(scaler.into_server()), stop.clone());
        let serving = serving.expect("a listener");
        let keda = ExternalScalerClient::connect(format!("http://{}", serving.addr)).await.expect("a connection");
        Self { parts, stop, serving, keda }
    }

    /// Has the dispatcher read who waits, and grant.
    async fn passes(&self) {
        for service in Service::ALL {
            while self.parts.dispatcher.demanded(service).is_none() {
                self.parts.dispatcher.pass(service).await.expect("a pass");
            }
            self.parts.dispatcher.pass(service).await.expect("a pass");
        }
    }

    /// Accepts a narration of which so many sections are ready to be recorded.
    async fn order(&self, sections: u32) -> Versioned<Narration> {
        let mut ordered = narration();
        narrate(&mut ordered, sections);
        (0..sections).for_each(|section| write(&mut ordered, section));
        let revision = self.parts.narrations.insert(&ordered).await.expect("inserted");
        let ordered = Versioned { record: ordered, revision };
        self.parts.dispatcher.schedule(&ordered);
        ordered
    }

    async fn metric(&mut self, of: ScaledObjectRef, name: &str) -> Result<MetricValue, Status> {
        let request = GetMetricsRequest { scaled_object_ref: Some(of), metric_name: name.to_owned() };
        let mut values = self.keda.get_metrics(request).await?.into_inner().metric_values;
        assert_eq!(values.len(), 1);
        Ok(values.remove(0))
    }
}

fn object(metadata: &[(&str, &str)]) -> ScaledObjectRef {
    let scaler_metadata: BTreeMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ScaledObjectRef { name: "workers".to_owned(), namespace: "lectern".to_owned(), scaler_metadata }
}

fn tts() -> ScaledObjectRef {
    object(&[("service", "tts"), ("scalerAddress", "gateway:7420")])
}

#[tokio::test]
async fn keda_learns_how_much_there_is_to_do_of_which_service() {
    let mut world = World::new().await;
    world.order(3).await;
    world.passes().await;
    let value = |name: &str, steps: u32| MetricValue {
        metric_name: name.to_owned(),
        metric_value: i64::from(steps),
        metric_value_float: f64::from(steps),
    };
    assert_eq!(world.metric(tts(), "lectern-steps-tts").await.expect("a value"), value("lectern-steps-tts", 3));
    let prefixed = world.metric(tts(), "s0-lectern-steps-tts").await.expect("a value");
    assert_eq!(prefixed, value("s0-lectern-steps-tts", 3), "as it was asked for");
    let ai = world.metric(object(&[("service", "ai")]), "lectern-steps-ai").await.expect("a value");
    assert_eq!(ai, value("lectern-steps-ai", 0));

    let mut active = async |of: ScaledObjectRef| world.keda.is_active(of).await.expect("an answer").into_inner().result;
    assert!(active(tts()).await);
    assert!(!active(object(&[("service", "ai")])).await, "it has nothing to do");
    assert!(active(object(&[("service", "tts"), ("activationSteps", "2")])).await);
    assert!(!active(object(&[("service", "tts"), ("activationSteps", "3")])).await, "too little");
}

#[tokio::test]
async fn the_target_is_what_the_trigger_says_or_the_workers_announce() {
    let mut world = World::new().await;
    let spec = async |world: &mut World, of: ScaledObjectRef| {
        let mut specs = world.keda.get_metric_spec(of).await.expect("a spec").into_inner().metric_specs;
        assert_eq!(specs.len(), 1);
        specs.remove(0)
    };
    let expected = |whole, target| MetricSpec {
        metric_name: "lectern-steps-tts".to_owned(),
        target_size: whole,
        target_size_float: target,
    };
    assert_eq!(spec(&mut world, tts()).await, expected(4, 4.0), "nobody was heard of");
    let announced =
        lectern_work::Capacity { service: Service::Tts, holder: "tts-1".to_owned(), permits: 6, open: vec![] };
    world.parts.dispatcher.workers().hear(&announced.encode(), SystemClock.now());
    assert_eq!(spec(&mut world, tts()).await, expected(6, 6.0));
    let said = object(&[("service", "tts"), ("stepsPerReplica", "0.25")]);
    assert_eq!(spec(&mut world, said).await, expected(1, 0.25));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_name_and_what_is_not_known_is_no_number() {
    let mut world = World::new().await;
    let early = world.metric(tts(), "lectern-steps-tts").await.expect_err("nothing was read");
    assert_eq!(early.code(), Code::Unavailable);
    let early = world.keda.is_active(tts()).await.expect_err("nothing was read");
    assert_eq!(early.code(), Code::Unavailable);
    world.passes().await;

    let field = |refused: &Status| {
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        failure(refused).field.unwrap_or_default()
    };
    let wrong = object(&[("service", "tts"), ("stepsPerReplicas", "4")]);
    assert_eq!(field(&world.metric(wrong.clone(), "lectern-steps-tts").await.expect_err("a key")), "stepsPerReplicas");
    assert_eq!(field(&world.keda.is_active(wrong.clone()).await.expect_err("a key")), "stepsPerReplicas");
    assert_eq!(field(&world.keda.get_metric_spec(wrong.clone()).await.expect_err("a key")), "stepsPerReplicas");
    assert_eq!(field(&world.keda.stream_is_active(wrong).await.expect_err("a key")), "stepsPerReplicas");
    assert_eq!(field(&world.metric(tts(), "lectern-steps-ai").await.expect_err("another's")), "metricName");
    let none = GetMetricsRequest { scaled_object_ref: None, metric_name: "lectern-steps-tts".to_owned() };
    assert_eq!(field(&world.keda.get_metrics(none).await.expect_err("no service")), "service");
    let optional = world.keda.stream_metric_spec(tts()).await.expect_err("it is not streamed");
    assert_eq!(optional.code(), Code::Unimplemented);
    let long = "x".repeat(MESSAGE);
    let large = object(&[("service", long.as_str())]);
    let large = world.keda.is_active(large).await.expect_err("too large");
    assert_eq!(large.code(), Code::OutOfRange, "{large}");
}

#[tokio::test]
async fn a_stream_tells_when_there_is_something_to_do_and_ends_with_the_process() {
    let mut world = World::new().await;
    world.passes().await;
    let mut stream = world.keda.stream_is_active(tts()).await.expect("a stream").into_inner();
    assert!(!stream.message().await.expect("an answer").expect("the first").result);
    world.order(1).await;
    world.passes().await;
    assert!(stream.message().await.expect("an answer").expect("a change").result);
    world.stop.cancel();
    assert!(matches!(stream.message().await, Ok(None)), "it ends");
    world.serving.ended().await.expect("an orderly end");
}
