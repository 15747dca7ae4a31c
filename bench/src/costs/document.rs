//! The part of docs/costs.md that is worked out.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::facts::{Facts, Measured, Stack};
use super::idle::{self, Item};
use super::request::{Assumptions, Requests};
use testkit::Prices;

/// Where it stands.
pub(crate) const PATH: &str = "docs/costs.md";

const BEGIN: &str = "<!-- Worked out by `cargo xtask costs --write`, up to the end. -->\n";

/// The document with this in place of the previous section.
pub(crate) fn in_document(document: &str, section: &str) -> Result<String> {
    let (written, _) = document.split_once(BEGIN).context("the document has no place for it")?;
    Ok(format!("{written}{BEGIN}\n{section}"))
}

/// All of it.
pub(crate) fn section(facts: &Facts, assumptions: &Assumptions) -> Result<String> {
    let prices = Prices::load()?;
    let stack = facts.stacks.first().context("there is no stack")?;
    let requests = Requests::to(stack, &prices, assumptions)?;
    let mut text = String::new();
    every_request(&mut text, &requests)?;
    by_operation(&mut text, &requests, &facts.operations)?;
    by_credential(&mut text, &requests, &facts.credentials)?;
    by_the_hour(&mut text, &prices)?;
    idle_bill(&mut text, &prices, &facts.stacks)?;
    price_table(&mut text, &prices)?;
    Ok(text.lines().map(wrapped).collect())
}

