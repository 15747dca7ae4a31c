//! What checks the dependencies.

use std::path::PathBuf;

use anyhow::Result;

use super::{ToolsFolder, from_source};
use crate::out;

/// `cargo-deny`, built if need be.
pub fn cargo_deny() -> Result<PathBuf> {
    built("cargo-deny", "0.20.2")
}

/// `cargo-machete`, built if need be.
pub fn cargo_machete() -> Result<PathBuf> {
    built("cargo-machete", "0.9.2")
}

/// The version is part of the folder's name, and cargo puts the program there when it is whole.
fn built(program: &str, version: &str) -> Result<PathBuf> {
    let tools = ToolsFolder::open(program)?;
    let root = tools.path.join(format!("{program}-{version}"));
    let built = root.join("bin").join(program);
    if built.is_file() {
        return Ok(built);
    }
    out::line(format!("Building {program} {version} from source, which takes minutes"))?;
    from_source::build(program, version, &root)
}
