//! Lambda entry point of the `not-found` function.

use lambda_http::Error;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(not_found::handle).await
}
