//! Floor A: the least that a function over HTTP can do.

use lambda_http::{Error, IntoResponse, Request, run, service_fn};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

async fn answer(_: Request) -> Result<impl IntoResponse, Error> {
    Ok(json!({ "message": "constant" }))
}
