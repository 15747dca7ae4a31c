//! Lambda entry point of the `hub-oauth` group.

use lambda_http::Error;
use shared::App;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(App::without_service_keys().await, hub_oauth::handle).await
}
