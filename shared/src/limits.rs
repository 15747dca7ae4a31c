//! Every limit on the length and number of what a client may send or own.
//!
//! Lengths of text are in characters (code points) unless the name says bytes. Error messages are
//! made from these numbers; `docs/api.md` repeats them.

use std::fmt;

/// The most that one may have of something.
/// [`Error::LimitReached`](crate::Error::LimitReached) names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    subject: &'static str,
    /// The number that is still allowed.
    pub max: u32,
    things: &'static str,
}

impl Cap {
    const fn new(subject: &'static str, max: u32, things: &'static str) -> Self {
        Self { subject, max, things }
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at most {} {}", self.subject, self.max, self.things)
    }
}

/// Every cap on what a user or an account has.
pub const CAPS: [Cap; 12] = [
    TOKENS,
    API_KEYS,
    SSH_KEYS,
    PASSKEYS,
    EMAILS,
    GRANTS,
    GRANTS_PER_CLIENT,
    ACCOUNTS_OWNED,
    MEMBERSHIPS,
    MEMBERS,
    PENDING_INVITATIONS,
    USERS_MADE,
];

/// A request's body: 64 KiB.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The value of an `Idempotency-Key`.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;

/// An account's name.
pub const MAX_ACCOUNT_NAME: usize = 100;
/// A slug with its suffix, in bytes; a DNS label is as long.
pub const MAX_SLUG_BYTES: usize = 63;
/// Slugs that are tried before a random one: the plain one, then `-2` to `-20`.
pub const SLUG_CANDIDATES: usize = 20;
/// A registry's URL, and the username there.
pub const MAX_REGISTRY_FIELD: usize = 255;
/// A registry's password.
pub const MAX_REGISTRY_PASSWORD: usize = 1024;

/// The shortest username.
pub const MIN_USERNAME: usize = 4;
/// The longest username.
pub const MAX_USERNAME: usize = 30;
/// The shortest password.
pub const MIN_PASSWORD: usize = 8;
/// The longest password.
pub const MAX_PASSWORD: usize = 256;
/// Passwords that others set for a user, the newest, which are remembered: they never become the
/// user's own. A new one is compared with each, which is slow on purpose.
pub const MAX_GIVEN_PASSWORDS: usize = 5;
/// The longest address that mail can be sent to (RFC 5321, erratum 1690).
pub const MAX_EMAIL_BYTES: usize = 254;
/// First and last name together.
pub const MAX_FULL_NAME: usize = 255;
/// The first or the last name alone.
pub const MAX_NAME_PART: usize = 127;
/// A phone number.
pub const MAX_PHONE: usize = 50;
/// A line of a profile: location, company, URL.
pub const MAX_PROFILE_LINE: usize = 255;
/// E-mail addresses of a user.
pub const EMAILS: Cap = Cap::new("a user can have", 50, "addresses");
/// Proved addresses of a user, beside the primary one, that get its notices: the oldest ones.
pub const MAX_NOTIFIED_ADDRESSES: usize = 4;
/// Accounts that one user owns.
pub const ACCOUNTS_OWNED: Cap = Cap::new("a user can own", 100, "accounts");
/// Accounts that a user belongs to, the own ones included.
pub const MEMBERSHIPS: Cap = Cap::new("a user can belong to", 1000, "accounts");
/// Members of an account.
pub const MEMBERS: Cap = Cap::new("an account can have", 10_000, "members");
/// Invitations of an account that wait for an answer; those that have ended do not count.
pub const PENDING_INVITATIONS: Cap = Cap::new("an account can have", 100, "pending invitations");
/// Invitations that one account sends in a UTC day, those that it sends again included.
pub const MAX_INVITATIONS_A_DAY: u32 = 200;
/// Invitations that a user, and all users that come from it, send in a UTC day.
pub const MAX_INVITATIONS_OF_A_USER_A_DAY: u32 = 1000;
/// The longest life of an invitation, in hours.
pub const MAX_INVITATION_HOURS: u64 = 720;
/// Links of one invitation that were replaced and are told so; of more, the oldest are unknown.
pub const MAX_REPLACED_LINKS: usize = 20;
/// Users that one maker, and all whom that one made, make in a UTC day.
pub const USERS_MADE: Cap =
    Cap::new("a user, together with all users that come from it, can make", 1000, "users a day");

/// Sessions of a user. A further one replaces the oldest.
pub const MAX_SESSIONS: u32 = 50;
/// Passkeys of a user.
pub const PASSKEYS: Cap = Cap::new("a user can have", 20, "passkeys");
/// A passkey's name.
pub const MAX_PASSKEY_NAME: usize = 64;
/// Recovery codes of a user who has turned the second factor on.
pub const RECOVERY_CODES: usize = 10;
/// The kind of browser of a session, in words.
pub const MAX_BROWSER: usize = 100;

