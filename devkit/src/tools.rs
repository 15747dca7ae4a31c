//! The project's pinned tools, installed below cargo's target folder on first use.

mod cargo_lambda;
mod debian;
mod from_source;
mod npm;
mod python;
mod targets;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

pub use cargo_lambda::cargo_lambda;
pub use debian::{ARM64_ROOT, QEMU, VALGRIND};
pub use from_source::{cargo_deny, cargo_fuzz, cargo_machete};
pub use npm::{
    cdk_nag, docs_browser, dynamodb_local, mail_checker, oauth_clients, openapi_linter, peer_node,
    typescript_clients,
};
pub use python::{authenticator, peer_python, python_tools, scanners};
pub use targets::targets;

use crate::supervise::{self, Supervised};
use crate::{out, workspace};

/// Install the pinned tools into the target folder, unless they are there
#[derive(Args)]
pub struct Options {
    /// Only this one
    only: Option<Tool>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// The device that tries passkeys in the tests
    Authenticator,
    /// Checks licences, duplicates, sources and advisories
    CargoDeny,
    /// Runs the functions on bad input; takes a C++ compiler
    CargoFuzz,
    /// Runs and builds Lambda functions
    CargoLambda,
    /// Finds dependencies that nothing uses
    CargoMachete,
    /// Holds the templates against AWS's rules; takes npm and node
    CdkNag,
    /// Opens pages in the tests; from Debian's packages, as root, unless it is there
    Chromium,
    /// The viewer of the documentation, to compare, and the checker of its pages; takes npm
    DocsBrowser,
    /// Amazon's own engine for tests; takes npm
    DynamodbLocal,
    /// Build golem's client; from Debian's packages, as root, unless they are there
    GolemCompilers,
    /// Checks the HTML of mails; takes npm and node
    MailChecker,
    /// The tests' OAuth clients; takes npm and node
    OauthClients,
    /// Checks the OpenAPI documents; takes npm and node
    OpenapiLinter,
    /// What the bench's peers in Node and Python take; takes npm and node
    Peers,
    /// The tests' Python tools, `sam` among them
    Python,
    /// Runs what is built for arm64; from Debian's packages, as root, unless it is there
    Qemu,
    /// Search the templates and the workflows for weaknesses
    Scanners,
    /// Rust's standard library for the architectures of a package, by rustup
    Targets,
    /// Makes clients of the OpenAPI documents in TypeScript; takes npm and node
    TypescriptClients,
    /// Counts instructions; from Debian's packages, as root, unless it is there
    Valgrind,
}

/// Prints where each tool is.
pub fn run(options: &Options) -> Result<()> {
    for tool in Tool::value_variants() {
        if options.only.is_none_or(|only| only == *tool) {
            out::line(format!("Using {}", tool.install()?))?;
        }
    }
    Ok(())
}

impl Tool {
    /// Where it is.
    fn install(self) -> Result<String> {
        Ok(match self {
            Self::Authenticator => {
                format!("the device for passkeys in {}", authenticator()?.display())
            }
            Self::CargoDeny => cargo_deny()?.display().to_string(),
            Self::CargoFuzz => cargo_fuzz()?.display().to_string(),
            Self::CargoLambda => cargo_lambda()?.display().to_string(),
            Self::CargoMachete => cargo_machete()?.display().to_string(),
            Self::CdkNag => format!("cdk-nag in {}", cdk_nag()?.display()),
            Self::Chromium => debian::CHROMIUM.install()?,
            Self::DocsBrowser => docs_browser()?.display().to_string(),
            Self::DynamodbLocal => format!("DynamoDB Local in {}", dynamodb_local()?.display()),
            Self::GolemCompilers => debian::GOLEM_COMPILERS.install()?,
            Self::MailChecker => format!("the checker of mails in {}", mail_checker()?.display()),
            Self::OauthClients => format!("OAuth clients in {}", oauth_clients()?.display()),
            Self::OpenapiLinter => openapi_linter()?.display().to_string(),
            Self::Peers => {
                format!("the peers in {} and {}", peer_node()?.display(), peer_python()?.display())
            }
            Self::Python => format!("the Python tools in {}", python_tools()?.display()),
            Self::Qemu => debian::EMULATOR.install()?,
            Self::Scanners => format!("the scanners in {}", scanners()?.display()),
            Self::Targets => targets()?,
            Self::TypescriptClients => {
                format!("clients in TypeScript in {}", typescript_clients()?.display())
            }
            Self::Valgrind => debian::INSTRUCTION_COUNTER.install()?,
        })
    }
}

/// How long an installation may take to end after a signal, in seconds: Debian's tools must not be
/// killed half way.
const GRACE_SECONDS: u32 = 120;

/// The installation of one tool as a guarded child, so that it ends with this process.
pub fn installation(tool: &str) -> Result<Command> {
    let mut command = supervise::command_with_grace(supervise::own_executable()?, GRACE_SECONDS)?;
    command.args(["tools", tool]);
    Ok(command)
}

/// Installs one tool, unless it is there, and lets be seen what that says.
pub async fn install(tool: &str) -> Result<()> {
    let status = Supervised::spawn(installation(tool)?)?.wait().await?;
    ensure!(status.success(), "{tool} cannot be had, see above");
    Ok(())
}

/// The folder of the tools, locked: only one process installs at a time.
struct ToolsFolder {
    path: PathBuf,
    _lock: File,
}

impl ToolsFolder {
    fn open(tool: &str) -> Result<Self> {
        let path = workspace::target_dir()?.join("tools");
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let lock = File::create(path.join(format!("{tool}.lock")))?;
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self { path, _lock: lock })
    }
}
