//! Accounts, their members and their plans.

mod create;
mod delete;
mod member_access;
mod members;
mod memberships;
mod plans;
mod read;
mod update;

pub use create::{CreatedAccount, FreeSlug, NewAccount};
pub use member_access::{
    AccountMember, ChangeableMember, FetchedMember, Handover, MemberAccess, RemovableMember,
};
pub(in crate::table) use memberships::member_added;
pub use memberships::{AccountAccess, AdminOf, FetchedAccount, require_current_account};
pub use read::AccountWithEmail;
pub use update::{AccountChange, AccountFlags};
