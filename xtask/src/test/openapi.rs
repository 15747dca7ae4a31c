//! Checks of the OpenAPI documents by the programs of others.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use devkit::{supervise, tools, workspace};
use serde_json::{Map, Value};

use super::steps::{check, installed};
use super::{Outcome, breaking};

/// The documents by name, as they are committed.
pub(super) const DOCUMENTS: [&str; 5] =
    ["quave.yaml", "golem.yaml", "e24.yaml", "hub.yaml", "rollcall.yaml"];

fn folder() -> PathBuf {
    workspace::root().join("openapi")
}

/// The committed documents.
pub(super) fn documents() -> Result<Vec<Value>> {
    let document = |name| {
        let text = fs::read_to_string(folder().join(name))?;
        yaml_serde::from_str(&text).with_context(|| format!("cannot read {name}"))
    };
    DOCUMENTS.into_iter().map(document).collect()
}

/// A validator of the specification and a linter, which both must say nothing; and no change that
/// breaks clients goes unsaid. `redocly.yaml` beside the documents has the linter's rules.
pub(super) async fn run() -> Result<Outcome> {
    for tool in ["python", "openapi-linter"] {
        let installed = installed(tool).await?;
        if installed.failed() {
            return Ok(installed);
        }
    }
    let mut validator = supervise::command(tools::python_tools()?.join("openapi-spec-validator"))?;
    validator.args(["--schema", "3.1"]).args(DOCUMENTS);
    validator.current_dir(folder());
    let mut linter = supervise::command("node")?;
    linter.arg(tools::openapi_linter()?).arg("lint").current_dir(folder());
    linter.envs([("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")]);
    let mut outcome = check([validator, linter]).await?;
    outcome += breaking::check()?;
    Ok(outcome)
}

/// The members of an object; none of anything else.
pub(super) fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}

/// A part of a document, or what it refers to.
pub(super) fn resolved<'d>(document: &'d Value, part: &'d Value) -> &'d Value {
    let target = part["$ref"].as_str().and_then(|reference| document.pointer(reference.get(1..)?));
    target.unwrap_or(part)
}
