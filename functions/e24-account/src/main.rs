//! Lambda entry point of the `e24-account` group.

use e24_account::PasswordPolicy;
use lambda_http::Error;
use shared::App;
use shared::http::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let policy = PasswordPolicy::from_env()?;
    let app = &App::with_service_keys().await?;
    serve(|request| e24_account::handle(app, policy, request)).await
}
