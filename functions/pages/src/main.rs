//! Lambda entry point of the `pages` group.

use lambda_http::Error;
use shared::http::serve;
use shared::seal::SealPublicKey;
use shared::{App, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(start().await, async |(app, sealing), request| pages::handle(app, sealing, request).await)
        .await
}

async fn start() -> Result<(App, SealPublicKey)> {
    Ok((App::with_service_keys().await?, SealPublicKey::from_env()?))
}
