//! Lambda entry point of the `golem-accounts` group.

use lambda_http::{Error, run, service_fn};
use shared::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = &App::from_env().await?;
    run(service_fn(|request| golem_accounts::handle(app, request))).await
}
