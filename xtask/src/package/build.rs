//! Building functions as `sam build` does.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use devkit::arch::Arch;
use devkit::profile::Profile;
use devkit::supervise::{self, Supervised};
use devkit::{tools, workspace};

/// The name that Lambda starts.
pub(crate) const BOOTSTRAP: &str = "bootstrap";

/// Builds these alone, so that they have their own features and not those of the whole workspace;
/// writes `<folder>/<binary>/bootstrap` for each.
pub(super) async fn build(
    binaries: &[&str],
    arch: Arch,
    profile: Profile,
    folder: &Path,
) -> Result<()> {
    let command = building(binaries, workspace::root(), arch, profile, folder)?;
    let status = Supervised::spawn(command)?.wait().await?;
    ensure!(status.success(), "{} cannot be built for {arch}, see above", binaries.join(", "));
    Ok(())
}

/// The command that builds functions of these sources.
pub(crate) fn building(
    binaries: &[&str],
    sources: &Path,
    arch: Arch,
    profile: Profile,
    folder: &Path,
) -> Result<Command> {
    let mut command = with_pinned_tools(tools::python_tools()?.join("cargo-lambda"))?;
    command.args(["lambda", "build", "--profile", profile.name(), "--locked", arch.option()]);
    for binary in binaries {
        command.args(["--package", binary, "--bin", binary]);
    }
    command.arg("--lambda-dir").arg(folder).current_dir(sources);
    Ok(command)
}

/// A guarded program that finds the pinned cargo-lambda and Zig before any other.
pub(crate) fn with_pinned_tools(program: impl AsRef<Path>) -> Result<Command> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let pinned = tools::python_tools()?;
    let path = env::join_paths([pinned].into_iter().chain(env::split_paths(&folders)))?;
    let mut command = supervise::command(program.as_ref())?;
    workspace::forget_own_package(&mut command);
    command.env("PATH", path);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_unwinds_in_a_package_since_the_manifest_overrides_cargo_lambda() {
        let manifest = std::fs::read_to_string(workspace::root().join("Cargo.toml")).unwrap();

        let manifest: toml::Table = manifest.parse().unwrap();
        assert_eq!(manifest["profile"]["release"]["panic"].as_str(), Some("unwind"));
    }
}
