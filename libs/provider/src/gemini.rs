//! Where Gemini's models are: the Developer API, and the hosts of Agent Platform.

use crate::prices::Place;

/// The version of the Enterprise API that takes a token to go on.
pub const GOES_ON: &str = "v1beta1";

/// Which of the hosts, and what of a path follows from that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// The Developer API.
    Developer,
    /// The Enterprise API of a project.
    Enterprise {
        /// The project's id.
        project: String,
        /// `global`, a region, or `us` or `eu` for several.
        location: String,
    },
}

impl Host {
    /// The host of a project at a location, or the Developer API where there is no project.
    #[must_use]
    pub fn of(project: &str, location: &str) -> Self {
        if project.is_empty() {
            Self::Developer
        } else {
            Self::Enterprise { project: project.to_owned(), location: location.to_owned() }
        }
    }

    /// Where a model is served, which decides what it costs.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Developer => Place::Global,
            Self::Enterprise { location, .. } if location.is_empty() || location == "global" => Place::Global,
            Self::Enterprise { .. } => Place::Regional,
        }
    }

    /// The address of the provider's own host.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Developer => "https://generativelanguage.googleapis.com".to_owned(),
            Self::Enterprise { location, .. } => match location.as_str() {
                "" | "global" => "https://aiplatform.googleapis.com".to_owned(),
                "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
                region => format!("https://{region}-aiplatform.googleapis.com"),
            },
        }
    }

    /// The version of the API that is called unless the settings have another.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        match self {
            Self::Developer => "v1",
            Self::Enterprise { .. } => GOES_ON,
        }
    }

    /// The path of a model's method.
    #[must_use]
    pub fn path(&self, version: &str, model: &str, method: &str) -> String {
        match self {
            Self::Developer => format!("{version}/models/{model}:{method}"),
            Self::Enterprise { project, location } => {
                let location = if location.is_empty() { "global" } else { location };
                format!("{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:{method}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_its_address_its_path_and_its_price() {
        for (host, address, path, place) in [
            (
                Host::of("", "europe-west4"),
                "https://generativelanguage.googleapis.com",
                "v1/models/m:generateContent",
                Place::Global,
            ),
            (
                Host::of("p", ""),
                "https://aiplatform.googleapis.com",
                "v1beta1/projects/p/locations/global/publishers/google/models/m:generateContent",
                Place::Global,
            ),
            (
                Host::of("p", "eu"),
                "https://aiplatform.eu.rep.googleapis.com",
                "v1beta1/projects/p/locations/eu/publishers/google/models/m:generateContent",
                Place::Regional,
            ),
            (
                Host::of("p", "europe-west4"),
                "https://europe-west4-aiplatform.googleapis.com",
                "v1beta1/projects/p/locations/europe-west4/publishers/google/models/m:generateContent",
                Place::Regional,
            ),
        ] {
            assert_eq!(host.address(), address);
            assert_eq!(host.path(host.version(), "m", "generateContent"), path);
            assert_eq!(host.place(), place, "{address}");
        }
    }
}
