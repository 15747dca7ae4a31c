//! What the pages of accounts say that cannot do something.

use shared::limits::Cap;

pub(crate) const NO_ACCOUNT: &str = "There is no such account";
pub(crate) const NO_ACCOUNT_WHY: &str = "It was deleted, or you are not one of its members.";
pub(crate) const YOUR_ACCOUNTS: &str = "Your accounts";
pub(crate) const ADMINS_ONLY: &str = "Only admins of the account see this page. If you need it, \
                                      ask one of them to make you an admin.";

pub(crate) const NOT_ALLOWED: &str = "Nothing was done: this takes an admin of the account, and \
                                      only its owner makes somebody else the owner.";
pub(crate) const TAKEN: &str = "belongs to another account, or to somebody else";
pub(crate) const NO_MEMBER: &str = "Nothing was done: this user is not a member any more.";
pub(crate) const OWNER_STAYS: &str = "Nothing was done: the owner stays an admin of the account. \
                                      Another admin can become its owner first.";
pub(crate) const LAST_ADMIN: &str = "Nothing was done: this is the only admin of the account. Make \
                                     another member an admin first.";
pub(crate) const OWNER_IS_ADMIN: &str = "Nothing was done: only an admin of the account can become \
                                         its owner.";
pub(crate) const NO_INVITATION: &str = "Nothing was done: there is no such invitation any more.";
pub(crate) const ALREADY_MEMBER: &str = "is that of a member";
pub(crate) const ADDRESS_NOT_CONFIRMED: &str = "Nobody was invited: confirm one of your own e-mail \
                                                addresses first, so that those whom you invite can \
                                                trust who you are.";

pub(crate) fn limit(cap: Cap) -> String {
    format!(
        "There is no room for another one: {cap}. Remove one that is not needed, and try again."
    )
}

pub(crate) fn too_many(minutes: u64) -> String {
    let (number, unit) = if minutes > 120 { (minutes / 60, "hour") } else { (minutes, "minute") };
    let plural = if number == 1 { "" } else { "s" };
    format!(
        "Nobody was invited: too many invitations were sent to this address or from this account. \
         Try again in {number} {unit}{plural}."
    )
}
