//! Lambda entry point of the `mailer` function.

use lambda_runtime::{Error, LambdaEvent};
use mailer::Mailer;
use shared::runtime;
use shared::table::StreamEvent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let handle = async |mailer: &Mailer, event: LambdaEvent<StreamEvent>| {
        Ok(mailer::handle(mailer, event.payload).await)
    };
    runtime::run(Mailer::from_env().await, handle).await
}
