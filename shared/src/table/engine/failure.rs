//! Errors of calls to `DynamoDB`.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::Error;

/// Whether the database was unreachable, too busy or too slow, and not at fault or asked something wrong. An answer
/// with a status of 5xx counts, whoever on the way gave it and whatever is in it.
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
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            status >= 500
                || status == 429
                || refused.err().code().is_some_and(|code| BUSY.contains(&code))
        }
        _ => false,
    }
}

/// Says what was attempted when a call to the table fails.
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
