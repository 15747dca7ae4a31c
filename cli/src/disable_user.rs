//! `disable-user` and `enable-user`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{UserId, Username};
use shared::table::{Actor, Table};

use super::print_json;
use super::user_ref::UserRef;

#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
}

#[derive(Serialize)]
struct UserState {
    id: UserId,
    username: Username,
    disabled: bool,
}

pub(super) async fn run(table: &Table, options: Options, disabled: bool) -> Result<()> {
    let user = options.user.require(table).await?.into_inner();
    table.set_disabled(&Actor::operator(), user.id, disabled).await?;
    print_json(&UserState { id: user.id, username: user.username, disabled })
}
