//! How the command reaches a table: credentials and region as the AWS CLI finds them, or what
//! `cargo xtask dev` says of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use clap::Args;
use serde::Deserialize;
use shared::model::ParseError;
use shared::table::{Connection, Table};

/// Where `cargo xtask dev` describes itself, below the workspace.
const STATE_DIR: &str = "target/dev";

/// The options that lead to a table, and how errors name them.
const OPTIONS: [(&str, &str); 3] = [TABLE, ENDPOINT_URL, LOCAL];
const TABLE: (&str, &str) = ("--table", "--table <NAME>");
const ENDPOINT_URL: (&str, &str) = ("--endpoint-url", "--endpoint-url <URL>");
const LOCAL: (&str, &str) = ("--local", "--local[=<DIR>]");

/// Which table. Credentials and region come from the environment, a profile or SSO, as with the AWS
/// CLI.
#[derive(Args)]
pub(super) struct TableOptions {
    /// The table's name, which every command needs that works on a table
    #[arg(long, value_name = "NAME", global = true, value_parser = table_name)]
    table: Option<String>,
    /// Where DynamoDB is, if not at AWS
    #[arg(long, value_name = "URL", global = true)]
    endpoint_url: Option<String>,
    /// The table of a running `cargo xtask dev`, which needs no credentials; DIR is its
    /// `--state-dir`
    #[arg(long, value_name = "DIR", global = true, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = STATE_DIR, conflicts_with_all = ["table", "endpoint_url"])]
    local: Option<PathBuf>,
}

/// A name that DynamoDB takes, or the ARN of a table.
pub(super) fn table_name(raw: &str) -> Result<String, ParseError> {
    let has_only = |others: &str| {
        raw.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
    };
    let is_name = (3..=255).contains(&raw.len()) && has_only("_.-");
    let is_arn = raw.starts_with("arn:") && raw.contains(":table/") && has_only("_.-:/");
    if is_name || is_arn {
        return Ok(raw.to_owned());
    }
    Err(ParseError::new("must be the name of a table: 3 to 255 letters, digits, `_`, `.` and `-`"))
}

/// What contradicts itself in the options of these arguments, of which the parser takes each. It
/// compares those before a command with each other and those after it, but not the ones with the
/// others.
pub(super) fn contradiction(arguments: &[OsString]) -> Option<String> {
    let count = |(option, _): (&str, &str)| {
        let is_it = |argument: &&OsString| {
            let rest = argument.as_encoded_bytes().strip_prefix(option.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
        };
        // No option takes a value that begins with dashes.
        arguments.iter().take_while(|argument| *argument != "--").filter(is_it).count()
    };
    if let Some((_, twice)) = OPTIONS.into_iter().find(|option| count(*option) > 1) {
        return Some(format!("the argument '{twice}' cannot be used multiple times"));
    }
    let is_given = |option: &(&str, &str)| count(*option) > 0;
    let (_, other) =
        [TABLE, ENDPOINT_URL].into_iter().find(is_given).filter(|_| is_given(&LOCAL))?;
    Some(format!("the argument '{}' cannot be used with '{other}'", LOCAL.1))
}

/// What of `dev.json` leads to its table.
#[derive(Deserialize)]
struct DevJson {
    dynamodb_endpoint: String,
    table_name: String,
}

impl TableOptions {
    /// Whether the table is that of a `cargo xtask dev`.
    pub(super) const fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Resolves the configuration; nothing is sent to the table yet.
    pub(super) async fn connect(self) -> Result<Table> {
        if let Some(folder) = &self.local {
            let DevJson { dynamodb_endpoint, table_name } = DevJson::find(folder)?;
            let connection = Connection::local(&dynamodb_endpoint, &table_name);
            return Ok(Table::connect(connection)?.sending_mail(true));
        }
        let name = self.table.context(
            "no table: name it with --table NAME, or give --local for a running `cargo xtask dev`",
        )?;
        let config = load_config().await;
        let region = config.region().context(NO_REGION)?;
        let credentials = credentials(&config).await?;
        let connection = Connection::new(name, region.clone(), credentials, self.endpoint_url)?;
        // In a stack that sends no mail, what waits expires.
        Ok(Table::connect(connection)?.sending_mail(true))
    }
}

/// What to do without a region.
pub(super) const NO_REGION: &str =
    "no region: set AWS_REGION, or choose a profile that has one with AWS_PROFILE";

/// The configuration as the AWS CLI finds it.
pub(super) async fn load_config() -> SdkConfig {
    // One TLS implementation for everything, as in the functions.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await
}

/// The credentials, which can be had: a call without them would say less.
pub(super) async fn credentials(config: &SdkConfig) -> Result<SharedCredentialsProvider> {
    const NONE: &str = "no credentials: choose a profile with AWS_PROFILE, or run `aws sso login`";
    let provider = config.credentials_provider().context(NONE)?;
    provider.provide_credentials().await.context(NONE)?;
    Ok(provider)
}

impl DevJson {
    /// Reads it in this folder, below the current one or one further up.
    fn find(folder: &Path) -> Result<Self> {
        let current = env::current_dir().context("cannot find the current folder")?;
        let mut files = current.ancestors().map(|own| own.join(folder).join("dev.json"));
        let file = files.find(|file| file.exists());
        let file = file.context("no service runs here: start it with `cargo xtask dev`")?;
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| {
            format!("{} is malformed: start `cargo xtask dev` again", file.display())
        })
    }
}
