//! Lambda entry point of the `quave-accounts` group.

use lambda_http::{Error, run, service_fn};
use shared::App;
use shared::seal::SealingKey;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let sealing = &SealingKey::from_env()?;
    let app = &App::from_env().await?;
    run(service_fn(|request| quave_accounts::handle(app, sealing, request))).await
}
