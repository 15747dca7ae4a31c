//! Lambda entry point of the `mail-feedback` function.

use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shared::table::{Connection, Table};
use shared::{Result, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let handle = async |table: &Table, event: LambdaEvent<Value>| {
        Ok(mail_feedback::handle(table, event.payload).await?)
    };
    runtime::run(start().await, handle).await
}

async fn start() -> Result<Table> {
    Table::connect(Connection::from_env().await?)
}
