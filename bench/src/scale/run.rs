//! Requests as the data grows: a table filled with clones of a household, bypassing the API, whose
//! users sign in and call the API.

use super::measure::{Senders, points};
use super::model;
use super::requests::{self, Request};
use super::table::Table;
use super::{Dimension, Point, Row, Scaled, Sizes};
use anyhow::{Context, Result};
use devkit::out;

/// How many users of a table send a request so that its time is taken, each once.
pub(super) const SAMPLES: usize = 30;

/// Measures at all sizes. The table is at its largest when accounts and users grow.
pub(crate) async fn measured(sizes: &Sizes) -> Result<Scaled> {
    let mut table = Table::start(&sizes.folder).await?;
    let mut rows = by_users(&mut table, &sizes.users).await?;
    rows.extend(by_members(&mut table, &sizes.members).await?);
    rows.extend(by_accounts(&mut table, &sizes.accounts).await?);
    rows.extend(by_offset(&mut table, &sizes.offsets).await?);
    rows.extend(by_invitations(&mut table, &sizes.invitations).await?);
    rows.extend(by_entries(&mut table, &sizes.entries).await?);
    Ok(Scaled { rows })
}

/// Every operation by users from all over the table. Each is counted with a user of its own who
/// made no other request.
async fn by_users(table: &mut Table, sizes: &[u64]) -> Result<Vec<Row>> {
    let requests = requests::every_operation();
    let mut by_size = Vec::new();
    for size in sizes {
        let users = table.grow(*size, requests.len() + SAMPLES + 1).await?;
        let (counted, timed) = users.split_at(requests.len());
        let senders =
            Senders { counted: table.sign_in(counted).await?, timed: table.sign_in(timed).await? };
        by_size.push(points(table.app_mut(), &requests, &senders, *size).await?);
        out::line(format!("Measured with {size} users in the table"))?;
    }
    Ok(rows(Dimension::Users, &requests, &by_size))
}

/// The founder of an account makes the requests; another one, of an equally large account, is
/// timed.
async fn by_members(table: &mut Table, sizes: &[u64]) -> Result<Vec<Row>> {
    let requests = requests::about_members();
    let mut by_size = Vec::new();
    for size in sizes {
        let founders = [table.account_of(*size).await?, table.account_of(*size).await?];
        by_size.push(two(table, &requests, &founders, *size).await?);
        out::line(format!("Measured an account with {size} members"))?;
    }
    Ok(rows(Dimension::Members, &requests, &by_size))
}

/// A user with accounts of the own, and one with accounts of others.
async fn by_accounts(table: &mut Table, sizes: &[u64]) -> Result<Vec<Row>> {
    let (own, others) = (requests::about_accounts(), requests::about_accounts_of_others());
    let (mut of_own, mut of_others) = (Vec::new(), Vec::new());
    for size in sizes {
        let founders = [table.founder_of(*size).await?, table.founder_of(*size).await?];
        of_own.push(two(table, &own, &founders, *size).await?);
        let members = [table.member_of(*size).await?, table.member_of(*size).await?];
        of_others.push(two(table, &others, &members, *size).await?);
        out::line(format!("Measured a user with {size} accounts"))?;
    }
    let mut all = rows(Dimension::Accounts, &own, &of_own);
    all.extend(rows(Dimension::Accounts, &others, &of_others));
    Ok(all)
}

/// Always of the same account, which is large enough for a full page after the largest offset.
async fn by_offset(table: &mut Table, sizes: &[u64]) -> Result<Vec<Row>> {
    let requests = requests::with_offset();
    let largest = sizes.iter().max().context("no offset")?;
    let founder = table.account_of(largest + requests::LIMIT).await?;
    let founders = [founder.clone(), founder];
    let mut by_size = Vec::new();
    for size in sizes {
        by_size.push(two(table, &requests, &founders, *size).await?);
    }
    Ok(rows(Dimension::Offset, &requests, &by_size))
}

/// Two admins, each of an account whose invitations were sent through the API.
async fn by_invitations(table: &mut Table, sizes: &[u64]) -> Result<Vec<Row>> {
    let requests = requests::about_invitations();
    let mut by_size = Vec::new();
    for size in sizes {
        let founders = [table.account_of(1).await?, table.account_of(1).await?];
        let senders = senders(table, &founders).await?;
        for admin in senders.counted.iter().chain(&senders.timed) {
            table.invite(admin, *size).await;
        }
        by_size.push(points(table.app_mut(), &requests, &senders, *size).await?);
        out::line(format!("Measured an account with {size} invitations"))?;
    }
    Ok(rows(Dimension::Invitations, &requests, &by_size))
}

/// One user makes all requests and is timed: a second log as large would show nothing more.
async fn by_entries(table: &mut Table, sizes: &[u64]) -> Result<Vec<Row>> {
    let requests = requests::about_entries();
    let mut by_size = Vec::new();
    for size in sizes {
        let user = table.user_with_entries(*size).await?;
        by_size.push(two(table, &requests, &[user.clone(), user], *size).await?);
        out::line(format!("Measured a user with {size} entries"))?;
    }
    Ok(rows(Dimension::Entries, &requests, &by_size))
}

/// All requests by the first user, and all again by the second one, who is timed.
async fn two(
    table: &mut Table,
    requests: &[Request],
    users: &[model::Names; 2],
    size: u64,
) -> Result<Vec<Point>> {
    let senders = senders(table, users).await?;
    points(table.app_mut(), requests, &senders, size).await
}

/// The first user's requests are counted, the second one's are timed.
async fn senders(table: &Table, users: &[model::Names; 2]) -> Result<Senders> {
    let (counted, timed) = users.split_at(1);
    Ok(Senders { counted: table.sign_in(counted).await?, timed: table.sign_in(timed).await? })
}

/// The points of every request, which were taken size by size.
fn rows(dimension: Dimension, requests: &[Request], by_size: &[Vec<Point>]) -> Vec<Row> {
    let row = |(place, request): (usize, &Request)| Row {
        dimension,
        request: request.name().to_owned(),
        price: request.price(),
        points: by_size.iter().map(|points| points[place].clone()).collect(),
    };
    requests.iter().enumerate().map(row).collect()
}
