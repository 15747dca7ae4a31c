//! The report: shares of the floors' figures first, then the measurements.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};

use super::pages::PageShares;
use super::{
    LEAN, Measured, Results, Round, STOCK, billed, chart, document, passwords, throughput,
};
use crate::costs::wrapped;
use devkit::{out, workspace};

/// Where `--write` puts the chart.
const CHART: &str = "docs/performance.svg";

/// One program as shares of what a floor takes.
pub(crate) struct Shares<'a> {
    pub(crate) of: &'a Measured,
    pub(crate) cold: f64,
    pub(crate) warm: f64,
    pub(crate) warm_p99: f64,
    /// Of a warm request.
    pub(crate) cpu: f64,
    pub(crate) memory: f64,
    pub(crate) size: f64,
}

impl<'a> Shares<'a> {
    fn new(measured: &'a Measured, floor: &Measured) -> Self {
        Self {
            of: measured,
            cold: midmean(measured, |round| round.cold_ms) / midmean(floor, |round| round.cold_ms),
            warm: midmean(measured, |round| round.warm_p50_ms)
                / midmean(floor, |round| round.warm_p50_ms),
            warm_p99: measured.warm_p99_ms / floor.warm_p99_ms,
            cpu: measured.warm_cpu_ms / floor.warm_cpu_ms,
            memory: measured.peak_kib / floor.peak_kib,
            size: measured.size as f64 / floor.size as f64,
        }
    }

    /// The budgets that shares of the stock exceed. Programs that hash passwords or are only
    /// compared have none; the others have one for calls, and reads one for each share.
    fn over_budget(&self) -> Vec<&'static str> {
        if !self.of.is_function() || self.of.is_compared || self.of.hashes {
            return Vec::new();
        }
        let warm = match (self.of.is_read, self.of.due_rounds) {
            (true, 0 | 1) => 1.10,
            (true, 2) => 1.5,
            (false, 2) => 2.8,
            _ => f64::INFINITY,
        };
        let start = |most| if self.of.is_read { most } else { f64::INFINITY };
        let within = [
            ("calls", self.of.calls, f64::from(self.of.due_rounds)),
            ("cold", self.cold, start(0.75)),
            ("warm", self.warm, warm),
            ("memory", self.memory, start(0.85)),
            ("size", self.size, start(0.90)),
        ];
        // A value that could not be measured exceeds the budget.
        let is_within = |share: f64, most: f64| share <= most;
        let over = within.iter().filter(|(_, share, most)| !is_within(*share, *most));
        over.map(|(name, ..)| *name).collect()
    }
}

/// The mean of the middle half of the rounds. On a virtual machine that alternates between two
/// speeds, medians jump from one to the other, and this does not; outliers are left out all the
/// same.
fn midmean(measured: &Measured, of: fn(&Round) -> f64) -> f64 {
    let mut times: Vec<_> = measured.rounds.iter().map(of).collect();
    times.sort_unstable_by(f64::total_cmp);
    let cut = times.len() / 4;
    let middle = &times[cut..times.len() - cut];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// Prints, and fails if something is over its budget; writes the documentation too if it shall.
pub(crate) fn report(over_tls: &Results, without_tls: &Results, write: bool) -> Result<()> {
    let [of_lean, of_stock] = [shares(over_tls, LEAN)?, shares(over_tls, STOCK)?];
    let plain = shares(without_tls, LEAN)?;
    let page = PageShares::new(&of_lean);
    let section = section([&of_lean, &plain, &of_stock], page.as_ref(), over_tls, without_tls)?;
    out::line(&section)?;
    let mut over: Vec<_> = of_stock
        .iter()
        .filter(|shares| !shares.over_budget().is_empty())
        .map(|shares| {
            let Measured { program, operation, .. } = shares.of;
            format!("{program}, {operation}: {}", shares.over_budget().join(", "))
        })
        .collect();
    let over_read = page.as_ref().map(PageShares::over_budget).unwrap_or_default();
    over.extend(over_read.iter().map(|name| format!("a page with a session: {name}")));
    ensure!(over.is_empty(), "over budget: {}", over.join("; "));
    if write {
        document::write(document::MEASURED, &section)?;
        fs::write(workspace::root().join(CHART), chart::chart(&of_lean))?;
    }
    Ok(out::line("Everything is within its budget.")?)
}

fn shares<'a>(results: &'a Results, floor: &str) -> Result<Vec<Shares<'a>>> {
    let floor = results.all.iter().find(|measured| measured.program == floor);
    let floor = floor.context("the floor was not measured")?;
    ensure!(!floor.rounds.is_empty(), "nothing was started");
    Ok(results.all.iter().map(|measured| Shares::new(measured, floor)).collect())
}

