//! Every limit on the length and number of what a client may send or own.
//!
//! Lengths of text are in characters (code points) unless the name says bytes. Error messages are
//! made from these numbers; `docs/api.md` repeats them.

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
pub const MAX_EMAILS: u32 = 50;

/// A token's name.
pub const MAX_TOKEN_NAME: usize = 100;
/// Tokens in one page of a list.
pub const MAX_TOKENS_PER_PAGE: u8 = 100;
/// Tokens in one page of a list if the client names no number.
pub const DEFAULT_TOKENS_PER_PAGE: u8 = 50;

/// API keys of a user.
pub const MAX_API_KEYS: usize = 20;
/// The text that names an API key in a request. A key is shorter; a longer text cannot be one.
pub const MAX_API_KEY_TEXT: usize = 100;
/// SSH keys of a user.
pub const MAX_SSH_KEYS: usize = 50;
/// An SSH key's name.
pub const MAX_SSH_KEY_NAME: usize = 255;
/// The word that says where an SSH key comes from.
pub const MAX_SSH_KEY_METHOD: usize = 50;
/// An SSH public key in OpenSSH's text form.
pub const MAX_SSH_KEY_TEXT: usize = 4096;
/// Users in one page of a list.
pub const MAX_USERS_PER_PAGE: usize = 1000;

/// Access tokens of one grant that work at once; a further one ends the oldest.
pub const MAX_ACCESS_TOKENS: usize = 10;

/// Wrong passwords within [`crate::lifetimes::LOCKOUT`] that lock a user, for the sources that the
/// user is not known from, or for one that it is known from.
pub const MAX_LOGIN_ATTEMPTS: usize = 10;
/// Wrong passwords within [`crate::lifetimes::LOCKOUT`] from one source, over all names that are
/// not known from it.
pub const MAX_SOURCE_ATTEMPTS: usize = 100;
/// Sources that a user is known from; a further one replaces the one unused for longest.
pub const MAX_KNOWN_SOURCES: usize = 20;

const _: () = {
    assert!(2 * MAX_NAME_PART < MAX_FULL_NAME, "both parts and a space fit into the full name");
    assert!(DEFAULT_TOKENS_PER_PAGE <= MAX_TOKENS_PER_PAGE);
    assert!(MAX_LOGIN_ATTEMPTS < MAX_SOURCE_ATTEMPTS);
    assert!(MIN_USERNAME <= MAX_USERNAME && MIN_PASSWORD <= MAX_PASSWORD);
    assert!(MAX_SSH_KEYS * MAX_SSH_KEY_TEXT < 300 * 1024, "all SSH keys fit into the user's item");
};
