//! Lambda entry point of the `quave-accounts` group.

use lambda_http::Error;
use shared::App;
use shared::http::serve;
use shared::seal::SealingKey;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let sealing = &SealingKey::from_env()?;
    let app = &App::from_env().await?;
    serve(|call| quave_accounts::handle(app, sealing, call)).await
}
