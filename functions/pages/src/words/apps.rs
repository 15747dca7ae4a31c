//! What the page of apps says.

pub(crate) const INTRODUCTION: &str = "Apps that you allowed to act for you.";
pub(crate) const EMPTY: &str = "There are no apps.";
pub(crate) const APP: &str = "App";
pub(crate) const MAY: &str = "It may";
pub(crate) const SINCE: &str = "Since";
pub(crate) const UNTIL: &str = "Until";
pub(crate) const LAST_USED: &str = "Last used";
pub(crate) const REVOKE: &str = "Revoke";
pub(crate) const REVOKE_WHY: &str =
    "The app cannot act for you any more, unless you allow it again.";

pub(crate) const REVOKED: &str = "The access of the app is revoked.";
pub(crate) const GONE: &str = "This app has no access any more: it was revoked, or has ended.";
