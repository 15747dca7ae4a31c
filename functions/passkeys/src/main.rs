//! Lambda entry point of the `passkeys` group.

use lambda_http::Error;
use shared::App;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(App::with_service_keys().await, passkeys::handle).await
}
