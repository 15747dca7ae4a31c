//! The package for arm64: that `sam build` makes the same, that it runs, and that nothing in it has
//! grown.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::capture::capture;
use super::count::Count;
use super::lints;
use super::steps;
use crate::copy::Copy;
use crate::package::{self, BOOTSTRAP, with_pinned_tools};
use devkit::arch::Arch;
use devkit::profile::Profile;
use devkit::template::{Template, to_json};
use devkit::{supervise, tools, workspace};

/// Packages for the architecture that the template deploys.
async fn packaged(profile: Profile) -> Result<Outcome> {
    let mut command = supervise::command(supervise::own_executable()?)?;
    command.args(["package", "--arch", &Arch::Arm64.to_string()]);
    command.args(["--profile", profile.name()]);
    let mut outcome = steps::check([command]).await?;
    // Functions are built here with their own features alone, in which less is in use.
    if outcome.output.lines().any(lints::is_warning) {
        outcome.count = Count::one(false);
    }
    Ok(outcome)
}

/// Packages, and lets `sam` begin to deploy.
pub(super) async fn deployable(profile: Profile) -> Result<Outcome> {
    let mut outcome = packaged(profile).await?;
    if !outcome.failed() {
        outcome += deployed(profile).await?;
    }
    Ok(outcome)
}

/// The end-to-end tests over the package's programs, emulated.
pub(super) async fn emulated(profile: Profile) -> Result<Outcome> {
    let outcome = steps::installed("qemu").await?;
    if outcome.failed() {
        return Ok(outcome);
    }
    let outcome = packaged(profile).await?;
    if outcome.failed() {
        return Ok(outcome);
    }
    let mut tests = steps::emulation_tests()?;
    tests.env("ROLLCALL_PACKAGE", workspace::package_folder(Arch::Arm64, profile)?);
    steps::tests(tests).await
}

/// That nothing has grown by more than what goes unnoticed.
pub(super) async fn held_to_baseline() -> Result<Outcome> {
    let mut command = supervise::command(supervise::own_executable()?)?;
    command.arg("baseline");
    steps::check([command]).await
}

/// That the package of a release can be deployed, and is what other ways of building make.
pub(super) async fn same_by_sam() -> Result<Outcome> {
    let mut outcome = deployable(Profile::Release).await?;
    if !outcome.failed() {
        outcome += built_elsewhere().await?;
        outcome += built_by_sam().await?;
    }
    Ok(outcome)
}

/// Deploys as documented, up to where it would need a cloud.
async fn deployed(profile: Profile) -> Result<Outcome> {
    let mut sam = with_pinned_tools(tools::python_tools()?.join("sam"))?;
    sam.args(["deploy", "--config-env", "prod", "--no-confirm-changeset", "--template-file"]);
    sam.arg(workspace::package_folder(Arch::Arm64, profile)?.join("template.yaml"));
    sam.envs([("SAM_CLI_TELEMETRY", "0"), ("AWS_DEFAULT_REGION", "us-east-1")]);
    sam.envs([("AWS_ACCESS_KEY_ID", "none"), ("AWS_SECRET_ACCESS_KEY", "none")]);
    sam.envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_MAX_ATTEMPTS", "1")]);
    sam.current_dir(workspace::root());
    let ran = capture(sam).await?;
    let count = Count::one(ran.output.contains("Could not connect to the endpoint URL"));
    Ok(Outcome { count, output: ran.output })
}

/// One function once more, from other folders: no path of a machine is in it.
async fn built_elsewhere() -> Result<Outcome> {
    let function = "not-found";
    let elsewhere = workspace::target_dir()?.join("elsewhere");
    let (copy, folder) = (Copy::new(elsewhere.join("sources"))?, elsewhere.join("built"));
    let mut command =
        package::building(&[function], copy.folder(), Arch::Arm64, Profile::Release, &folder)?;
    command.env("CARGO_TARGET_DIR", elsewhere.join("target"));
    let mut outcome = steps::check([command]).await?;
    if !outcome.failed() {
        let place = Path::new(function).join(BOOTSTRAP);
        let ours = read(&workspace::package_folder(Arch::Arm64, Profile::Release)?.join(&place))?;
        outcome += compared("not-found's bootstrap", &ours, &read(&folder.join(&place))?);
    }
    Ok(outcome)
}

