//! A suspended tenant: its calls are refused, none of its steps is started, and nothing is lost.

use std::time::Duration;

use lectern_e2e::{Client, PATIENCE, Profile, of, refusal, spoken};
use lectern_proto::v1::{self as api, narration::State, tenant};
use tonic::{Code, Status};

use crate::operators::pause_of;

/// By then a suspension holds everywhere.
const EVERYWHERE: Duration = Duration::from_secs(30);
const TENANT: &str = "tenants/globex";

/// The first refusal of the tenant's calls, or none from when on they are answered.
async fn until(client: &Client, refused: bool) -> Option<Status> {
    let asked = async {
        loop {
            let request = api::ListNarrationsRequest::default();
            let answer = client.narrations().list_narrations(request).await.err();
            if answer.is_some() == refused {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("calls are refused: {}", !refused))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_makes_no_call_and_starts_no_step_and_goes_on_when_it_is_resumed() {
    let instance = Profile::Stack.setup().start().await;
    let (mut admin, mut tenants) = (instance.admin().admin(), instance.admin().tenants());
    let client = instance.tenant("globex").await;
    // The script is written, and its recording waits.
    let create = pause_of("services/tts", "until the tenant is suspended");
    let pause = admin.create_pause(create).await.expect("paused").into_inner().pause.expect("a pause");
    // Every replica knows within two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let document = client.markdown("# Weather\n\nThe morning was clear and quiet.").await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.written_section_count > 0)).await;

    let suspend = api::SuspendTenantRequest { name: TENANT.to_owned() };
    let suspended = tenants.suspend_tenant(suspend.clone()).await.expect("suspended").into_inner().tenant;
    let suspended = suspended.expect("the tenant");
    assert_eq!((suspended.name.as_str(), suspended.state()), (TENANT, tenant::State::Suspended));
    let again = tenants.suspend_tenant(suspend).await.expect("again").into_inner().tenant;
    assert_eq!(again, Some(suspended), "suspending it again changes nothing");

    let status = until(&client, true).await.expect("a refusal");
    let refused = refusal(&status);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "TENANT_SUSPENDED"), "{refused:?}");
    // Its keys are refused, also one that is made now; those of other tenants are not.
    let other_key = instance.tenant("globex").await;
    let status = until(&other_key, true).await.expect("a refusal");
    assert_eq!(refusal(&status).reason, "TENANT_SUSPENDED");
    assert_eq!(until(&instance.client(), false).await.map(|status| status.code()), None);

    // The stage has room and works for others; for the suspended tenant it starts nothing.
    tokio::time::sleep(EVERYWHERE).await;
    admin.delete_pause(api::DeletePauseRequest { name: pause.name, ..Default::default() }).await.expect("resumed");
    let usual = instance.client();
    usual.narrate(of(&usual.markdown("# News\n\nSomebody else is heard.").await)).await;
    let of_others = spoken(&instance.speech_log()).len();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(spoken(&instance.speech_log()).len(), of_others, "nothing of the suspended tenant is spoken");
    let backlog = admin.get_backlog(api::GetBacklogRequest {}).await.expect("a backlog").into_inner();
    assert!(backlog.stages.iter().all(|stage| stage.granted_step_count == 0), "{backlog:?}");

    let resume = api::ResumeTenantRequest { name: TENANT.to_owned() };
    let resumed = tenants.resume_tenant(resume.clone()).await.expect("resumed").into_inner().tenant;
    assert_eq!(resumed.map(|tenant| tenant.state()), Some(tenant::State::Active));
    tenants.resume_tenant(resume).await.expect("resuming what is not suspended changes nothing");
    assert!(until(&client, false).await.is_none());
    let finished = client.finished(&name).await;
    assert_eq!((finished.state(), finished.run), (State::Succeeded, 1), "as after a pause");
    assert!(spoken(&instance.speech_log()).len() > of_others);

    let nobody = api::SuspendTenantRequest { name: "tenants/nobody".to_owned() };
    let refused = refusal(&tenants.suspend_tenant(nobody).await.expect_err("there is none"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
}