fn section(
    [of_lean, plain, of_stock]: [&[Shares<'_>]; 3],
    page: Option<&PageShares>,
    over_tls: &Results,
    without_tls: &Results,
) -> Result<String> {
    let mut text = compared_with() + "\n";
    let starts = over_tls.starts();
    writeln!(text, "Shares of what the lean one takes, over TLS, each started {starts} times:\n")?;
    text += &table(of_lean)?;
    writeln!(text, "\nWithout TLS, each started {} times:\n", without_tls.starts())?;
    text += &table(plain)?;
    writeln!(text, "\nShares of what the stock one takes, over TLS:\n")?;
    text += &table(of_stock)?;
    if let Some(page) = page {
        text += "\n";
        text += &page.section()?;
    }
    for (results, transport) in [(over_tls, "over TLS"), (without_tls, "without TLS")] {
        let starts = results.starts();
        writeln!(text, "\nWhat was measured, {transport}, each started {starts} times:\n")?;
        text += &absolute(results)?;
    }
    text += "\n";
    text += &passwords::section(over_tls)?;
    text += "\n";
    text += &billed::section(over_tls)?;
    text += "\n";
    text += &throughput::section(over_tls)?;
    Ok(text.lines().map(wrapped).collect())
}

/// What the functions are compared with, for readers of what follows.
pub(crate) fn compared_with() -> String {
    wrapped(
        "The functions are compared with the lean function (floor B). It reads a token, a user, an \
         account and a membership with one call, as golem's and quave's reads of an account do, and \
         checks none of them: the functions do. It is as little as the SDK allows: one thread, no \
         `aws-config`, ring, built for speed. Floor A is `lambda_http` alone, with a constant \
         response. The stock function (floor C) does the same read as the SDK's guide shows it, \
         built as cargo-lambda does; once more with a folder of certificates, and once more with \
         aws-lc built without its jitter entropy. The peers do it by the SDKs for JavaScript and \
         Python, as scripts of their own that nothing bundles, without Lambda's client around them.",
    )
}

/// A figure of a program's file.
fn of_file(of: &Measured, figure: f64) -> String {
    if of.size == 0 { "-".to_owned() } else { format!("{figure:.2}") }
}

fn table(shares: &[Shares<'_>]) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "| program | request | cold start | warm p50 | warm p99 | warm CPU | memory | size |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|---|---|")?;
    for Shares { of, cold, warm, warm_p99, cpu, memory, size } in shares {
        write!(text, "| {} | {} | {cold:.2} | {warm:.2} ", of.program, of.operation)?;
        let size = of_file(of, *size);
        writeln!(text, "| {warm_p99:.2} | {cpu:.2} | {memory:.2} | {size} |")?;
    }
    Ok(text)
}

fn absolute(results: &Results) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "| program | request | init ms | first ms | cold ms | its CPU ms | warm p50 ms | warm p99 ms | warm CPU ms | table ms | memory MiB | size MB | calls | bytes | instructions |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")?;
    for one in &results.all {
        let (memory, size) = (one.peak_kib / 1024.0, of_file(one, one.size as f64 / 1e6));
        let instructions = one.instructions.map_or("-".to_owned(), |count| count.to_string());
        write!(
            text,
            "| {} | {} | {:.1} | {:.1} ",
            one.program, one.operation, one.init_ms, one.first_ms
        )?;
        write!(text, "| {:.1} | {:.1} ", one.cold_ms, one.cold_cpu_ms)?;
        write!(text, "| {:.2} | {:.2} ", one.warm_p50_ms, one.warm_p99_ms)?;
        write!(text, "| {:.3} | {:.2} ", one.warm_cpu_ms, one.table_ms)?;
        writeln!(
            text,
            "| {memory:.1} | {size} | {} | {:.0} | {instructions} |",
            one.calls, one.bytes
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(cold: [f64; 8], warm: [f64; 8]) -> Vec<Round> {
        let round = |(cold_ms, warm_p50_ms)| Round { cold_ms, warm_p50_ms };
        cold.into_iter().zip(warm).map(round).collect()
    }

    /// A read of one call by a function that hashes nothing.
    fn read() -> Measured {
        Measured {
            rounds: rounds(
                [6.0, 99.0, 2.0, 25.0, 4.0, 15.0, 90.0, 3.0],
                [0.5, 9.0, 1.0, 5.0, 1.0, 1.0, 8.0, 0.1],
            ),
            ..Measured::of_a_read()
        }
    }

    fn over(of: &Measured, [cold, warm, memory, size]: [f64; 4]) -> Vec<&'static str> {
        Shares { of, cold, warm, warm_p99: 9.0, cpu: 9.0, memory, size }.over_budget()
    }

    #[test]
    fn a_figure_at_its_budget_passes_and_one_above_is_reported() {
        assert_eq!(over(&read(), [0.75, 1.10, 0.85, 0.90]), Vec::<&str>::new());
        let names = ["cold", "warm", "memory", "size"];
        assert_eq!(over(&read(), [0.76, 1.11, 0.86, 0.91]), names);
        assert_eq!(over(&read(), [f64::NAN; 4]), names);
        let alone = Measured { due_rounds: 0, calls: 0.0, ..read() };
        assert_eq!(over(&alone, [0.75, 1.10, 0.85, 0.90]), Vec::<&str>::new());
        assert_eq!(over(&alone, [0.76, 1.11, 0.86, 0.91]), names);
        let longer = Measured { due_rounds: 2, calls: 2.0, ..read() };
        assert_eq!(over(&longer, [0.75, 1.5, 0.85, 0.90]), Vec::<&str>::new());
        assert_eq!(over(&longer, [0.76, 1.51, 0.86, 0.91]), names);
        let write = Measured { is_read: false, due_rounds: 2, calls: 2.0, ..read() };
        assert_eq!(over(&write, [9.0, 2.8, 9.0, 9.0]), Vec::<&str>::new());
        assert_eq!(over(&write, [0.1, 2.81, 0.1, 0.1]), ["warm"]);
    }

    #[test]
    fn one_call_more_than_the_expected_round_trips_exceeds_the_budget() {
        assert_eq!(over(&Measured { calls: 2.0, ..read() }, [0.1; 4]), ["calls"]);
        let longer = Measured { due_rounds: 2, calls: 3.0, ..read() };
        assert_eq!(over(&longer, [0.1; 4]), ["calls"]);
        let write = Measured { is_read: false, due_rounds: 2, calls: 3.0, ..read() };
        assert_eq!(over(&write, [0.1; 4]), ["calls"]);
    }

    #[test]
    fn requests_of_other_round_trips_have_every_budget_but_warm_time() {
        let longer = Measured { due_rounds: 3, calls: 4.0, ..read() };
        assert_eq!(over(&longer, [0.76, 9.0, 0.86, 0.91]), ["calls", "cold", "memory", "size"]);
        let write = Measured { is_read: false, due_rounds: 3, calls: 4.0, ..read() };
        assert_eq!(over(&write, [9.0; 4]), ["calls"]);
    }

    #[test]
    fn floors_functions_that_hash_and_compared_programs_have_no_budget() {
        for unbounded in [
            Measured { program: "floor A: constant".to_owned(), ..read() },
            Measured { hashes: true, ..read() },
            Measured { is_compared: true, ..read() },
        ] {
            assert_eq!(over(&unbounded, [9.0; 4]), Vec::<&str>::new(), "{unbounded:?}");
        }
    }

    #[test]
    fn shares_are_of_the_same_runs_floor_and_times_are_midmeans() {
        let floor = Measured {
            program: LEAN.to_owned(),
            cold_ms: 50.0,
            warm_p50_ms: 4.0,
            warm_p99_ms: 8.0,
            warm_cpu_ms: 2.0,
            peak_kib: 16384.0,
            size: 14_000_000,
            rounds: rounds(
                [52.0, 1.0, 48.0, 99.0, 52.0, 48.0, 1.0, 99.0],
                [4.5, 3.5, 0.0, 9.0, 3.5, 4.5, 9.0, 0.0],
            ),
            ..read()
        };
        let results = Results { all: vec![read(), floor], ..Results::default() };

        let shares = shares(&results, LEAN).unwrap();

        let Shares { cold, warm, warm_p99, cpu, memory, size, .. } = shares[0];
        let shown = [cold, warm, warm_p99, cpu, memory, size].map(|share| format!("{share:.2}"));
        assert_eq!(shown, ["0.25", "0.50", "0.25", "0.25", "0.50", "0.50"]);
        assert!(super::shares(&results, STOCK).is_err());
    }
}
