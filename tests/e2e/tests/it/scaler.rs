//! KEDA asks any of two gateways how much there is to do, and is told the same of all of it.

use std::collections::BTreeMap;
use std::time::Duration;

use lectern_e2e::{PATIENCE, Profile, chapters, of};
use lectern_proto::externalscaler::external_scaler_client::ExternalScalerClient;
use lectern_proto::externalscaler::{GetMetricsRequest, ScaledObjectRef};
use lectern_proto::v1::{DeletePauseRequest, Narration, Progress};
use tonic::transport::Channel;

use crate::operators::pause_of;

const GATEWAYS: [&str; 2] = ["gateway", "gateway-2"];
const NARRATIONS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn any_gateway_tells_keda_what_there_is_to_do_for_all_of_them() {
    Box::pin(asks_both()).await;
}

async fn asks_both() {
    let setup = Profile::Stack.setup().replica("gateway-2", "gateway");
    let mut instance = setup.env("gateway", "LECTERN_SCALER__LISTEN", "127.0.0.1:0").start().await;
    let (client, mut admin) = (instance.client(), instance.admin().admin());
    let mut keda = Vec::new();
    for gateway in GATEWAYS {
        let url = format!("http://{}", instance.logged_address(gateway, "scaler.listen"));
        keda.push(ExternalScalerClient::connect(url).await.expect("a connection"));
    }
    until(&mut keda, "tts", |steps| steps == 0.0).await;

    // Everything but speech is made, and what is paused asks for no workers.
    let pause = admin.create_pause(pause_of("services/tts", "a measurement")).await.expect("paused").into_inner();
    let mut narrations = Vec::new();
    for index in 0..NARRATIONS {
        let document = client.markdown(&format!("{}\n\nOrder {index}.", chapters(2, 60))).await;
        narrations.push(client.order(of(&document)).await.expect("an order").name);
    }
    for name in &narrations {
        let is_written = |narration: &Narration| narration.progress.as_ref().is_some_and(written);
        client.watch(name, is_written).await;
    }
    until(&mut keda, "ai", |steps| steps == 0.0).await;
    until(&mut keda, "tts", |steps| steps == 0.0).await;

    // A worker that stands still does nothing of what waits for it.
    tokio::task::block_in_place(|| instance.process("tts").suspend());
    let name = pause.pause.expect("a pause").name;
    admin.delete_pause(DeletePauseRequest { name, ..DeletePauseRequest::default() }).await.expect("resumed");
    until(&mut keda, "tts", |steps| steps >= 6.0).await;

    instance.process("tts").resume();
    for name in &narrations {
        client.finished(name).await;
    }
    until(&mut keda, "tts", |steps| steps == 0.0).await;
}

/// Whether the script is written, all of it.
fn written(progress: &Progress) -> bool {
    progress.section_count.is_some_and(|sections| progress.written_section_count == sections)
}

/// Asks all gateways until each says the same, and `is` of it.
async fn until(keda: &mut [ExternalScalerClient<Channel>], service: &str, is: impl Fn(f64) -> bool) {
    let mut told = Vec::new();
    let asked = async {
        loop {
            told.clear();
            for gateway in &mut *keda {
                told.push(ask(gateway, service).await);
            }
            if told.iter().all(|steps| steps.is_some_and(&is) && *steps == told[0]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    assert!(asked.is_ok(), "{service}: the gateways said {told:?} last");
}

/// What one gateway says; none while it reads who waits.
async fn ask(gateway: &mut ExternalScalerClient<Channel>, service: &str) -> Option<f64> {
    let scaler_metadata = BTreeMap::from([("service".to_owned(), service.to_owned())]);
    let object = ScaledObjectRef { scaler_metadata, ..ScaledObjectRef::default() };
    let active = gateway.is_active(object.clone()).await.ok()?.into_inner().result;
    let request =
        GetMetricsRequest { scaled_object_ref: Some(object), metric_name: format!("lectern-steps-{service}") };
    let values = gateway.get_metrics(request).await.ok()?.into_inner().metric_values;
    let steps = values.first().expect("a value").metric_value_float;
    // Between the two calls a step may begin or end.
    (active == (steps > 0.0)).then_some(steps)
}
