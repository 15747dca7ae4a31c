//! What the page of an account's members says.

pub(crate) const ROLE: &str = "Role";
pub(crate) const YOU: &str = "You";

pub(crate) const MAKE_ADMIN: &str = "Make admin";
pub(crate) const MAKE_MEMBER: &str = "Make member";
pub(crate) const STEP_DOWN: &str = "Stop being an admin";
pub(crate) const STEP_DOWN_WHY: &str = "You stay a member. Only another admin can make you an \
                                        admin again. The invitations that you sent end.";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const REMOVE_WHY: &str = "This user loses the account at once, and comes back only by \
                                     another invitation. The invitations that this user sent end.";
pub(crate) const LEAVE: &str = "Leave this account";
pub(crate) const LEAVE_WHY: &str = "You lose the account at once, and come back only by another \
                                    invitation. The invitations that you sent end.";
pub(crate) const HAND_OVER: &str = "Make owner";
pub(crate) const HAND_OVER_WHY: &str = "The account is this admin's then. You stay an admin, and \
                                        only the new owner can give it back.";

pub(crate) const CHANGED_MEANWHILE: &str = "Nothing was done: somebody else changed this member \
                                            meanwhile. Look at what holds now, and do it again if \
                                            it is still right.";
pub(crate) const ROLE_IS_SET: &str = "The role is changed.";
pub(crate) const REMOVED: &str = "The member is removed.";
pub(crate) const HANDED_OVER: &str = "The account has another owner.";

pub(crate) fn count(members: u32) -> String {
    let members = super::account::number(members.into());
    if members == "1" { "1 member".to_owned() } else { format!("{members} members") }
}
