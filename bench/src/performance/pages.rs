//! A page with a session, against a read with a token in the same run.

use std::fmt::Write as _;

use anyhow::Result;

use super::report::Shares;

/// The page: whoever is signed in is read beside the session, and nothing else.
pub(crate) const PAGE_WITH_SESSION: &str = "pages-show-profile";
/// What it is measured against: the same user, read beside a token, by a function that reads the
/// service key at its start as well.
pub(crate) const READ_WITH_TOKEN: &str = "rollcall-get-user";

/// What the page may take of the read's time.
const MOST: f64 = 1.25;

/// The page as shares of what the read takes.
pub(crate) struct PageShares {
    cold: f64,
    warm: f64,
}

impl PageShares {
    /// From their shares of a floor; nothing if one of the two was not measured.
    pub(crate) fn new(all: &[Shares]) -> Option<Self> {
        let of = |operation: &str| all.iter().find(|one| one.of.operation == operation);
        let (page, read) = of(PAGE_WITH_SESSION).zip(of(READ_WITH_TOKEN))?;
        Some(Self { cold: page.cold / read.cold, warm: page.warm / read.warm })
    }

    /// The budgets that it exceeds; a value that could not be measured does.
    pub(crate) fn over_budget(&self) -> Vec<&'static str> {
        let is_within = |share: f64| share <= MOST;
        let shares = [("cold", self.cold), ("warm", self.warm)];
        shares.into_iter().filter(|(_, share)| !is_within(*share)).map(|(name, _)| name).collect()
    }

    pub(crate) fn section(&self) -> Result<String> {
        let Self { cold, warm } = self;
        let mut text = String::new();
        writeln!(
            text,
            "Shares of what the read with a token takes (`{READ_WITH_TOKEN}`), in the same run:\n"
        )?;
        writeln!(text, "| page with a session | cold start | warm p50 |")?;
        writeln!(text, "|---|---|---|")?;
        writeln!(text, "| {PAGE_WITH_SESSION} | {cold:.2} | {warm:.2} |")?;
        writeln!(text, "| at most | {MOST} | {MOST} |")?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::Measured;

    fn named(operation: &str) -> Measured {
        Measured { operation: operation.to_owned(), ..Measured::of_a_read() }
    }

    fn shares(of: &Measured, cold: f64, warm: f64) -> Shares<'_> {
        Shares { of, cold, warm, warm_p99: 9.0, cpu: 9.0, memory: 0.7, size: 0.5 }
    }

    #[test]
    fn a_page_is_compared_with_the_read_of_the_same_run_and_nothing_is_said_without_either() {
        let (page, read, other) =
            (named(PAGE_WITH_SESSION), named(READ_WITH_TOKEN), named("another"));
        let all = [shares(&other, 9.0, 9.0), shares(&read, 0.2, 0.8), shares(&page, 0.3, 0.88)];

        let section = PageShares::new(&all).unwrap().section().unwrap();

        assert!(section.contains("\n| pages-show-profile | 1.50 | 1.10 |\n"), "{section}");
        assert!(section.ends_with("\n| at most | 1.25 | 1.25 |\n"), "{section}");
        assert!(PageShares::new(&all[..2]).is_none());
        assert!(PageShares::new(&[shares(&page, 0.3, 0.88)]).is_none());
    }

    #[test]
    fn a_page_at_its_budget_passes_and_one_above_is_reported() {
        let over = |cold, warm| PageShares { cold, warm }.over_budget();

        assert_eq!(over(1.25, 1.25), Vec::<&str>::new());
        assert_eq!(over(1.26, 1.25), ["cold"]);
        assert_eq!(over(1.25, 1.26), ["warm"]);
        assert_eq!(over(f64::NAN, f64::NAN), ["cold", "warm"]);
    }
}
