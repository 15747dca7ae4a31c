//! What the page says on which users allow clients.

pub(crate) fn heading(client: &str) -> String {
    format!("Allow {client}?")
}

pub(crate) const SIGNED_IN_AS: &str = "Signed in as";
pub(crate) const NOT_YOU: &str = "Not you?";
pub(crate) const ASKS_TO: &str = "asks to:";
pub(crate) const ASKS_TO_CHANGE: &str = "asks to make changes:";
pub(crate) const HAS_CHANGED: &str =
    "What is asked for has changed. Please read it again, and allow it only if you agree.";

pub(crate) fn until(day: &str) -> String {
    format!("You can revoke this at any time. It ends on {day}.")
}

pub(crate) const SENT_BACK_TO: &str = "You are sent back to";
pub(crate) const ALLOW: &str = "Allow";
pub(crate) const DENY: &str = "Deny";

pub(crate) const OTHER_FORM: &str = "Please decide again";
pub(crate) const OTHER_FORM_WHY: &str = "Nothing was allowed or denied. The form was not made for this page while you were signed in \
     here: you may have signed in again, in another tab.";
pub(crate) const SHOW_AGAIN: &str = "Show what is asked for";
