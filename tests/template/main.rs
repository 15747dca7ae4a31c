//! Agreement of `template.yaml`, the local routes and the events.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod creation;
mod deployed;
mod deployment;
mod docs;
mod events;
mod mail;
mod monitoring;
mod overrides;
mod pipeline;
mod recovery;
mod resources;
mod routes;
mod security;
mod stage;
mod sweeping;

use std::process::Command;

use devkit::tools::python_tools;
use serde_json::{Value, json};
use testkit::{printed, root};

/// cargo's metadata of the workspace's own packages.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Which of the texts a parameter with this `AllowedPattern` takes.
fn fit(pattern: &Value, texts: &[&str]) -> Vec<bool> {
    const PROGRAM: &str = "import json, re, sys; pattern, texts = json.load(sys.stdin); \
                           print(json.dumps([bool(re.search(pattern, own)) for own in texts]))";
    let mut python = Command::new(python_tools().unwrap().join("python"));
    let input = json!([pattern, texts]).to_string();
    serde_json::from_str(&printed(python.args(["-c", PROGRAM]), &input)).unwrap()
}
