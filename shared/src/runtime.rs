//! Running a function, and saying why one cannot start.

use std::{env, fmt};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::error::ErrorChain;

/// Why a function cannot start, and what to do: one line, also where `main` prints its error.
#[derive(Clone)]
struct CannotStart(String);

impl std::error::Error for CannotStart {}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Runs a function with what it has made at its start.
///
/// If the start has failed, the process ends, and Lambda reports a failed cold start.
/// `cargo lambda watch` starts no other process then, and keeps requests waiting without end: under
/// it the process goes on, and each request fails with the reason.
pub async fn run<S, E, R>(
    started: Result<S>,
    handle: impl AsyncFn(&S, LambdaEvent<E>) -> Result<R, lambda_runtime::Error>,
) -> Result<(), lambda_runtime::Error>
where
    E: DeserializeOwned,
    R: Serialize,
{
    let started = started.map_err(|error| {
        CannotStart(format!(
            "{} (`. target/dev/env.sh` sets the environment on your machine, template.yaml in the \
             cloud)",
            ErrorChain(&error)
        ))
    });
    if let Err(error) = &started {
        if !is_emulated() {
            return Err(error.clone().into());
        }
        tracing::error!("{error}");
    }
    let service = async |event: LambdaEvent<E>| match &started {
        Ok(state) => handle(state, event).await.map_err(Diagnostic::from),
        Err(error) => Err(Diagnostic {
            error_type: "CannotStart".to_owned(),
            error_message: error.to_string(),
        }),
    };
    lambda_runtime::run(service_fn(service)).await
}

/// Whether requests come from something that is not Lambda, which always names its way to start.
fn is_emulated() -> bool {
    let is_set = |name| env::var_os(name).is_some();
    is_set("AWS_LAMBDA_RUNTIME_API") && !is_set("AWS_LAMBDA_INITIALIZATION_TYPE")
}
