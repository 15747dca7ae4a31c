//! `set-account`.

use anyhow::Result;
use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;
use shared::model::AccountId;
use shared::table::{AccountFlags, Actor, Table};

use super::print_json;

/// Set what only the operator decides about an account
#[derive(Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub(super) struct Options {
    /// Which account
    #[arg(long, value_name = "ID")]
    account: AccountId,
    /// Whether the operator vouches for it
    #[arg(long, value_enum, value_name = "STATE", group = "change")]
    verified: Option<Switch>,
    /// Whether it may scale by itself
    #[arg(long, value_enum, value_name = "STATE", group = "change")]
    auto_scaling: Option<Switch>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(super) fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetFlags {
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_auto_scaling: Option<bool>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let Options { account, verified, auto_scaling } = options;
    let [is_verified, allow_auto_scaling] =
        [verified, auto_scaling].map(|switch| switch.map(Switch::is_on));
    let flags = AccountFlags { is_verified, allow_auto_scaling };
    table.set_account_flags(&Actor::operator(), account, flags).await?;
    print_json(&SetFlags { account_id: account, is_verified, allow_auto_scaling })
}
