//! Lambda entry point of the `quave-accounts` group.

use lambda_http::Error;
use shared::App;
use shared::http::serve;
use shared::seal::SealPublicKey;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let sealing = &SealPublicKey::from_env()?;
    let app = &App::from_env().await?;
    serve(&app.settings, |request| quave_accounts::handle(app, sealing, request)).await
}
