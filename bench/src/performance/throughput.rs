//! Requests per second of one process, and of ten at once.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::{LEAN, Loaded, Results};

/// A row for each program, with shares of what the lean one does.
pub(crate) fn section(results: &Results) -> Result<String> {
    let mut text = String::from(
        "Requests per second, each process asked again as soon as it has responded, beside the \
         bench and its engine on the same cores; shares are of the lean function's, and CPU is a \
         request's in the process that is alone:\n\n\
         | program | of one | share | of ten | share | CPU ms |\n|---|---|---|---|---|---|\n",
    );
    let of = |program: &str, alone: bool| {
        let is_it = |one: &&Loaded| one.program == program && (one.processes == 1) == alone;
        results.loaded.iter().find(is_it).context("a program was not loaded")
    };
    for one in results.loaded.iter().filter(|one| one.processes == 1) {
        let ten = of(&one.program, false)?;
        let share = |loaded: &Loaded, alone: bool| {
            of(LEAN, alone).map(|lean| loaded.requests_per_second / lean.requests_per_second)
        };
        write!(text, "| {} | {:.0} ", one.program, one.requests_per_second)?;
        write!(text, "| {:.2} | {:.0} ", share(one, true)?, ten.requests_per_second)?;
        writeln!(text, "| {:.2} | {:.3} |", share(ten, false)?, one.cpu_ms)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_under_load_have_shares_of_what_the_lean_one_does() {
        let loaded = |program: &str, processes, requests_per_second| Loaded {
            program: program.to_owned(),
            processes,
            requests_per_second,
            cpu_ms: 0.25,
        };
        let loaded = vec![
            loaded(LEAN, 1, 1000.0),
            loaded(LEAN, 10, 2000.0),
            loaded("own", 1, 900.0),
            loaded("own", 10, 2100.0),
        ];

        let section = section(&Results { loaded, ..Results::default() }).unwrap();

        assert!(section.ends_with("\n| own | 900 | 0.90 | 2100 | 1.05 | 0.250 |\n"), "{section}");
        assert!(section.contains("\n| floor B: lean | 1000 | 1.00 | 2000 | 1.00 | 0.250 |\n"));
    }
}
