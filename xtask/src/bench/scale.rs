//! What requests cost as what they work on grows: the users in the table, the members of an account, the accounts of a
//! user, and the `offset` of a list.

mod report;
mod rule;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Task, done, measuring};
use devkit::out;

/// How large everything gets, each from small to large.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sizes {
    /// Users in the table.
    pub users: Vec<u64>,
    /// Members of an account.
    pub members: Vec<u64>,
    /// Accounts of a user.
    pub accounts: Vec<u64>,
    /// The `offset` of e24's list.
    pub offsets: Vec<u64>,
    /// A folder for the table's file.
    pub folder: PathBuf,
}

impl Sizes {
    fn up_to(users: u64, folder: &Path) -> Self {
        let mut table = vec![1_000, 100_000, 1_000_000];
        table.retain(|size| *size < users);
        table.push(users);
        Self {
            users: table,
            members: vec![1, 100, 10_000],
            accounts: vec![1, 100, 1_000],
            offsets: vec![0, 1_000, 10_000],
            folder: folder.to_owned(),
        }
    }
}

/// What all requests came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scaled {
    /// In the order in which they were sent.
    pub rows: Vec<Row>,
}

/// One request, sent at every size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// What grows.
    pub dimension: Dimension,
    /// The operation, and what it is asked.
    pub request: String,
    /// What it may cost.
    pub price: Price,
    /// From small to large.
    pub points: Vec<Point>,
}

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dimension {
    /// The users in the table.
    Users,
    /// The members of the account that is asked about.
    Members,
    /// The accounts of the user who asks.
    Accounts,
    /// The users that a list leaves out.
    Offset,
}

/// What a request may cost as something grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Price {
    /// The same at every size.
    Flat,
    /// So much more for each of these.
    Per(String),
}

/// One request at one size.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Of what grows.
    pub size: u64,
    /// How many of those there were that each have a price.
    pub things: u64,
    /// To the table.
    pub calls: u64,
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
    /// From the event to its answer, in milliseconds: the median.
    pub p50_ms: f64,
}

/// Measures and reports; fails if something costs more than its price.
pub(super) async fn run(folder: &Path, users: u64, write: bool) -> Result<()> {
    let sizes = Sizes::up_to(users, folder);
    out::line(format!("Measuring, with up to {users} users in the table"))?;
    let scaled: Scaled = done(&Task::Scale(sizes), measuring()?, folder, "scale").await?;
    report::report(&scaled, write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_grows_to_the_size_that_is_asked_for_and_no_further() {
        let users = |most| Sizes::up_to(most, Path::new("target")).users;

        assert_eq!(users(1_000_000), [1_000, 100_000, 1_000_000]);
        assert_eq!(users(20_000), [1_000, 20_000]);
        assert_eq!(users(1_000), [1_000]);
    }
}
