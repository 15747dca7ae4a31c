//! What every page says to those who are signed in.

pub(crate) const SKIP: &str = "Skip to the content";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const NAVIGATION: &str = "Your profile";
pub(crate) const ACCOUNT_NAVIGATION: &str = "This account";

pub(crate) const PROFILE: &str = "Profile";
pub(crate) const EMAILS: &str = "E-mail addresses";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const SECOND_FACTOR: &str = "Second factor";
pub(crate) const PASSKEYS: &str = "Passkeys";
pub(crate) const SESSIONS: &str = "Sessions";
pub(crate) const TOKENS: &str = "Tokens";
pub(crate) const KEYS: &str = "Keys";
pub(crate) const APPS: &str = "Apps";
pub(crate) const ACTIVITY: &str = "Activity";
pub(crate) const ACCOUNTS: &str = "Accounts";

pub(crate) const OVERVIEW: &str = "Overview";
pub(crate) const MEMBERS: &str = "Members";
pub(crate) const INVITATIONS: &str = "Invitations";
pub(crate) const REGISTRY: &str = "Registry";

pub(crate) const NEXT_PAGE: &str = "Next page";
pub(crate) const FIRST_PAGE: &str = "First page";
pub(crate) const NEVER: &str = "Never";
pub(crate) const EMPTY: &str = "Empty";
pub(crate) const NO_MORE: &str = "There is nothing on this page any more.";
pub(crate) const CHANGED_MEANWHILE: &str = "Somebody else changed this meanwhile, so what you \
                                            entered is not saved yet. Compare it with what is \
                                            stored now, and save it again if it is still right.";
pub(crate) const STORED_NOW: &str = "Stored now";
pub(crate) const COPY: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const DOWNLOAD: &str = "Download";
pub(crate) const PRINT: &str = "Print";
pub(crate) const SHOWN_ONCE: &str = "This is shown only once. Keep it in a safe place now.";
