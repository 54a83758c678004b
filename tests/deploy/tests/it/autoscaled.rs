//! What an autoscaler has set is not taken back, and nothing is silently left out.

use std::collections::BTreeMap;

use lectern_deploy::{ELSEWHERE, Helm, NAMESPACE, of_kind, replicas, text};
use lectern_testkit::kubernetes::Kubernetes;
use serde_json::Value;

/// Who sets the replicas of each Deployment that something scales.
fn scaled(objects: &[Value]) -> BTreeMap<String, &'static str> {
    let mut scaled = BTreeMap::new();
    for kind in ["HorizontalPodAutoscaler", "ScaledObject"] {
        for scaler in of_kind(objects, kind) {
            let target = text(scaler, "/spec/scaleTargetRef/name").to_owned();
            assert!(scaled.insert(target.clone(), kind).is_none(), "{target} is scaled by two");
        }
    }
    scaled
}

fn replicas_of(cluster: &Kubernetes, names: &BTreeMap<String, &'static str>) -> Vec<u64> {
    let of = |name: &String| replicas(&cluster.object("Deployment", NAMESPACE, name).expect("a Deployment"));
    names.keys().map(of).collect()
}

#[test]
fn replicas_that_an_autoscaler_has_set_stay_in_upgrades_and_rollbacks() {
    for set in ["autoscaled", "production"] {
        let cluster = Kubernetes::start(&[NAMESPACE, ELSEWHERE]);
        let helm = Helm::on(&cluster);
        helm.install(set, &[]).succeeds();
        let scaled = scaled(&cluster.objects());
        assert_eq!(scaled.len(), 4, "{set}: the gateway and the stages: {scaled:?}");
        // An HPA writes through the controller manager, for KEDA's ScaledObjects too.
        for name in scaled.keys() {
            cluster.scale("Deployment", NAMESPACE, name, 7, "kube-controller-manager");
        }
        helm.upgrade(set, &["--set-string", "commonLabels.checked=second"]).succeeds();
        assert_eq!(replicas_of(&cluster, &scaled), [7; 4], "{set}: an upgrade");
        helm.rollback(1).succeeds();
        assert_eq!(replicas_of(&cluster, &scaled), [7; 4], "{set}: a rollback");
    }
}

/// Where nothing scales, a number that somebody has set by hand is a conflict that Helm tells of:
/// so the stand-in would have found replicas in the tests above.
#[test]
fn replicas_that_somebody_sets_by_hand_are_told_of() {
    let cluster = Kubernetes::start(&[NAMESPACE]);
    let helm = Helm::on(&cluster);
    helm.install("external-everything", &[]).succeeds();
    cluster.scale("Deployment", NAMESPACE, "lectern-tts", 7, "kubectl");
    let fought = helm.upgrade("external-everything", &["--set-string", "commonLabels.checked=second"]);
    fought.fails_with("spec.replicas");
}

#[test]
fn where_a_kind_is_not_installed_the_chart_says_so_and_installs_nothing() {
    for (set, group, kind) in [
        ("autoscaled", "keda.sh", "ScaledObject"),
        ("production", "monitoring.coreos.com", "PodMonitor"),
        ("production", "cert-manager.io", "Certificate"),
        ("tls", "gateway.networking.k8s.io", "BackendTLSPolicy"),
    ] {
        let cluster = Kubernetes::open(&[NAMESPACE], &[group]).expect("a cluster");
        Helm::on(&cluster).install(set, &[]).fails_with(kind);
        assert!(of_kind(&cluster.objects(), "Deployment").is_empty(), "{set} without {group}");
    }
}
