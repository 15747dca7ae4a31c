//! Instructions of a warm request and of a start, counted by callgrind: the difference of two runs
//! that differ in nothing but the number of requests, and what is left of one without it.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use devkit::private_file;
use devkit::tools::VALGRIND;
use tokio::process::Command;

use super::environment::{Environment, Subject};
use super::process::Running;

/// Requests of the one run and of the other. The first ones grow buffers; two starts never take the
/// same, which is shared out over the difference.
const FEW: u64 = 20;
const MANY: u64 = 260;

/// Of a later request, and of a start up to its first response.
pub(crate) async fn counts(environment: &Environment, subject: &Subject) -> Result<[u64; 2]> {
    let few = total(&counted(environment, subject, FEW).await?)?;
    let many = total(&counted(environment, subject, MANY).await?)?;
    ensure!(
        many > few,
        "{}: {MANY} requests took {many} instructions, {FEW} took {few}",
        subject.name
    );
    let later = (many - few) / (MANY - FEW);
    Ok([later, few.saturating_sub(later * (FEW - 1))])
}

/// The symbols of what a start and some requests run.
pub(crate) async fn ran(environment: &Environment, subject: &Subject) -> Result<BTreeSet<String>> {
    // A name comes with its number once, and a level of recursion after `'`.
    let counts = counted(environment, subject, FEW).await?;
    let names = counts.lines().filter_map(|line| line.split_once("fn=")?.1.split_once(' '));
    Ok(names.filter_map(|(_, name)| Some(name.split('\'').next()?.to_owned())).collect())
}

/// The file of the counts.
async fn counted(environment: &Environment, subject: &Subject, requests: u64) -> Result<String> {
    let counts = environment.folder().join("callgrind.out");
    private_file::remove(&counts)?;
    let mut command = Command::new(VALGRIND);
    command.args(["--quiet", "--tool=callgrind", "--demangle=no"]);
    command.arg(format!("--callgrind-out-file={}", counts.display())).arg(&subject.program);
    let mut running = Running::start(command, subject).await.context("under valgrind")?;
    for _ in 0..requests {
        running.send(subject).await?;
    }
    running.end().await?;
    Ok(fs::read_to_string(counts)?)
}

fn total(counts: &str) -> Result<u64> {
    let total = counts.lines().find_map(|line| line.strip_prefix("totals:"));
    Ok(total.context("callgrind counted nothing")?.trim().parse()?)
}
