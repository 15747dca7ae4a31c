//! Lambda entry point of the `quave-current-account` group.

use lambda_http::{Error, run, service_fn};
use shared::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = &App::from_env().await?;
    run(service_fn(|request| quave_current_account::handle(app, request))).await
}
