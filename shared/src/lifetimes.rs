//! How long things stay valid. Budgets for the work on one request are in [`crate::timeouts`].

use std::time::Duration;

const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// An authorization code, in seconds.
pub const CODE_TTL: i64 = MINUTE;
/// An OAuth access token, in seconds: 180 days, as Docker Hub's.
pub const ACCESS_TOKEN_TTL: i64 = 180 * DAY;
/// An OAuth grant, in seconds, from when its user allowed it: nothing prolongs it. A client may
/// have a shorter one.
pub const GRANT_TTL: i64 = MAX_GRANT_DAYS as i64 * DAY;
/// The longest life of a client's grants, in days.
pub const MAX_GRANT_DAYS: u16 = 365;
/// A spent refresh token that comes again within this time may be a retry whose response was lost,
/// in seconds.
pub const REFRESH_RETRY_GRACE: i64 = 10;

/// A session, in seconds, however much it is used.
pub const SESSION_TTL: i64 = 30 * DAY;
/// A session that is not used.
pub const SESSION_IDLE: Duration = Duration::from_hours(14 * 24);
/// A session has full access for so long after its user entered the password, in seconds.
pub const SESSION_PROOF: i64 = 15 * MINUTE;

/// What a passkey is asked to sign, in seconds.
pub const PASSKEY_CHALLENGE_TTL: i64 = 5 * MINUTE;

/// After the password was right, the code of the second factor can be entered for so long, in
/// seconds.
pub const PENDING_SIGN_IN_TTL: i64 = 5 * MINUTE;
/// The secret of a second factor that is being set up can be confirmed for so long, in seconds.
pub const FACTOR_SETUP_TTL: i64 = 15 * MINUTE;

/// A browser remembers where it was going before somebody signed up, in seconds.
pub const RETURN_TO_TTL: i64 = HOUR;

/// Browsers that were once answered over https use nothing else for this time, in seconds.
pub const HTTPS_ONLY: i64 = 365 * DAY;

/// The longest time for which a rotated token works beside its successor, in seconds.
pub const MAX_ROTATION_OVERLAP: u64 = 30 * DAY.unsigned_abs();
/// The precision of last-use times, in seconds.
pub const LAST_USED_PRECISION: i64 = HOUR;
/// For so long a grant that was made, or whose tokens were issued, is replaced after those of the
/// same client that are older.
pub const NEW_GRANT: i64 = 10 * MINUTE;
/// How far the date of a signed request may be from now, in seconds.
pub const SIGNATURE_TOLERANCE: i64 = 15 * MINUTE;
/// The item by which a signature counts once, in seconds.
pub const USED_SIGNATURE_TTL: i64 = 31 * MINUTE;

/// The stored response to a request with an `Idempotency-Key`, in seconds.
pub const IDEMPOTENCY_TTL: i64 = DAY;
/// A form that made a secret shows it again within this time, in seconds: to a second click, and to
/// who got no response and sends it again, and not to who reloads a page that was left open.
pub const FORM_REPLAY_TTL: i64 = MINUTE;

/// A link that proves an address, in seconds.
pub const EMAIL_PROOF_TTL: i64 = DAY;
/// A link that signs up, in seconds.
pub const SIGN_UP_TTL: i64 = DAY;
/// A link that sets another password, in seconds.
pub const PASSWORD_RESET_TTL: i64 = 30 * MINUTE;
/// An invitation, in hours, unless whoever sends it decides otherwise.
pub const INVITATION_HOURS: u64 = 168;
/// What became of an invitation is kept for this time after its end, in seconds.
pub const INVITATION_KEPT: i64 = 30 * DAY;
/// How often mails of a kind go out for one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailRate {
    /// So many mails …
    pub count: usize,
    /// … within this time, in seconds.
    pub within: i64,
    /// The time between two, in seconds.
    pub interval: i64,
}

