//! What the page of e-mail addresses says.

pub(crate) const INTRODUCTION: &str = "You can sign in with each of these addresses. If you lose \
                                       your password, a link to set another one goes only to an \
                                       address that you have confirmed.";
pub(crate) const EMAIL: &str = "E-mail address";
pub(crate) const STATE: &str = "State";
pub(crate) const PRIMARY: &str = "Primary";
pub(crate) const CONFIRMED: &str = "Confirmed on";
pub(crate) const NOT_CONFIRMED: &str = "Not confirmed";
pub(crate) const REPORTED: &str = "Not confirmed, but an app has marked it as verified";
pub(crate) const CAME_BACK: &str =
    "Mail to it came back. No more is sent there until you confirm it again.";
pub(crate) const PLACEHOLDER: &str = "Stands in for your last address, which somebody else has \
                                      confirmed. No mail reaches it: add another address.";

pub(crate) const MAKE_PRIMARY: &str = "Make primary";
pub(crate) const SEND_LINK: &str = "Send a link to confirm it";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const REMOVE_WHY: &str = "You can no longer sign in with it, and get no mail there. \
                                     If you add it again, you have to confirm it again.";

pub(crate) const ADD: &str = "Add an address";
pub(crate) const ADD_BUTTON: &str = "Add";
pub(crate) const OWN: &str = "is in your profile already";
pub(crate) const TAKEN: &str = "is in another profile";
pub(crate) const TAKEN_BUT_YOURS: &str = "If the address is yours, have a link sent to it. Whoever \
                                          opens the link has the address.";

pub(crate) const ADDED: &str = "The address is added. It is not confirmed yet.";
pub(crate) const IS_PRIMARY: &str = "You have another primary address.";
pub(crate) const SENT: &str = "A link is on its way to the address. Open it within a day.";
pub(crate) const REMOVED: &str = "The address is removed.";

pub(crate) const UNKNOWN: &str = "The address is not in your profile any more.";
pub(crate) const CONFIRM_FIRST: &str = "Confirm the address before you make it primary.";
pub(crate) const IS_CONFIRMED: &str = "You have confirmed the address already.";
pub(crate) const STAYS: &str =
    "The primary address cannot be removed. Make another address primary first.";

pub(crate) fn full(max: u32) -> String {
    format!("You can have at most {max} addresses. Remove one first.")
}

pub(crate) fn wait(minutes: u64) -> String {
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!("A link was sent already. Look into your mail, or try again in {minutes} {unit}.")
}
