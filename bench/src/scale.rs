//! The cost of requests as the data grows: the users in the table, the members and invitations of an
//! account, the accounts of a user, the entries of an audit log, and the `offset` of a list.

mod measure;
mod model;
mod report;
mod requests;
mod rule;
mod run;
mod table;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use crate::performance::keep;
use devkit::out;

/// How large everything gets, each from small to large.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    /// Users in the table.
    pub(crate) users: Vec<u64>,
    /// Members of an account.
    pub(crate) members: Vec<u64>,
    /// Accounts of a user.
    pub(crate) accounts: Vec<u64>,
    /// The `offset` of e24's list.
    pub(crate) offsets: Vec<u64>,
    /// Invitations of an account that wait.
    pub(crate) invitations: Vec<u64>,
    /// Entries of a user's audit log.
    pub(crate) entries: Vec<u64>,
    /// A folder for the table's file.
    pub(crate) folder: PathBuf,
}

impl Sizes {
    /// A log grows to as many entries as the table has users.
    fn up_to(users: u64, folder: &Path) -> Self {
        let ending = |sizes: &[u64]| {
            let smaller = sizes.iter().copied().filter(|size| *size < users);
            smaller.chain([users]).collect()
        };
        Self {
            users: ending(&[1_000, 100_000]),
            entries: ending(&[1, 1_000, 100_000]),
            members: vec![1, 100, 10_000],
            accounts: vec![1, 100, 1_000],
            offsets: vec![0, 1_000, 10_000],
            // The requests that are timed add to the largest up to the most that may wait.
            invitations: vec![1, 34, 67],
            folder: folder.to_owned(),
        }
    }
}

/// The results of all requests.
#[derive(Debug, Serialize)]
pub(crate) struct Scaled {
    /// In the order in which they were sent.
    pub(crate) rows: Vec<Row>,
}

/// One request, sent at every size.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What grows.
    pub(crate) dimension: Dimension,
    /// The operation, and the variant of the request.
    pub(crate) request: String,
    /// How its cost may grow.
    pub(crate) price: Price,
    /// From small to large.
    pub(crate) points: Vec<Point>,
}

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Dimension {
    /// The users in the table.
    Users,
    /// The members of the account.
    Members,
    /// The accounts of the caller.
    Accounts,
    /// The users that a list leaves out.
    Offset,
    /// The invitations of the account that wait.
    Invitations,
    /// The entries of the caller's audit log.
    Entries,
}

/// How the cost of a request may grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Price {
    /// The same at every size.
    Flat,
    /// A constant amount for each of these.
    Per(String),
}

/// One request at one size.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Point {
    /// Of what grows.
    pub(crate) size: u64,
    /// How many of those there were that each have a price.
    pub(crate) things: u64,
    /// To the table.
    pub(crate) calls: u64,
    /// Read request units.
    pub(crate) reads: f64,
    /// Write request units.
    pub(crate) writes: f64,
    /// From the event to its response, in milliseconds: the median.
    pub(crate) p50_ms: f64,
}

/// Measures and reports; fails if something costs more than its price.
pub(crate) async fn run(folder: &Path, users: u64, write: bool) -> Result<()> {
    let sizes = Sizes::up_to(users, folder);
    out::line(format!("Measuring, with up to {users} users in the table"))?;
    let scaled = run::measured(&sizes).await?;
    keep(&scaled, folder, "scale")?;
    report::report(&scaled, write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_and_a_log_grow_to_the_requested_size_and_no_further() {
        let users = |most| Sizes::up_to(most, Path::new("target")).users;
        let entries = |most| Sizes::up_to(most, Path::new("target")).entries;

        assert_eq!(users(1_000_000), [1_000, 100_000, 1_000_000]);
        assert_eq!(users(20_000), [1_000, 20_000]);
        assert_eq!(users(1_000), [1_000]);
        assert_eq!(entries(1_000_000), [1, 1_000, 100_000, 1_000_000]);
        assert_eq!(entries(20_000), [1, 1_000, 20_000]);
    }
}
