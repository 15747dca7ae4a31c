//! What the page of the password says.

pub(crate) const HEADING: &str = "Change your password";
pub(crate) const WHAT_ENDS: &str = "You stay signed in here. All other sessions end, and so do \
                                    your tokens, but for environment tokens, and what you have \
                                    allowed apps to do.";
pub(crate) const GIVEN: &str = "Somebody else chose the password that you have. When you choose \
                                your own, everything that may have been made with it ends: all \
                                sessions, this one too, tokens, keys, passkeys and confirmed \
                                addresses.";
pub(crate) const CURRENT: &str = "Current password";
pub(crate) const NEW: &str = "New password";
pub(crate) const REVOKE: &str = "End my API keys, environment tokens, SSH keys and passkeys too";
pub(crate) const REVOKE_HINT: &str = "Tick this if somebody else may have known your password: \
                                      they may have made keys of their own. Programs that use \
                                      the keys stop working.";
pub(crate) const SET: &str = "Change the password";
pub(crate) const WRONG: &str = "is not right";

pub(crate) const CHANGED: &str = "Your password is changed.";
