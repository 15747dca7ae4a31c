//! What the page of accounts says.

use shared::model::Role;

pub(crate) const INTRODUCTION: &str = "Accounts are what you share with others, or keep for \
                                       yourself. Programs that name no account work with the \
                                       current one.";
pub(crate) const EMPTY: &str = "You belong to no account.";
pub(crate) const NAME: &str = "Name";
pub(crate) const ROLE: &str = "Your role";
pub(crate) const JOINED: &str = "Joined";
pub(crate) const CURRENT: &str = "Current";
pub(crate) const MAKE_CURRENT: &str = "Make current";

pub(crate) const MAKE: &str = "Make an account";
pub(crate) const EMAIL: &str = "Contact address";
pub(crate) const EMAIL_HINT: &str =
    "Where others reach those who run the account. Without one, it is your own primary address.";
pub(crate) const MAKE_BUTTON: &str = "Make the account";

pub(crate) const CURRENT_IS_SET: &str = "You have another current account.";
pub(crate) const DELETED: &str = "The account is deleted.";
pub(crate) const LEFT: &str = "You left the account.";

pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "Admin",
        Role::Member => "Member",
    }
}
