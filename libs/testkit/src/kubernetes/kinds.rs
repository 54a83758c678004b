//! The kinds that it knows: those that the chart renders, and those that Helm and controllers use.

/// A kind of objects, and where it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// The group; empty for the core.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) plural: &'static str,
    pub(super) kind: &'static str,
    pub(super) is_namespaced: bool,
}

const fn in_namespace(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, version, plural, kind, is_namespaced: true }
}

const fn of_cluster(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, version, plural, kind, is_namespaced: false }
}

const CORE: &str = "";
const RBAC: &str = "rbac.authorization.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const MONITORING: &str = "monitoring.coreos.com";

/// All of them.
pub(super) const KINDS: &[Kind] = &[
    of_cluster(CORE, "v1", "Namespace", "namespaces"),
    in_namespace(CORE, "v1", "ConfigMap", "configmaps"),
    in_namespace(CORE, "v1", "Secret", "secrets"),
    in_namespace(CORE, "v1", "Service", "services"),
    in_namespace(CORE, "v1", "ServiceAccount", "serviceaccounts"),
    in_namespace(CORE, "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    in_namespace(CORE, "v1", "Pod", "pods"),
    in_namespace("apps", "v1", "Deployment", "deployments"),
    in_namespace("apps", "v1", "StatefulSet", "statefulsets"),
    in_namespace("apps", "v1", "ReplicaSet", "replicasets"),
    in_namespace("batch", "v1", "Job", "jobs"),
    in_namespace("batch", "v1", "CronJob", "cronjobs"),
    in_namespace("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    in_namespace("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    in_namespace("networking.k8s.io", "v1", "Ingress", "ingresses"),
    in_namespace("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    in_namespace(RBAC, "v1", "Role", "roles"),
    in_namespace(RBAC, "v1", "RoleBinding", "rolebindings"),
    of_cluster(RBAC, "v1", "ClusterRole", "clusterroles"),
    of_cluster(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings"),
    // Before Helm takes a kind for unknown, it asks for these.
    of_cluster("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"),
    in_namespace("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
    in_namespace("keda.sh", "v1alpha1", "TriggerAuthentication", "triggerauthentications"),
    in_namespace(MONITORING, "v1", "ServiceMonitor", "servicemonitors"),
    in_namespace(MONITORING, "v1", "PodMonitor", "podmonitors"),
    in_namespace(MONITORING, "v1", "PrometheusRule", "prometheusrules"),
    in_namespace(GATEWAY, "v1", "GRPCRoute", "grpcroutes"),
    in_namespace(GATEWAY, "v1", "BackendTLSPolicy", "backendtlspolicies"),
    in_namespace("cert-manager.io", "v1", "Certificate", "certificates"),
];

impl Kind {
    /// `v1`, `apps/v1`.
    pub(super) fn group_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The start of the paths of its objects: `/api/v1`, `/apis/apps/v1`.
    pub(super) fn root(&self) -> String {
        let parent = if self.group.is_empty() { "api" } else { "apis" };
        format!("/{parent}/{}", self.group_version())
    }

    /// As refusals call it: `Service`, `Deployment.apps`.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// As `not found` calls it: `services`, `deployments.apps`.
    pub(super) fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// The kind that is found under these names.
pub(super) fn of_path(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
}

/// The kind of this name.
pub(super) fn named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.kind == name)
}
