//! Lambda entry point of the `not-found` function.

use lambda_http::Error;
use shared::Settings;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(Settings::from_env(), async |_, request| not_found::handle(request).await).await
}
