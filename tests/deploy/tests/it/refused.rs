//! An install that fails, names that are as long as they may be, and a namespace that is not there.

use lectern_deploy::{ELSEWHERE, Helm, NAMESPACE, id, of_kind, text};
use lectern_testkit::kubernetes::Kubernetes;

#[test]
fn an_install_whose_migration_fails_starts_no_pod_and_can_be_tried_again() {
    let cluster = Kubernetes::start(&[NAMESPACE]);
    let helm = Helm::on(&cluster);
    cluster.fail_next("Job", "lectern-migrate-ingest");
    helm.install("external-everything", &[]).fails_with("lectern-migrate-ingest");
    assert!(of_kind(&cluster.objects(), "Deployment").is_empty(), "pods start when the database is ready");
    let failed = cluster.object("Job", NAMESPACE, "lectern-migrate-ingest").expect("it stays for its log");
    assert_eq!(text(&failed, "/status/conditions/0/type"), "Failed");

    helm.upgrade("external-everything", &["--install"]).succeeds();
    let jobs: Vec<_> = of_kind(&cluster.objects(), "Job").into_iter().map(id).collect();
    assert!(jobs.is_empty(), "the one that failed makes room for the next: {jobs:?}");
}

#[test]
fn names_of_a_long_release_are_names_that_a_cluster_takes() {
    // The longest that Helm lets anybody choose.
    let release = "narrations-of-the-whole-company-in-its-second-attempt";
    assert_eq!(release.len(), 53);
    for set in ["production", "trial-services", "trial-single"] {
        let cluster = Kubernetes::start(&[NAMESPACE, ELSEWHERE]);
        let helm = Helm::with_release(&cluster, release);
        helm.install(set, &[]).succeeds();
        helm.test().succeeds();
        helm.uninstall().succeeds();
    }
}

#[test]
fn a_namespace_that_is_not_there_is_named() {
    let cluster = Kubernetes::start(&[NAMESPACE]);
    let refused = Helm::on(&cluster).install("private-registry", &[]);
    refused.fails_with(&format!("namespaces \"{ELSEWHERE}\" not found"));
}
