//! The software bill of materials of one function, in `CycloneDX` 1.5.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use cyclonedx_bom::external_models::spdx::SpdxExpression;
use cyclonedx_bom::external_models::uri::Purl;
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::prelude::{Bom, SpecVersion, Validate};
use serde::Deserialize;

use super::tree::{Crate, Tree};
use devkit::arch::Arch;
use devkit::workspace;

/// The bill of a function as JSON. It holds neither the time nor a serial number nor a path, so
/// that the same sources give the same bill everywhere.
pub(super) fn sbom(package: &str, arch: Arch) -> Result<Vec<u8>> {
    let tree = Tree::for_package(package, arch)?;
    let bom = bill(&tree, &Facts::read(arch)?)?;
    let validation = bom.validate_version(SpecVersion::V1_5);
    ensure!(validation.passed(), "the bill of {package} is not valid: {validation:?}");
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json)?;
    Ok(json)
}

fn bill(tree: &Tree, facts: &Facts) -> Result<Bom> {
    let libraries = tree.needs.keys().filter(|krate| **krate != tree.root);
    let libraries = libraries.map(|krate| facts.component(krate, Classification::Library));
    let dependencies = tree.needs.iter().map(|(krate, needs)| Dependency {
        dependency_ref: reference(krate),
        dependencies: needs.iter().map(reference).collect(),
    });
    let metadata = Metadata {
        component: Some(facts.component(&tree.root, Classification::Application)?),
        ..Metadata::default()
    };
    Ok(Bom {
        serial_number: None,
        metadata: Some(metadata),
        components: Some(Components(libraries.collect::<Result<_>>()?)),
        dependencies: Some(Dependencies(dependencies.collect())),
        ..Bom::default()
    })
}

fn reference(krate: &Crate) -> String {
    format!("{}@{}", krate.name, krate.version)
}

/// What the tree does not say about a crate.
struct Facts {
    licences: BTreeMap<Crate, String>,
    /// Only what comes from the registry has one.
    checksums: BTreeMap<Crate, String>,
}

impl Facts {
    fn read(arch: Arch) -> Result<Self> {
        let file = workspace::root().join("Cargo.lock");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let locked: Packages = toml::from_str(&text)?;
        let metadata = ["metadata", "--locked", "--format-version", "1", "--filter-platform"];
        let response = workspace::cargo_output(&[&metadata[..], &[arch.target()]].concat())?;
        let known: Packages = serde_json::from_slice(&response)?;
        Ok(Self {
            licences: known.collect(|package| package.license),
            checksums: locked.collect(|package| package.checksum),
        })
    }

    fn component(&self, krate: &Crate, kind: Classification) -> Result<Component> {
        let Crate { name, version } = krate;
        let mut component = Component::new(kind, name, version, Some(reference(krate)));
        component.licenses = self
            .licences
            .get(krate)
            .map(|licence| {
                anyhow::Ok(Licenses(vec![LicenseChoice::Expression(expression(licence)?)]))
            })
            .transpose()
            .with_context(|| format!("the licence of {name}"))?;
        if let Some(checksum) = self.checksums.get(krate) {
            let content = HashValue(checksum.clone());
            component.hashes = Some(Hashes(vec![Hash { alg: HashAlgorithm::SHA_256, content }]));
            component.purl = Some(Purl::new("cargo", name, version)?);
        }
        Ok(component)
    }
}

/// Older manifests have `MIT/Apache-2.0`, which means `MIT OR Apache-2.0`.
fn expression(licence: &str) -> Result<SpdxExpression> {
    Ok(SpdxExpression::parse_lax(licence.to_owned())?)
}

/// `Cargo.lock` and the response of `cargo metadata`, as far as they agree in form.
#[derive(Deserialize)]
struct Packages {
    #[serde(alias = "package")]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    checksum: Option<String>,
}

impl Packages {
    fn collect(self, fact: impl Fn(Package) -> Option<String>) -> BTreeMap<Crate, String> {
        let known = self.packages.into_iter().filter_map(|package| {
            let krate = Crate { name: package.name.clone(), version: package.version.clone() };
            Some((krate, fact(package)?))
        });
        known.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_bill_lists_exactly_the_crates_that_are_in_the_function() {
        let bill = json("hub-oauth");
        let names = names(&bill);

        for inside in ["shared", "aws-sdk-dynamodb", "maud", "ring", "tokio"] {
            assert!(names.contains(inside), "{inside} is missing");
        }
        // A proc macro, a build script's tool, another function's libraries, and what tests use.
        for outside in
            ["serde_derive", "cc", "argon2", "crypto_box", "fantoccini", "dynoxide-rs", "hub-oauth"]
        {
            assert!(!names.contains(outside), "{outside} is listed");
        }
        assert_eq!(bill["metadata"]["component"]["name"], "hub-oauth");
    }

    #[test]
    fn a_function_without_a_table_is_billed_without_the_sdk() {
        let bill = json("not-found");

        assert!(names(&bill).contains("shared"));
        assert!(!names(&bill).contains("aws-sdk-dynamodb"));
    }

    #[test]
    fn every_component_has_its_licence_and_what_was_downloaded_its_checksum() {
        for component in json("hub-oauth")["components"].as_array().unwrap() {
            assert!(component["licenses"][0]["expression"].is_string(), "{component}");
            let downloaded = component["name"] != "shared";
            assert_eq!(component["hashes"][0]["content"].is_string(), downloaded, "{component}");
            assert_eq!(component["purl"].is_string(), downloaded, "{component}");
        }
    }

    #[test]
    fn a_bill_is_reproducible_and_contains_no_path() {
        let bill = sbom("not-found", Arch::Arm64).unwrap();

        assert_eq!(sbom("not-found", Arch::Arm64).unwrap(), bill);
        let text = String::from_utf8(bill).unwrap();
        for machine in [workspace::root().to_str().unwrap(), "file:", "timestamp", "serialNumber"] {
            assert!(!text.contains(machine), "{machine}");
        }
    }

    fn json(package: &str) -> Value {
        serde_json::from_slice(&sbom(package, Arch::Arm64).unwrap()).unwrap()
    }

    fn names(bill: &Value) -> BTreeSet<&str> {
        let components = bill["components"].as_array().unwrap();
        components.iter().map(|component| component["name"].as_str().unwrap()).collect()
    }
}