/// A line of prose in lines of at most 100 characters; rows of tables stay as they are.
pub(crate) fn wrapped(line: &str) -> String {
    let (mut text, mut width) = (String::new(), 0);
    for word in line.split(' ') {
        let length = word.chars().count();
        if width > 0 {
            let fits = line.starts_with('|') || width + 1 + length <= 100;
            text.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        text.push_str(word);
        width += length;
    }
    text + "\n"
}

fn every_request(text: &mut String, requests: &Requests<'_>) -> Result<()> {
    writeln!(text, "## Every request\n\nAssumed: {}.\n", requests.assumptions.description())?;
    writeln!(text, "| whatever it asks for | dollars per million |\n|---|---:|")?;
    let mut all = 0.0;
    for (what, dollars) in requests.shared()? {
        writeln!(text, "| {what} | {dollars:.2} |")?;
        all += dollars;
    }
    writeln!(text, "| together | {all:.2} |")?;
    let more = requests.if_all_are_traced()?;
    writeln!(
        text,
        "\nAt less than one request a second X-Ray records every one: that adds {more:.2} to the \
         last line, and to every *all* below.\n"
    )?;
    Ok(())
}

const COLUMNS: &str = "function, MB | calls to the table | read units | write units | \
log line, bytes | response, bytes | table $ | log $ | response $ | time $ (assumed) | all $ |\n\
    |---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

fn by_operation(text: &mut String, requests: &Requests<'_>, measured: &[Measured]) -> Result<()> {
    writeln!(
        text,
        "## Every operation\n\nDollars per million requests; *all* has what every request costs.\n"
    )?;
    writeln!(text, "| operation | {COLUMNS}")?;
    measured.iter().try_for_each(|one| row(text, requests, one))?;
    writeln!(text)?;
    Ok(())
}

fn by_credential(text: &mut String, requests: &Requests<'_>, measured: &[Measured]) -> Result<()> {
    writeln!(
        text,
        "## What the credential changes\n\nThe same request with other credentials, and a write \
         under an `Idempotency-Key`, whose response is stored for a day.\n"
    )?;
    writeln!(text, "| request | {COLUMNS}")?;
    measured.iter().try_for_each(|one| row(text, requests, one))?;
    writeln!(text)?;
    Ok(())
}

fn row(text: &mut String, requests: &Requests<'_>, one: &Measured) -> Result<()> {
    let Measured { name, function, reads, writes, log_bytes, response_bytes, .. } = one;
    let megabytes = requests.memory.get(function).context("an unknown function")?;
    let cost = requests.per_million(one)?;
    writeln!(
        text,
        "| `{name}` | {function}, {megabytes} | {} | {reads} | {writes} | {log_bytes} \
         | {response_bytes} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
        calls(one),
        cost.table,
        cost.log,
        cost.response,
        cost.time,
        cost.all
    )?;
    Ok(())
}

fn calls(one: &Measured) -> String {
    if one.calls.is_empty() {
        return "none".to_owned();
    }
    let calls: Vec<_> =
        one.calls.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
    match one.rounds {
        1 => format!("{}; in 1 round trip", calls.join(", ")),
        rounds => format!("{}; in {rounds} round trips", calls.join(", ")),
    }
}

fn by_the_hour(text: &mut String, prices: &Prices) -> Result<()> {
    let one = prices.dollars("metrics", 1.0)?;
    let reads = 12.0 * 730.0;
    let secret = prices.dollars("secret-reads", reads)?;
    writeln!(
        text,
        "## By the hour in use\n\n\
         A metric is paid for by the hours in which it has values. The functions make one, of \
         rejected sign-ins over all routes, and each function of a `prod` stack two of its \
         failures while it logs, of all versions and of the newest: {one:.2} dollars a month each, \
         if it has values in every hour. An hour without a request costs nothing. What else is to \
         be known of requests is in their log lines, and costs nothing more.\n\n\
         A running function reads the service key when it starts, and when a request needs it \
         again after five minutes: at most {reads} calls or {secret:.2} dollars a month for an \
         instance that is always busy.\n"
    )?;
    Ok(())
}

fn idle_bill(text: &mut String, prices: &Prices, stacks: &[Stack]) -> Result<()> {
    let bills: Vec<Vec<Item>> =
        stacks.iter().map(|stack| idle::bill(stack, prices)).collect::<Result<_>>()?;
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    writeln!(
        text,
        "## Idle cost\n\nDollars per month, and for how many, without any request or compute.\n"
    )?;
    writeln!(text, "| item | {} |\n|---|{}", names.join(" | "), "---:|".repeat(names.len()))?;
    for (place, item) in bills.first().context("there is no stack")?.iter().enumerate() {
        let cells = bills.iter().map(|bill| cell(&bill[place])).collect::<Vec<_>>();
        writeln!(text, "| {} | {} |", item.what, cells.join(" | "))?;
    }
    let totals = bills
        .iter()
        .map(|bill| format!("{:.2}", bill.iter().map(|item| item.dollars).sum::<f64>()));
    writeln!(text, "| together | {} |\n", totals.collect::<Vec<_>>().join(" | "))?;
    held(text, prices)?;
    let free: Vec<_> = idle::FREE.iter().map(|(why, _)| *why).collect();
    writeln!(text, "Everything else costs nothing by being there: {}.\n", free.join("; "))?;
    Ok(())
}

fn cell(item: &Item) -> String {
    if item.count == 0 { "–".to_owned() } else { format!("{:.2} ({})", item.dollars, item.count) }
}

fn held(text: &mut String, prices: &Prices) -> Result<()> {
    let [data, backups, logs] =
        ["table-storage", "table-recovery", "logs-kept"].map(|name| prices.dollars(name, 1.0));
    let (data, backups, logs) = (data?, backups?, logs?);
    writeln!(
        text,
        "Storage is paid for as well, in both stages: each GB in the table with {data:.2} dollars \
         a month, its backups for point-in-time recovery with {backups:.2} more, each GB of logs \
         with {logs:.2} until `LogRetentionDays` have passed.\n"
    )?;
    Ok(())
}

fn price_table(text: &mut String, prices: &Prices) -> Result<()> {
    writeln!(
        text,
        "## Prices\n\nOf {}, in dollars, from `testkit/src/prices.yaml`. Free tiers are listed and \
         not subtracted.\n",
        prices.region
    )?;
    writeln!(text, "| what | price | free, notes | date | source |\n|---|---|---|---|---|")?;
    for price in prices.all() {
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            price.what,
            price.rate(),
            price.notes(),
            price.date,
            price.source
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_above_the_mark_is_unchanged() {
        let document = format!("# Costs\n\n{BEGIN}\nold\n");

        let written = in_document(&document, "new\n").unwrap();

        assert_eq!(written, format!("# Costs\n\n{BEGIN}\nnew\n"));
        assert!(in_document("# Costs\n", "new\n").is_err());
    }

    #[test]
    fn prose_is_wrapped_at_100_characters_and_rows_are_not() {
        let [first, second] = ["a".repeat(60), "b".repeat(40)];

        assert_eq!(wrapped(&format!("{first} {second}")), format!("{first}\n{second}\n"));
        assert_eq!(wrapped(&format!("{first} {}", "b".repeat(39))).lines().count(), 1);
        assert_eq!(wrapped(&format!("| {first} | {second} |")).lines().count(), 1);
        assert_eq!(wrapped(""), "\n");
    }
}
