//! Lambda entry point of the `sweep` function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use shared::table::{Connection, Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let table = &Table::connect(Connection::from_env().await?)?;
    // The payload is ignored.
    let service = async |_: LambdaEvent<IgnoredAny>| Ok::<_, Error>(sweep::handle(table).await?);
    lambda_runtime::run(service_fn(service)).await
}
