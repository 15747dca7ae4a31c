//! Lambda entry point of the `docs` function.

use lambda_http::Error;
use shared::Settings;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    serve(Settings::from_env(), async |_, request| docs::handle(request).await).await
}
