//! Lambda entry point of the `rollcall-tokens` group.

use lambda_http::Error;
use rollcall_tokens::Health;
use shared::http::serve;
use shared::{App, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(start().await, async |(app, health), request| {
        rollcall_tokens::handle(app, health, request).await
    })
    .await
}

async fn start() -> Result<(App, Health)> {
    Ok((App::with_service_keys().await?, Health::default()))
}
