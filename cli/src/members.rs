//! `remove-member` and `set-role`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;
use shared::model::{AccountId, Role};
use shared::table::{Actor, Table};

use super::user_ref::UserRef;
use super::{print_json, retry};

/// A member of an account
#[derive(Args)]
pub(super) struct Member {
    /// Which account
    #[arg(long, value_name = "ID")]
    account: AccountId,
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
}

/// Make a member an admin of the account, or an admin an ordinary member
#[derive(Args)]
pub(super) struct NewRole {
    #[command(flatten)]
    member: Member,
    /// What the member may do
    #[arg(long, value_enum)]
    role: RoleName,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// See, change and delete the account
    Admin,
    /// See it
    Member,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Member => Self::Member,
        }
    }
}

pub(super) async fn remove(table: &Table, Member { account, user }: Member) -> Result<()> {
    let id = user.require(table).await?.id;
    retry(async || table.remove_member(&Actor::operator(), account, id).await).await?;
    print_json(&json!({ "accountId": account, "userId": id }))
}

pub(super) async fn set_role(table: &Table, options: NewRole) -> Result<()> {
    let NewRole { member: Member { account, user }, role } = options;
    let (id, role) = (user.require(table).await?.id, Role::from(role));
    retry(async || table.set_role(&Actor::operator(), account, id, role).await).await?;
    print_json(&json!({ "accountId": account, "userId": id, "role": role }))
}
