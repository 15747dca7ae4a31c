//! The trace of a rejected sign-in.

use crate::Error;
use crate::telemetry::SecurityEvent;
use crate::telemetry::request::observe;

/// Whether a password was rejected, looked at or not.
pub(super) const fn is_rejection(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCredential | Error::TooManyAttempts { .. } | Error::AttemptsInProgress
    )
}

/// Leaves a trace of a rejected password, code or passkey, if that is the error. The lock or the
/// limit of a source was recorded where it was met.
pub fn record_rejection(error: &Error) {
    if is_rejection(error) {
        observe(|observed| observed.rejected_sign_in = true);
        match error {
            Error::AttemptsInProgress => SecurityEvent::SignInDeferred.record(),
            Error::TooManyAttempts { .. } => SecurityEvent::SignInLocked.record(),
            _ => SecurityEvent::SignInRejected.record(),
        }
    }
}