impl MailRate {
    /// Proofs of an address.
    pub const EMAIL_PROOFS: Self = Self { count: 5, within: DAY, interval: MINUTE };
    /// Proofs that one user asks for, of any address.
    pub const EMAIL_PROOFS_OF_USER: Self = Self { count: 50, within: DAY, interval: 0 };
    /// Notices that go from one user to addresses that it has not proved: those of addresses, and
    /// the others.
    pub const NOTICES_TO_UNPROVED_OF_USER: Self = Self { count: 20, within: DAY, interval: 0 };
    /// Notices to an address that their user has not proved, over all users, likewise.
    pub const NOTICES_TO_UNPROVED: Self = Self { count: 10, within: DAY, interval: 0 };
    /// Invitations to an address, over all accounts.
    pub const INVITATIONS: Self = Self { count: 5, within: DAY, interval: MINUTE };
    /// Links to sign up with an address.
    pub const SIGN_UPS: Self = Self { count: 3, within: HOUR, interval: 0 };
    /// Links to reset the password of a name.
    pub const PASSWORD_RESETS: Self = Self { count: 3, within: HOUR, interval: 0 };
}

/// What anybody may ask for, without a credential, is counted by source for this time, in seconds.
pub const SOURCE_REQUESTS: i64 = HOUR;

/// A notice that could not be sent for this time is old, in seconds.
pub const NOTICE_TTL: i64 = 3 * DAY;
/// The stream tries a mail for this time: `MaximumRecordAgeInSeconds` in `template.yaml`. Then the
/// sweep puts it into the outbox again.
pub const MAIL_RETRY: Duration = Duration::from_hours(1);
/// A mailer has a mail alone for this time.
pub const MAIL_LEASE: Duration = Duration::from_mins(2);
/// A mail that was rejected for good is kept for the operator, in seconds.
pub const DEAD_MAIL_TTL: u64 = 30 * DAY.unsigned_abs();
/// An address to which mail did not arrive, or was not wanted, gets none for this time unless it is
/// proved again, in seconds.
pub const UNDELIVERABLE_TTL: i64 = 400 * DAY;

/// An entry of an audit log, in days, unless the operator decides otherwise.
pub const AUDIT_RETENTION_DAYS: i64 = 400;
/// The longest time for which the operator can have entries kept, in days.
pub const MAX_AUDIT_RETENTION_DAYS: i64 = 3653;

/// A wrong password counts for this time, and a lock lasts as long.
pub const LOCKOUT: Duration = Duration::from_mins(15);
/// The reservation of an attempt to sign in that never ended.
pub const ATTEMPT_RESERVATION: Duration = Duration::from_secs(30);
/// A user is known from a source for this time after the last sign-in from there.
pub const KNOWN_SOURCE_TTL: Duration = Duration::from_hours(30 * 24);

/// A verified password in the cache of a process.
pub const PASSWORD_CACHE_TTL: Duration = Duration::from_mins(1);
/// The service key as it was read, and the knowledge that a version is missing.
pub const SERVICE_KEY_TTL: Duration = Duration::from_mins(5);

/// What was found of the service's health.
pub const HEALTH_TTL: Duration = Duration::from_secs(5);

const _: () = {
    assert!(CODE_TTL < ACCESS_TOKEN_TTL && ACCESS_TOKEN_TTL < GRANT_TTL);
    assert!(REFRESH_RETRY_GRACE < CODE_TTL);
    assert!(SESSION_IDLE.as_secs() < SESSION_TTL.unsigned_abs());
    // A date may be ahead at the first use by as much as it is behind at the last one. The rest is
    // for clocks that differ.
    assert!(USED_SIGNATURE_TTL > 2 * SIGNATURE_TOLERANCE);
    assert!(ATTEMPT_RESERVATION.as_millis() < LOCKOUT.as_millis());
    assert!(2 * LOCKOUT.as_millis() < KNOWN_SOURCE_TTL.as_millis());
};
