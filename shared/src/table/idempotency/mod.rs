//! Responses that are stored under an `Idempotency-Key`.

mod stored_response;

pub use stored_response::StoredResponse;
pub(crate) use stored_response::StoredResponseAt;
