//! Secrets in protobuf, as Helm writes its releases. Every other kind comes as JSON.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::refusals::Refusal;

/// What a body in protobuf begins with.
pub(super) const MAGIC: &[u8] = b"k8s\0";

/// `k8s.io.apimachinery.pkg.runtime.Unknown`, the envelope.
#[derive(Clone, PartialEq, prost::Message)]
struct Envelope {
    #[prost(message, optional, tag = "1")]
    type_meta: Option<TypeMeta>,
    #[prost(bytes = "vec", tag = "2")]
    raw: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TypeMeta {
    #[prost(string, tag = "1")]
    api_version: String,
    #[prost(string, tag = "2")]
    kind: String,
}

/// `k8s.io.api.core.v1.Secret`
#[derive(Clone, PartialEq, prost::Message)]
struct Secret {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Meta>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    data: BTreeMap<String, Vec<u8>>,
    #[prost(string, tag = "3")]
    of_type: String,
}

/// `k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta`, what Helm fills of it.
#[derive(Clone, PartialEq, prost::Message)]
struct Meta {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "3")]
    namespace: String,
    #[prost(string, tag = "5")]
    uid: String,
    #[prost(string, tag = "6")]
    resource_version: String,
    #[prost(btree_map = "string, string", tag = "11")]
    labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "12")]
    annotations: BTreeMap<String, String>,
}

/// The Secret in a body that begins with [`MAGIC`], as JSON.
pub(super) fn secret(body: &[u8]) -> Result<Value, Refusal> {
    let unreadable = |error: prost::DecodeError| Refusal::bad(format!("the protobuf cannot be read: {error}"));
    let envelope = Envelope::decode(body.get(MAGIC.len()..).unwrap_or_default()).map_err(unreadable)?;
    let kind = envelope.type_meta.unwrap_or_default().kind;
    if kind != "Secret" {
        return Err(Refusal::unsupported(format!(
            "only Secrets are read in protobuf, and this is {kind:?}; send JSON"
        )));
    }
    let secret = Secret::decode(envelope.raw.as_slice()).map_err(unreadable)?;
    let meta = secret.metadata.unwrap_or_default();
    let data: Map<String, Value> =
        secret.data.into_iter().map(|(key, value)| (key, BASE64_STANDARD.encode(value).into())).collect();
    let mut metadata = json!({"name": meta.name, "labels": meta.labels, "annotations": meta.annotations});
    if let Some(fields) = metadata.as_object_mut() {
        let given = [("namespace", meta.namespace), ("uid", meta.uid), ("resourceVersion", meta.resource_version)];
        fields.extend(
            given.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.to_owned(), value.into())),
        );
    }
    Ok(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data, "type": secret.of_type}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(kind: &str) -> Vec<u8> {
        let meta = Meta {
            name: "sh.helm.release.v1.r.v1".to_owned(),
            resource_version: "7".to_owned(),
            labels: BTreeMap::from([("owner".to_owned(), "helm".to_owned())]),
            ..Meta::default()
        };
        let data = BTreeMap::from([("release".to_owned(), b"abc".to_vec())]);
        let secret = Secret { metadata: Some(meta), data, of_type: "helm.sh/release.v1".to_owned() };
        let type_meta = TypeMeta { api_version: "v1".to_owned(), kind: kind.to_owned() };
        let envelope = Envelope { type_meta: Some(type_meta), raw: secret.encode_to_vec() };
        [MAGIC, &envelope.encode_to_vec()].concat()
    }

    #[test]
    fn a_secret_in_protobuf_is_the_one_in_json() {
        let expected = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "sh.helm.release.v1.r.v1",
                "resourceVersion": "7",
                "labels": {"owner": "helm"},
                "annotations": {},
            },
            "data": {"release": "YWJj"},
            "type": "helm.sh/release.v1",
        });
        assert_eq!(secret(&body("Secret")).expect("a secret"), expected);
        assert_eq!(secret(&body("Pod")).expect_err("another kind").code, 415);
        assert_eq!(secret(b"k8s\0\xff\xff").expect_err("garbage").code, 400);
    }
}
