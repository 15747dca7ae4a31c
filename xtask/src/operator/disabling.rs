//! `disable-user` and `enable-user`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{UserId, Username};
use shared::table::Table;

use super::print;
use super::who::Who;

#[derive(Args)]
pub(super) struct Whose {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: Who,
}

#[derive(Serialize)]
struct Done {
    id: UserId,
    username: Username,
    disabled: bool,
}

pub(super) async fn run(table: &Table, options: Whose, disabled: bool) -> Result<()> {
    let user = options.user.find(table).await?.into_inner();
    table.set_disabled(user.id, disabled).await?;
    print(&Done { id: user.id, username: user.username, disabled })
}
