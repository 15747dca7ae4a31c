//! The package for arm64, and that `sam build` makes the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::capture::capture;
use super::count::Count;
use super::steps;
use crate::copy::Copy;
use crate::package::{self, Arch, BOOTSTRAP, with_pinned_tools};
use crate::template::{Template, to_json};
use crate::{guard, tools, workspace};

/// Packages for the architecture that the template deploys.
pub(super) async fn packaged() -> Result<Outcome> {
    let mut command = guard::command(guard::own_executable()?)?;
    command.args(["package", "--arch", &Arch::Arm64.to_string()]);
    steps::check([command]).await
}

/// The end-to-end tests over the package's programs, emulated.
pub(super) async fn emulated() -> Result<Outcome> {
    let outcome = steps::installed("qemu").await?;
    if outcome.failed() {
        return Ok(outcome);
    }
    let outcome = packaged().await?;
    if outcome.failed() {
        return Ok(outcome);
    }
    let mut tests = steps::emulation_tests()?;
    tests.env("ROLLCALL_PACKAGE", package::folder(Arch::Arm64)?);
    steps::tests(tests).await
}

/// That the package can be deployed, and is what other ways of building make.
pub(super) async fn same_by_sam() -> Result<Outcome> {
    let mut outcome = packaged().await?;
    if !outcome.failed() {
        outcome = deployed().await?;
        outcome += built_elsewhere().await?;
        outcome += built_by_sam().await?;
    }
    Ok(outcome)
}

/// Deploys as documented, up to where it would need a cloud.
async fn deployed() -> Result<Outcome> {
    let mut sam = with_pinned_tools(tools::python_tools()?.join("sam"))?;
    sam.args(["deploy", "--config-env", "prod", "--no-confirm-changeset", "--template-file"]);
    sam.arg(package::folder(Arch::Arm64)?.join("template.yaml"));
    sam.envs([("SAM_CLI_TELEMETRY", "0"), ("AWS_DEFAULT_REGION", "us-east-1")]);
    sam.envs([("AWS_ACCESS_KEY_ID", "none"), ("AWS_SECRET_ACCESS_KEY", "none")]);
    sam.envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_MAX_ATTEMPTS", "1")]);
    sam.current_dir(workspace::root());
    let ran = capture(sam).await?;
    let count = Count::of(ran.output.contains("Could not connect to the endpoint URL"));
    Ok(Outcome { count, output: ran.output })
}

/// One function once more, from other folders: no path of a machine is in it.
async fn built_elsewhere() -> Result<Outcome> {
    let function = "not-found";
    let elsewhere = workspace::target_dir()?.join("elsewhere");
    let (copy, folder) = (Copy::new(elsewhere.join("sources"))?, elsewhere.join("built"));
    let mut command = package::building(&[function], copy.folder(), Arch::Arm64, &folder)?;
    command.env("CARGO_TARGET_DIR", elsewhere.join("target"));
    let mut outcome = steps::check([command]).await?;
    if !outcome.failed() {
        let place = Path::new(function).join(BOOTSTRAP);
        let ours = read(&package::folder(Arch::Arm64)?.join(&place))?;
        outcome += compared("not-found's bootstrap", &ours, &read(&folder.join(&place))?);
    }
    Ok(outcome)
}

/// Lets the real `sam build` run, and compares: each program counts as one, and so does the template.
async fn built_by_sam() -> Result<Outcome> {
    let built = workspace::target_dir()?.join("sam-build/build");
    let mut outcome = steps::check([sam_build(&built)?]).await?;
    if outcome.failed() {
        return Ok(outcome);
    }
    let package = package::folder(Arch::Arm64)?;
    let template = Template::load()?;
    for function in template.functions() {
        let ours = read(&package.join(&function.binary).join(BOOTSTRAP))?;
        let sams = read(&built.join(&function.logical_id).join(BOOTSTRAP))?;
        outcome += compared(&format!("{}'s bootstrap", function.binary), &ours, &sams);
    }
    let (ours, mut sams) = (data(&package)?, data(&built)?);
    forget_what_sam_notes(&mut sams, &template);
    outcome += compared("the template", &ours, &sams);
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

fn compared<T: PartialEq>(what: &str, ours: &T, sams: &T) -> Outcome {
    let equal = ours == sams;
    let difference = (!equal).then(|| {
        format!(
            "error: {what} is not what another way of building makes
"
        )
    });
    Outcome { count: Count::of(equal), output: difference.unwrap_or_default() }
}

/// Sam names folders after resources, and writes into each resource what it is called.
fn forget_what_sam_notes(template: &mut Value, source: &Template) {
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let Some(metadata) = resource["Metadata"].as_object_mut() else { continue };
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
