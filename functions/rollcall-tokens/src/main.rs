//! Lambda entry point of the `rollcall-tokens` group.

use lambda_http::Error;
use shared::App;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(App::with_service_keys().await, rollcall_tokens::handle).await
}
