//! The package for arm64, and that `sam build` makes the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::count::Count;
use super::steps;
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

/// Lets the real `sam build` run, and compares: each program counts as one, and so does the template.
pub(super) async fn same_by_sam() -> Result<Outcome> {
    let outcome = packaged().await?;
    if outcome.failed() {
        return Ok(outcome);
    }
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
            "error: {what} differs from sam build's
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
