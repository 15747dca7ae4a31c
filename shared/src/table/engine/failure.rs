//! Errors of calls to `DynamoDB`.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::Error;

/// Whether the error is temporary: `DynamoDB` was unreachable, throttling or too slow. Any 5xx
/// response counts, even if an intermediary sent it.
fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    const BUSY: [&str; 6] = [
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    ];
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(failure) => {
            let status = failure.raw().status().as_u16();
            status >= 500
                || status == 429
                || failure.err().code().is_some_and(|code| BUSY.contains(&code))
        }
        _ => false,
    }
}

/// Makes the error of a failed call; `action` names the operation that failed.
pub(in crate::table) fn failed_call<E>(
    action: &'static str,
) -> impl FnOnce(SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        if unavailable(&error) {
            return Error::Unavailable { action, source: Box::new(error) };
        }
        Error::Internal { action, source: Box::new(error) }
    }
}
