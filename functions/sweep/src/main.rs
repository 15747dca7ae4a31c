//! Lambda entry point of the `sweep` function.

use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use serde::de::IgnoredAny;
use shared::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = &App::from_env().await?;
    // Whoever calls it, and with what: a run is a run.
    let service = async |_: LambdaEvent<IgnoredAny>| Ok::<_, Error>(sweep::handle(app).await?);
    lambda_runtime::run(service_fn(service)).await
}
