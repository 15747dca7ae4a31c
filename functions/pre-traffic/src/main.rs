//! Lambda entry point of the `pre-traffic` function.

use lambda_runtime::{Error, LambdaEvent};
use pre_traffic::{Hook, HookEvent};
use shared::runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let handle = async |hook: &Hook, event: LambdaEvent<HookEvent>| {
        Ok(Box::pin(pre_traffic::handle(hook, event.payload)).await?)
    };
    runtime::run(Hook::from_env().await, handle).await
}
