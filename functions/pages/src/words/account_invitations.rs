//! What the page of an account's invitations says.

use shared::model::InvitationState;

pub(crate) const INVITE: &str = "Invite somebody";
pub(crate) const EMAIL: &str = "E-mail address";
pub(crate) const EMAIL_HINT: &str =
    "Inviting the same address again sends another link, and the earlier one ends.";
pub(crate) const ROLE_HINT: &str =
    "Members see the account and its members. Admins change it, too, and can delete it.";
pub(crate) const ROLES: [(&str, &str); 2] = [("member", "Member"), ("admin", "Admin")];
pub(crate) const HOURS: &str = "The invitation holds";
pub(crate) const LIFETIMES: [(&str, &str); 4] =
    [("24", "For a day"), ("72", "For 3 days"), ("168", "For a week"), ("720", "For 30 days")];
pub(crate) const NO_HOURS: &str = "for a time that cannot be chosen";
pub(crate) const LINK: &str = "Give me a link instead of sending a mail";
pub(crate) const LINK_HINT: &str = "You pass the link on yourself. Whoever has it can join.";
pub(crate) const SEND: &str = "Invite";
pub(crate) const MAKE_LINK: &str = "Make a link";

pub(crate) const INVITED: &str = "Who was invited";
pub(crate) const EMPTY: &str = "Nobody was invited in the last 30 days.";
pub(crate) const STATE: &str = "State";
pub(crate) const SENT_AT: &str = "Sent";
pub(crate) const ENDS: &str = "Ends";
pub(crate) const REVOKE: &str = "Revoke";

pub(crate) const SENT: &str = "The invitation is on its way.";
pub(crate) const REVOKED: &str = "The invitation is revoked. Its link works no more.";
pub(crate) const ANSWERED: &str = "Nothing was done: the invitation was answered meanwhile.";
pub(crate) const SENT_AGAIN: &str = "Nothing was done: the invitation was sent again meanwhile. \
                                     Look at it, and revoke it if that is still right.";
pub(crate) const MADE: &str = "The invitation is made. No mail was sent.";
pub(crate) const YOUR_LINK: &str = "Link of the invitation";
pub(crate) const PASS_IT_ON: &str = "Pass it on only to the person whom you invite, in a way that \
                                     nobody else can read.";
pub(crate) const BACK: &str = "Back to the invitations";

pub(crate) const fn state(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Pending => "Waits for an answer",
        InvitationState::Accepted => "Accepted",
        InvitationState::Declined => "Declined",
        InvitationState::Revoked => "Revoked",
        InvitationState::Expired => "Expired",
    }
}

pub(crate) fn times(count: u32) -> String {
    format!("({count} times)")
}
