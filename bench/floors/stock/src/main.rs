//! Floor C, the stock: default features, the configuration that the SDK loads by itself, and one
//! read of four items. It asks nobody who they are.

use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use lambda_http::{Error, Request, run, service_fn};
use read::read;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = &Client::new(&config);
    let table = &env::var("TABLE_NAME")?;
    let keys = &env::var("FLOOR_KEYS")?;
    run(service_fn(move |_: Request| read(client, table, keys))).await
}
