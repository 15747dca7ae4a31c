//! What the pages of tokens say.

pub(crate) const INTRODUCTION: &str = "Programs use a token in place of your password. Give each \
                                       program one of its own that may do no more than it needs.";
pub(crate) const EMPTY: &str = "There are no tokens.";
pub(crate) const NAME: &str = "Name";
pub(crate) const MAY: &str = "It may";
pub(crate) const WHAT_IT_MAY: &str = "What it may do";
pub(crate) const EVERYTHING: &str = "do everything that you may do";
pub(crate) const MADE: &str = "Made";
pub(crate) const ENDS: &str = "Ends";
pub(crate) const LAST_USED: &str = "Last used";
pub(crate) const ENVIRONMENT: &str = "Environment";
pub(crate) const REPLACED: &str = "Replaced";

pub(crate) const REVOKE: &str = "Revoke";
pub(crate) const REVOKE_WHY: &str = "Programs that use it are rejected from then on.";
pub(crate) const DESCENDANTS: &str = "Revoke what it made too";
pub(crate) const DESCENDANTS_HINT: &str = "Its tokens, API keys, SSH keys and S3 secret, the \
                                           e-mail addresses confirmed with it, and all \
                                           invitations that you sent.";
pub(crate) const ROTATE: &str = "Rotate";
pub(crate) const ROTATE_WHY: &str = "A new token with the same name, scopes and end replaces it.";
pub(crate) const OVERLAP: &str = "The old one works on for";
/// Seconds, and what they are called.
pub(crate) const OVERLAPS: [(&str, &str); 4] =
    [("0", "No time"), ("3600", "1 hour"), ("86400", "1 day"), ("604800", "7 days")];
pub(crate) const NO_OVERLAP: &str = "must be one of those offered";

pub(crate) const MAKE: &str = "Make a token";
pub(crate) const KIND: &str = "What it is for";
pub(crate) const KINDS: [(&str, &str); 2] =
    [("user", "Programs that act as you"), ("environment", "An environment")];
pub(crate) const NO_SCOPE: &str = "must have at least one tick";
pub(crate) const LAST_DAY: &str = "Last day";
pub(crate) const LAST_DAY_HINT: &str = "In UTC. Without one it works until you revoke it.";
pub(crate) const NO_DAY: &str = "must be a day, as 2027-01-31";
pub(crate) const PAST: &str = "must not be over";

pub(crate) const NEW: &str = "Your new token";
pub(crate) const TOKEN: &str = "Token";
pub(crate) const BACK: &str = "Back to the tokens";

pub(crate) const REVOKED: &str = "The token is revoked.";
pub(crate) const ALL_REVOKED: &str = "The token is revoked, and what it made.";
pub(crate) const NOT_MADE: &str = "No token was made. What is wrong stands beside the form.";
pub(crate) const GONE: &str = "This token does not work any more: it was revoked, or has ended.";
pub(crate) const WAS_ROTATED: &str = "This token was rotated already.";

pub(crate) fn too_many(max: u32) -> String {
    format!("You have {max} tokens, and cannot have more. Revoke one that you do not need.")
}
