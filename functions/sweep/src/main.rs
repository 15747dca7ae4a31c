//! Lambda entry point of the `sweep` function.

use lambda_runtime::{Error, LambdaEvent};
use serde::de::IgnoredAny;
use shared::table::{Connection, Table};
use shared::{Result, Settings, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    // The payload is ignored.
    let handle = async |table: &Table, _: LambdaEvent<IgnoredAny>| Ok(sweep::handle(table).await?);
    runtime::run(start().await, handle).await
}

async fn start() -> Result<Table> {
    let sends_mail = Settings::from_env()?.sends_mail;
    Ok(Table::connect(Connection::from_env().await?)?.sending_mail(sends_mail))
}