/// A token's name.
pub const MAX_TOKEN_NAME: usize = 100;
/// Tokens of a user that work; expired ones do not count.
pub const TOKENS: Cap = Cap::new("a user can have", 100, "working tokens");
/// Entries in one page of a list of the `rollcall` dialect.
pub const MAX_PAGE_SIZE: u8 = 100;
/// Entries in one page of such a list if the client names no number.
pub const DEFAULT_PAGE_SIZE: u8 = 50;

/// Entries of an audit log that one request reads at most, if only some of them are asked for.
pub const MAX_AUDIT_ENTRIES_READ: i32 = 500;

/// API keys of a user.
pub const API_KEYS: Cap = Cap::new("a user can have", 20, "API keys");
/// The text that names an API key in a request. A key is shorter; a longer text cannot be one.
pub const MAX_API_KEY_TEXT: usize = 100;
/// SSH keys of a user.
pub const SSH_KEYS: Cap = Cap::new("a user can have", 20, "SSH keys");
/// An SSH key's name.
pub const MAX_SSH_KEY_NAME: usize = 64;
/// The fewest bits of an RSA key.
pub const MIN_RSA_BITS: usize = 2048;
/// The most bits of an RSA key.
pub const MAX_RSA_BITS: usize = 8192;
/// The word that says where an SSH key comes from.
pub const MAX_SSH_KEY_METHOD: usize = 50;
/// An SSH public key in OpenSSH's text form.
pub const MAX_SSH_KEY_TEXT: usize = 4096;
/// Users in one page of a list.
pub const MAX_USERS_PER_PAGE: usize = 1000;
/// The bytes of users in one page of a list, which ends before them, counted as Lambda sends them
/// ([`bytes_in_response`](crate::http::bytes_in_response)).
pub const MAX_USER_PAGE_BYTES: usize = 4 * 1000 * 1000;

/// Grants of a user to OAuth clients that work, or whose code does.
pub const GRANTS: Cap = Cap::new("a user can have", 100, "grants to OAuth clients");
/// Those to one client. A further one replaces the one that was not used for longest.
pub const GRANTS_PER_CLIENT: Cap = Cap::new("a user can have", 10, "grants to one OAuth client");
/// The number of [`GRANTS_PER_CLIENT`].
pub const MAX_GRANTS_PER_CLIENT: usize = GRANTS_PER_CLIENT.max as usize;
/// Refresh tokens of one grant that were spent within the retry grace; of more, the oldest count as
/// spent before it.
pub const MAX_SPENT_REFRESH_TOKENS: usize = 100;
/// Access tokens of one grant that work at once; a further one ends the oldest.
pub const MAX_ACCESS_TOKENS: usize = 10;

/// Redirect URIs of an OAuth client.
pub const MAX_REDIRECT_URIS: usize = 20;
/// A redirect URI, in bytes.
pub const MAX_REDIRECT_URI_BYTES: usize = 2000;

/// Wrong passwords within [`crate::lifetimes::LOCKOUT`] that lock a user, for the sources that the
/// user is not known from, or for one that it is known from.
pub const MAX_LOGIN_ATTEMPTS: usize = 10;
/// Wrong passwords within [`crate::lifetimes::LOCKOUT`] from one source, over all names that are
/// not known from it.
pub const MAX_SOURCE_ATTEMPTS: usize = 100;
/// Requests for mails without a credential, from one source, within
/// [`crate::lifetimes::SOURCE_REQUESTS`].
pub const MAX_SOURCE_REQUESTS: u32 = 100;
/// Sources that a user is known from; a further one replaces the one unused for longest.
pub const MAX_KNOWN_SOURCES: usize = 20;

const _: () = {
    assert!(2 * MAX_NAME_PART < MAX_FULL_NAME, "both parts and a space fit into the full name");
    assert!(DEFAULT_PAGE_SIZE <= MAX_PAGE_SIZE);
    assert!(MAX_LOGIN_ATTEMPTS < MAX_SOURCE_ATTEMPTS);
    assert!(MIN_USERNAME <= MAX_USERNAME && MIN_PASSWORD <= MAX_PASSWORD);
    assert!(
        SSH_KEYS.max as usize * (MAX_SSH_KEY_TEXT + 4 * MAX_SSH_KEY_NAME) < 100 * 1024,
        "all SSH keys take a quarter of the user's item at most"
    );
    assert!(
        MAX_REDIRECT_URIS * MAX_REDIRECT_URI_BYTES < 64 * 1024,
        "all redirect URIs fit into the client's item many times over"
    );
    assert!(MAX_USER_PAGE_BYTES < 6 * 1024 * 1024 / 4 * 3, "Lambda answers with 6 MB at most");
    assert!(ACCOUNTS_OWNED.max <= MEMBERSHIPS.max, "an owner is a member");
    assert!(MAX_GRANTS_PER_CLIENT <= GRANTS.max as usize);
};
