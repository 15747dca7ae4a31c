//! Cargo's own programs, built from their sources.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{ToolsFolder, debian};
use crate::{out, workspace};

/// `cargo-deny`, built if need be.
pub fn cargo_deny() -> Result<PathBuf> {
    built("cargo-deny", "0.20.2")
}

/// `cargo-machete`, built if need be.
pub fn cargo_machete() -> Result<PathBuf> {
    built("cargo-machete", "0.9.2")
}

/// `cargo-fuzz`, built if need be, and the C++ compiler that it takes.
pub fn cargo_fuzz() -> Result<PathBuf> {
    if env::var_os("CXX").is_none() {
        debian::CXX.install()?;
    }
    built("cargo-fuzz", "0.13.2")
}

/// Builds a program of exactly this version from its locked dependencies into `<root>/bin`;
/// optimised a little alone: these programs run for seconds, and would take minutes longer to
/// build.
pub(super) fn build(program: &str, version: &str, root: &Path) -> Result<PathBuf> {
    let build = root.join("build");
    let status = Command::new(workspace::cargo_program())
        .args(["install", "--locked", program, "--version", version, "--root"])
        .arg(root)
        .arg("--target-dir")
        .arg(&build)
        .envs([
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
        ])
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "building {program} from source failed");
    fs::remove_dir_all(build).context("cannot clear up after the build")?;
    Ok(root.join("bin").join(program))
}

/// A program, built if need be. The version is part of the folder's name, and cargo puts the
/// program there when it is whole.
fn built(program: &str, version: &str) -> Result<PathBuf> {
    let tools = ToolsFolder::open(program)?;
    let root = tools.path.join(format!("{program}-{version}"));
    let built = root.join("bin").join(program);
    if built.is_file() {
        return Ok(built);
    }
    out::line(format!("Building {program} {version} from source, which takes minutes"))?;
    build(program, version, &root)
}