/// Lets the real `sam build` run, and compares: each program counts as one, and so does the
/// template.
async fn built_by_sam() -> Result<Outcome> {
    let built = workspace::target_dir()?.join("sam-build/build");
    let mut outcome = steps::check([sam_build(&built)?]).await?;
    if outcome.failed() {
        return Ok(outcome);
    }
    let package = workspace::package_folder(Arch::Arm64, Profile::Release)?;
    let template = Template::load()?;
    for function in template.functions() {
        let ours = read(&package.join(&function.binary).join(BOOTSTRAP))?;
        let sams = read(&built.join(&function.logical_id).join(BOOTSTRAP))?;
        outcome += compared(&format!("{}'s bootstrap", function.binary), &ours, &sams);
    }
    let (ours, mut sams) = (data(&package)?, data(&built)?);
    forget_what_sam_notes(&mut sams, &template);
    outcome += reported(difference("", Some(&ours), Some(&sams)));
    Ok(outcome)
}

/// As `samconfig.toml` has it, into a folder of its own.
fn sam_build(folder: &Path) -> Result<Command> {
    let mut sam = with_pinned_tools(tools::python_tools()?.join("sam"))?;
    sam.arg("build").arg("--build-dir").arg(folder);
    sam.envs([("SAM_CLI_TELEMETRY", "0"), ("AWS_DEFAULT_REGION", "us-east-1")]);
    sam.current_dir(workspace::root());
    Ok(sam)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn data(folder: &Path) -> Result<Value> {
    to_json(yaml_serde::from_slice(&read(&folder.join("template.yaml"))?)?)
}

fn compared(what: &str, ours: &[u8], other: &[u8]) -> Outcome {
    reported((ours != other).then(|| format!("{what} is not what another way of building makes")))
}

fn reported(difference: Option<String>) -> Outcome {
    let count = Count::one(difference.is_none());
    let output = difference.map(|difference| format!("error: {difference}\n"));
    Outcome { count, output: output.unwrap_or_default() }
}

/// Where two templates differ first, and how.
fn difference(place: &str, ours: Option<&Value>, sams: Option<&Value>) -> Option<String> {
    if let (Some(Value::Object(own)), Some(Value::Object(other))) = (ours, sams) {
        let names = own.keys().chain(other.keys().filter(|name| !own.contains_key(*name)));
        let inside =
            |name: &String| difference(&format!("{place}/{name}"), own.get(name), other.get(name));
        return names.into_iter().find_map(inside);
    }
    (ours != sams).then(|| format!("the template has at {place} {ours:?}, and sam's has {sams:?}"))
}

/// Sam names folders after resources, and writes into each resource what it is called.
fn forget_what_sam_notes(template: &mut Value, source: &Template) {
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let metadata = resource.get_mut("Metadata").and_then(Value::as_object_mut);
        let Some(metadata) = metadata else { continue };
        metadata.remove("SamResourceId");
        if metadata.is_empty() {
            resource.as_object_mut().map(|resource| resource.remove("Metadata"));
        }
    }
    for function in source.functions() {
        let code = &mut template["Resources"][&function.logical_id]["Properties"]["CodeUri"];
        if *code == json!(function.logical_id) {
            *code = json!(function.binary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_reported_also_after_the_end_of_one_side() {
        let (ours, sams) = (json!({ "a": { "b": 1, "c": null } }), json!({ "a": { "b": 1 } }));

        assert_eq!(difference("", Some(&ours), Some(&ours)), None);
        let reported = difference("", Some(&ours), Some(&sams)).unwrap();
        assert!(reported.contains("at /a/c"), "{reported}");
    }

    #[test]
    fn what_sam_notes_is_no_difference() {
        let source = Template::load().unwrap();
        let template: Value = to_json(yaml_serde::from_str(&source_text()).unwrap()).unwrap();
        let mut noted = template.clone();
        for resource in noted["Resources"].as_object_mut().unwrap().values_mut() {
            if resource.get("Metadata").is_none() {
                resource["Metadata"] = json!({ "SamResourceId": "X" });
            }
        }

        forget_what_sam_notes(&mut noted, &source);

        assert_eq!(difference("", Some(&template), Some(&noted)), None);
    }

    fn source_text() -> String {
        fs::read_to_string(workspace::root().join("template.yaml")).unwrap()
    }
}
