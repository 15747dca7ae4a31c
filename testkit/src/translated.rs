//! What SAM makes of `template.yaml`, and how its tools are run.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use devkit::tools::python_tools;
use serde_json::Value;

use crate::root;

/// `template.yaml` as it stands.
pub fn source() -> String {
    fs::read_to_string(root().join("template.yaml")).expect("template.yaml")
}

/// What SAM makes of a template for these parameters.
pub fn translate(template: &str, parameters: &[&str]) -> Value {
    serde_json::from_str(&script("translate.py", parameters, template)).expect("a template")
}

/// What a script of the template's tests prints, given this on standard input.
pub fn script(name: &str, arguments: &[&str], input: &str) -> String {
    let mut python = Command::new(python_tools().expect("the Python tools").join("python"));
    python.arg(root().join("tests/template").join(name)).args(arguments);
    printed(&mut python, input)
}

/// What a program prints that must succeed, given this on standard input.
pub fn printed(program: &mut Command, input: &str) -> String {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("a program that starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    stdin.write_all(input.as_bytes()).expect("a program that reads");
    drop(stdin);
    let output = child.wait_with_output().expect("its output");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
