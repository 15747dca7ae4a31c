//! Where the workspace is, and how cargo is run in it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::arch::Arch;
use crate::profile::Profile;
use crate::supervise;

/// The folder of the workspace's `Cargo.toml`.
///
/// What cargo says when it runs a program goes before what it said when it built it: two clones may
/// share a target folder, and then one's program is the other's.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let running = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let built = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        running
            .iter()
            .find_map(|package| root_above(package))
            .unwrap_or_else(|| root_above(&built).unwrap_or(built))
    });
    &ROOT
}

fn root_above(package: &Path) -> Option<PathBuf> {
    let holds_workspace = |folder: &&Path| folder.join("xtask/Cargo.toml").is_file();
    package.ancestors().find(holds_workspace).map(Path::to_owned)
}

/// The folder cargo builds into, wherever environment or configuration put it.
pub fn target_dir() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output = cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_slice(&output)?;
    Ok(metadata.target_directory)
}

/// Where cargo keeps the sources of a dependency of the workspace in a folder.
pub fn dependency(folder: &Path, name: &str) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        manifest_path: PathBuf,
    }
    let manifest = folder.join("Cargo.toml").display().to_string();
    let output = cargo_output(&[
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--manifest-path",
        &manifest,
    ])?;
    let metadata: Metadata = serde_json::from_slice(&output)?;
    let package = metadata.packages.into_iter().find(|package| package.name == name);
    let sources = package.and_then(|package| package.manifest_path.parent().map(Path::to_owned));
    sources.with_context(|| format!("{} does not depend on {name}", folder.display()))
}

/// The folder of one architecture's package.
pub fn package_folder(arch: Arch, profile: Profile) -> Result<PathBuf> {
    Ok(target_dir()?.join(profile.folder()).join(arch.to_string()))
}

/// The output of a short cargo command about the workspace.
pub fn cargo_output(arguments: &[&str]) -> Result<Vec<u8>> {
    let mut cargo = Command::new(cargo_program());
    let output = cargo.args(arguments).current_dir(root()).output().context("cannot run cargo")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(output.stdout)
}

/// Cargo at the workspace's root, supervised.
pub fn cargo() -> Result<Command> {
    let mut command = supervise::command(cargo_program())?;
    command.current_dir(root());
    forget_own_package(&mut command);
    Ok(command)
}

/// Removes the variables that `cargo run` sets about its own package: build scripts that watch them
/// would run again, and everything after them would be rebuilt.
pub fn forget_own_package(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| describes_package(name)) {
        command.env_remove(name);
    }
}

fn describes_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name.as_ref())
}

/// The cargo that runs this, else the one on the `PATH`.
pub fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("xtask/Cargo.toml").is_file());
    }

    #[test]
    fn only_variables_about_a_package_are_removed() {
        for (name, removed) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_BIN_EXE_xtask", true),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_HOME", false),
            ("CARGO_LAMBDA_IGNORE_FILE", false),
        ] {
            assert_eq!(describes_package(OsStr::new(name)), removed, "{name}");
        }
    }
}
