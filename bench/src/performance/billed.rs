//! The duration that Lambda would bill for a request, by the function's memory size.

use std::fmt::Write as _;

use anyhow::Result;

use super::{BY_PASSWORD, Measured, Results, SIZES, Throttled, share_of_a_core};
use crate::costs::ROUND_TRIP_MS;

/// A request, as the model takes it.
struct Request {
    /// Of a whole core.
    cpu_ms: f64,
    waiting_ms: f64,
}

impl Request {
    /// A later request; of one by password the first, which hashes.
    fn new(measured: &Measured) -> Self {
        let is_hashing = measured.operation == BY_PASSWORD;
        let cpu_ms = if is_hashing { measured.first_cpu_ms } else { measured.warm_cpu_ms };
        Self { cpu_ms, waiting_ms: f64::from(measured.due_rounds * ROUND_TRIP_MS) }
    }

    fn milliseconds(&self, megabytes: f64) -> f64 {
        self.cpu_ms / share_of_a_core(megabytes) + self.waiting_ms
    }

    /// The size at which memory times started milliseconds is least.
    fn cheapest(&self) -> f64 {
        let price = |megabytes: &f64| megabytes * self.milliseconds(*megabytes).ceil();
        SIZES.into_iter().min_by(|one, other| price(one).total_cmp(&price(other))).unwrap_or(0.0)
    }
}

/// Every function's request at every size, and how far the model holds.
pub(crate) fn section(results: &Results) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "Milliseconds that Lambda would bill: the CPU time of a later request (by password, of the \
         first) by the function's share of a core, and {ROUND_TRIP_MS} ms for each round trip, \
         which only a cloud could tell:\n"
    )?;
    let sizes = SIZES.map(|size| format!("{size} MB")).join(" | ");
    writeln!(text, "| request | CPU ms | round trips | {sizes} | cheapest MB |")?;
    writeln!(text, "|---|---|---|{}---|", "---|".repeat(SIZES.len()))?;
    for one in results.all.iter().filter(|one| one.is_function() && !one.is_compared) {
        let request = Request::new(one);
        let billed = SIZES.map(|size| request.milliseconds(size).ceil().to_string()).join(" | ");
        write!(text, "| {} | {:.2} | {} ", one.operation, request.cpu_ms, one.due_rounds)?;
        writeln!(text, "| {billed} | {} |", request.cheapest())?;
    }
    text += "\n";
    text += &check(&results.throttled)?;
    Ok(text)
}

/// The model against processes that have a part of a core: what they wait for is what they took
/// with a whole one and did not run.
fn check(throttled: &[Throttled]) -> Result<String> {
    if throttled.is_empty() {
        return Ok("The model was not checked: no process could be given a quota.\n".to_owned());
    }
    let mut text = String::from(
        "The same in processes that have a quota, one request after the other, which here wait for \
         the bench's engine alone:\n\n\
         | request | memory size MB | by the model ms | it took ms |\n|---|---|---|---|\n",
    );
    for one in throttled {
        let whole = throttled.iter().rfind(|whole| whole.operation == one.operation).unwrap_or(one);
        let request =
            Request { cpu_ms: whole.cpu_ms, waiting_ms: (whole.took_ms - whole.cpu_ms).max(0.0) };
        let Throttled { operation, megabytes, took_ms, .. } = one;
        let model = request.milliseconds(*megabytes);
        writeln!(text, "| {operation} | {megabytes} | {model:.2} | {took_ms:.2} |")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_waits_is_cheapest_in_the_least_memory() {
        let request = Request { cpu_ms: 0.25, waiting_ms: 8.0 };

        let billed = SIZES.map(|size| request.milliseconds(size).ceil().to_string());

        assert_eq!(billed, ["12", "10", "9", "9", "9"]);
        assert_eq!(request.cheapest().to_string(), "128");
    }

    #[test]
    fn without_a_quota_the_page_says_that_the_model_was_not_checked() {
        let mut results = Results { all: vec![Measured::of_a_read()], ..Results::default() };
        assert!(section(&results).unwrap().contains("not checked"));

        let measured = [(128.0, 6.5), (1769.0, 1.0)];
        results.throttled = measured
            .map(|(megabytes, took_ms)| Throttled {
                operation: "golem-get-account".to_owned(),
                megabytes,
                took_ms,
                cpu_ms: 0.5,
            })
            .into();

        let section = section(&results).unwrap();

        assert!(section.contains("\n| golem-get-account | 0.50 | 1 | 15 | 12 |"), "{section}");
        assert!(section.contains("\n| golem-get-account | 128 | 7.41 | 6.50 |\n"), "{section}");
        assert!(section.ends_with("\n| golem-get-account | 1769 | 1.00 | 1.00 |\n"), "{section}");
    }
}
