//! How the command reaches a table: credentials and region as the AWS CLI finds them.

use anyhow::{Context, Result};
use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use clap::Args;
use shared::table::{Connection, Table};

/// Which table. Credentials and region come from the environment, a profile or SSO, as with the AWS
/// CLI.
#[derive(Args)]
pub(super) struct TableOptions {
    /// The table's name, which every command needs that works on a table
    #[arg(long, value_name = "NAME", global = true)]
    table: Option<String>,
    /// Where DynamoDB is, if not at AWS
    #[arg(long, value_name = "URL", global = true)]
    endpoint_url: Option<String>,
}

impl TableOptions {
    /// Resolves the configuration; nothing is sent to the table yet.
    pub(super) async fn connect(self) -> Result<Table> {
        let name = self.table.context("--table NAME is missing")?;
        // One TLS implementation for everything, as in the functions.
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
        let config = config.load().await;
        let region = config.region().context(
            "no region: set AWS_REGION, or choose a profile that has one with AWS_PROFILE",
        )?;
        let credentials = config.credentials_provider().context("no credentials")?;
        let connection = Connection::new(name, region.clone(), credentials, self.endpoint_url)?;
        Ok(Table::connect(connection)?)
    }
}
