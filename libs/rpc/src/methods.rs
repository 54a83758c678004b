//! The methods that a server has, by its descriptors. Callers may ask for as many others as they
//! can make up, so those have one name in metrics.

use std::collections::HashSet;

use lectern_core::Failure;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// Methods as they are called: `lectern.v1.NarrationService/CreateNarration`.
#[derive(Debug, Default)]
pub(crate) struct Methods(HashSet<String>);

impl Methods {
    /// The methods of those of the services in `descriptors` that are `served`.
    ///
    /// # Errors
    /// `INTERNAL` for descriptors that cannot be read.
    pub(crate) fn of(served: &[&str], descriptors: &[&[u8]]) -> Result<Self, Failure> {
        let mut methods = HashSet::new();
        for set in descriptors {
            let set = FileDescriptorSet::decode(*set)
                .map_err(|error| Failure::internal(format!("the descriptors of a service: {error}")))?;
            for file in &set.file {
                for service in &file.service {
                    let name = format!("{}.{}", file.package(), service.name());
                    if served.contains(&name.as_str()) {
                        methods.extend(service.method.iter().map(|method| format!("{name}/{}", method.name())));
                    }
                }
            }
        }
        Ok(Self(methods))
    }

    /// Whether there is this one.
    pub(crate) fn has(&self, method: &str) -> bool {
        self.0.contains(method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_by_descriptors_and_only_of_what_is_served() {
        let set: &[u8] = tonic_health::pb::FILE_DESCRIPTOR_SET;
        let methods = Methods::of(&["grpc.health.v1.Health"], &[set]).unwrap();
        assert!(methods.has("grpc.health.v1.Health/Check") && methods.has("grpc.health.v1.Health/Watch"));
        for other in ["grpc.health.v1.Health/Heal", "grpc.health.v1.Health", "", "Check"] {
            assert!(!methods.has(other), "{other}");
        }
        assert!(!Methods::of(&[], &[set]).unwrap().has("grpc.health.v1.Health/Check"));
        assert!(Methods::of(&[], &[b"\xff"]).is_err());
    }
}
