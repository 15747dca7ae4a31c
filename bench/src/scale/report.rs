//! The report: one table for each dimension.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::{Dimension, Point, Price, Row, Scaled, rule};
use crate::performance::document;
use devkit::out;

const DIMENSIONS: [Dimension; 6] = [
    Dimension::Users,
    Dimension::Members,
    Dimension::Accounts,
    Dimension::Offset,
    Dimension::Invitations,
    Dimension::Entries,
];

impl Dimension {
    /// The sentence above its table.
    fn heading(self) -> &'static str {
        match self {
            Self::Users => "A table with so many users",
            Self::Members => "An account with so many members",
            Self::Accounts => "A user with so many accounts",
            Self::Offset => "An `offset` of so many users, with a `limit` of 100",
            Self::Invitations => "An account with so many invitations that wait",
            Self::Entries => "A user whose audit log has so many entries and a few more",
        }
    }
}

/// Prints, and fails if something costs more than it may; writes the documentation too if it shall
/// and nothing does.
pub(crate) fn report(scaled: &Scaled, write: bool) -> Result<()> {
    let section = section(scaled)?;
    out::line(&section)?;
    let faults: Vec<String> = scaled.rows.iter().flat_map(rule::faults).collect();
    ensure!(faults.is_empty(), "it costs more than it may:\n{}", faults.join("\n"));
    if write {
        document::write(document::SCALE, &section)?;
    }
    Ok(out::line("Nothing costs more than it may.")?)
}

fn section(scaled: &Scaled) -> Result<String> {
    let mut text = String::new();
    for dimension in DIMENSIONS {
        let rows = scaled.rows.iter().filter(|row| row.dimension == dimension);
        let rows: Vec<&Row> = rows.collect();
        let Some(first) = rows.first() else { continue };
        if !text.is_empty() {
            writeln!(text)?;
        }
        let sizes: Vec<String> = first.points.iter().map(|point| grouped(point.size)).collect();
        writeln!(text, "{}: {}.\n", dimension.heading(), sizes.join(", "))?;
        write!(text, "| request | calls | read units | write units | grows by |")?;
        for size in &sizes {
            write!(text, " ms at {size} |")?;
        }
        writeln!(text, "\n|---|---|---|---|---|{}", "---|".repeat(sizes.len()))?;
        rows.into_iter().try_for_each(|row| line(&mut text, row))?;
    }
    Ok(text)
}

fn line(text: &mut String, row: &Row) -> Result<()> {
    let figures = |of: fn(&Point) -> f64| {
        let mut figures: Vec<String> =
            row.points.iter().map(|point| of(point).to_string()).collect();
        // Equal figures are shown once.
        if figures.iter().all(|figure| *figure == figures[0]) {
            figures.truncate(1);
        }
        figures.join(" → ")
    };
    write!(text, "| {} | {} ", row.request, figures(|point| point.calls as f64))?;
    write!(text, "| {} | {} ", figures(|point| point.reads), figures(|point| point.writes))?;
    write!(text, "| {} |", growth(row))?;
    row.points.iter().try_for_each(|point| write!(text, " {:.2} |", point.p50_ms))?;
    Ok(writeln!(text)?)
}

/// The price of a thing, where things have one.
fn growth(row: &Row) -> String {
    let (Price::Per(thing), Some((reads, writes))) = (&row.price, rule::prices(row)) else {
        return String::new();
    };
    let parts = [("read", reads), ("write", writes)];
    let parts = parts.iter().filter(|(_, price)| *price != 0.0);
    let parts: Vec<String> =
        parts.map(|(kind, price)| format!("{price:.3} {kind} units")).collect();
    if parts.is_empty() { String::new() } else { format!("{} per {thing}", parts.join(", ")) }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(request: &str, price: Price, calls: [u64; 2], reads: [f64; 2]) -> Row {
        let point = |place: usize| Point {
            size: [0, 1_000][place],
            things: [0, 1_000][place],
            calls: calls[place],
            reads: reads[place],
            writes: 0.0,
            p50_ms: 1.0,
        };
        let points = vec![point(0), point(1)];
        Row { dimension: Dimension::Offset, request: request.to_owned(), price, points }
    }

    #[test]
    fn a_table_shows_equal_figures_once_and_prices_where_there_are_any() {
        let per_user = Price::Per("user left out".to_owned());
        let rows = vec![
            row("flat", Price::Flat, [2, 2], [4.0, 4.0]),
            row("grows", per_user, [2, 3], [4.5, 54.5]),
        ];

        let shown = section(&Scaled { rows }).unwrap();

        let table =
            "| request | calls | read units | write units | grows by | ms at 0 | ms at 1,000 |
|---|---|---|---|---|---|---|
| flat | 2 | 4 | 0 |  | 1.00 | 1.00 |
| grows | 2 → 3 | 4.5 → 54.5 | 0 | 0.050 read units per user left out | 1.00 | 1.00 |
";
        assert_eq!(shown, format!("{}: 0, 1,000.\n\n{table}", Dimension::Offset.heading()));
    }

    #[test]
    fn exceeding_the_budget_fails_after_the_table_is_shown() {
        let rows = vec![row("flat", Price::Flat, [2, 3], [4.0, 4.0])];

        let failed = report(&Scaled { rows }, false).unwrap_err().to_string();

        assert_eq!(failed, "it costs more than it may:\nflat: calls 2 → 3");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_000_001].map(grouped), ["0", "999", "1,000", "1,000,001"]);
    }
}
