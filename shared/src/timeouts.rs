//! Time budgets: how long each step of a request and of the scheduled cleanup may take.

use std::time::Duration;

/// API Gateway gives up on a function after this time.
pub const GATEWAY: Duration = Duration::from_secs(30);
/// Lambda ends a function that handles requests after this time: `Timeout` in `template.yaml`.
pub const FUNCTION: Duration = Duration::from_secs(10);
/// A request that takes longer gets status 503.
pub const REQUEST: Duration = Duration::from_secs(8);
/// A request that lost a race is run again if it began less than this time ago.
pub const RETRY_WINDOW: Duration = Duration::from_secs(4);

/// One call to an AWS service with all its retries. Two round trips fit into [`REQUEST`].
pub const AWS_CALL: Duration = Duration::from_secs(4);
/// One attempt at such a call.
pub const AWS_ATTEMPT: Duration = Duration::from_secs(2);
/// Opening a connection to AWS.
pub const AWS_CONNECT: Duration = Duration::from_secs(1);
/// The first wait between attempts; each further one is longer.
pub const AWS_INITIAL_BACKOFF: Duration = Duration::from_millis(50);
/// A rejected name and password take a multiple of this: more than the work takes, so that the time
/// does not tell what was found on the way.
pub const REJECTED_SIGN_IN: Duration = Duration::from_millis(250);
/// Reading the service key.
pub const SERVICE_KEY_READ: Duration = Duration::from_secs(3);
/// After a failed read, the service key is read again no sooner than after this time, as long as an
/// older one is at hand.
pub const SERVICE_KEY_RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Opening the connection to `DynamoDB` during a cold start.
pub const WARM_UP: Duration = Duration::from_secs(1);
/// Noting the last use of a credential.
pub const TOUCH: Duration = Duration::from_secs(1);
/// Cleaning up within the request that changed a password; the schedule does the rest.
pub const CLEANUP_AFTER_PASSWORD_CHANGE: Duration = Duration::from_secs(2);
/// Cleaning up within the request that deleted an account; the schedule does the rest.
pub const CLEANUP_AFTER_DELETION: Duration = Duration::from_secs(4);

/// One call to SES.
pub const SEND_MAIL: Duration = Duration::from_secs(8);
/// Lambda ends the mailer after this time: its `Timeout` in `template.yaml`. A batch may take as
/// long, so it is short enough for the lease of its first mail.
pub const MAILER_FUNCTION: Duration = Duration::from_mins(1);
/// No mail of a batch is begun after this time.
pub const MAILER_BATCH: Duration = Duration::from_secs(30);

/// Lambda ends the function of bounces and complaints after this time: its `Timeout` in
/// `template.yaml`. An event has a recipient or a few, of which each is read twice and written.
pub const MAIL_FEEDBACK_FUNCTION: Duration = Duration::from_mins(1);

/// All requests to the new versions of functions, one after another, before traffic shifts to one.
pub const PRE_TRAFFIC: Duration = Duration::from_secs(45);
/// One such request with all its retries.
pub const PRE_TRAFFIC_REQUEST: Duration = Duration::from_secs(42);
/// One attempt at such a request: a cold start, and what the function may take.
pub const PRE_TRAFFIC_ATTEMPT: Duration = Duration::from_secs(20);
/// The longest wait between two attempts, while Lambda has no room for the version.
pub const PRE_TRAFFIC_BACKOFF: Duration = Duration::from_secs(8);
/// Lambda ends the function that sends these requests after this time: its `Timeout` in
/// `template.yaml`.
pub const PRE_TRAFFIC_FUNCTION: Duration = Duration::from_mins(1);

/// One run of the scheduled cleanup; the next run does the rest.
pub const SWEEP: Duration = Duration::from_mins(4);
/// Lambda ends the scheduled cleanup after this time: its `Timeout` in `template.yaml`.
pub const SWEEP_FUNCTION: Duration = Duration::from_mins(5);

const fn is_less(shorter: Duration, longer: Duration) -> bool {
    shorter.as_nanos() < longer.as_nanos()
}

const _: () = {
    assert!(is_less(REQUEST, FUNCTION) && is_less(FUNCTION, GATEWAY));
    assert!(is_less(RETRY_WINDOW, REQUEST));
    assert!(2 * AWS_CALL.as_nanos() <= REQUEST.as_nanos());
    assert!(is_less(AWS_CONNECT, AWS_ATTEMPT) && is_less(AWS_ATTEMPT, AWS_CALL));
    assert!(is_less(SERVICE_KEY_READ, AWS_CALL));
    assert!(is_less(REJECTED_SIGN_IN, AWS_ATTEMPT));
    assert!(is_less(WARM_UP, AWS_CALL) && is_less(TOUCH, AWS_CALL));
    assert!(is_less(CLEANUP_AFTER_PASSWORD_CHANGE, CLEANUP_AFTER_DELETION));
    assert!(is_less(CLEANUP_AFTER_DELETION, REQUEST));
    // Its last mail is read, as is the mark of its recipient, leased, sent and deleted.
    let last = 4 * AWS_CALL.as_secs() + SERVICE_KEY_READ.as_secs() + SEND_MAIL.as_secs();
    assert!(MAILER_BATCH.as_secs() + last < MAILER_FUNCTION.as_secs());
    assert!(is_less(MAILER_FUNCTION, crate::lifetimes::MAIL_LEASE));
    // Four recipients.
    assert!(4 * 3 * AWS_CALL.as_secs() < MAIL_FEEDBACK_FUNCTION.as_secs());
    assert!(is_less(FUNCTION, PRE_TRAFFIC_ATTEMPT));
    assert!(2 * PRE_TRAFFIC_ATTEMPT.as_secs() < PRE_TRAFFIC_REQUEST.as_secs());
    assert!(is_less(PRE_TRAFFIC_REQUEST, PRE_TRAFFIC));
    // For the start, and for telling what came of them.
    assert!(PRE_TRAFFIC.as_secs() + 2 * AWS_CALL.as_secs() < PRE_TRAFFIC_FUNCTION.as_secs());
    // For the start, and for calls in progress at the end of the budget.
    assert!(SWEEP.as_secs() + 30 <= SWEEP_FUNCTION.as_secs());
    // An attempt to sign in ends before its reservation does.
    assert!(is_less(FUNCTION, crate::lifetimes::ATTEMPT_RESERVATION));
};
