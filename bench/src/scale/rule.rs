//! Which costs must not grow, and how evenly the others may.

use super::{Point, Price, Row};

/// A figure of a point.
struct Measure {
    name: &'static str,
    of: fn(&Point) -> f64,
    /// How many times it may have been rounded up, each time by less than one, at a point of those
    /// that start with this one.
    rounded: fn(first: &Point, at: &Point) -> u64,
}

/// A fetch in several calls ends with a partial one, and every call rounds its units up.
const MEASURES: [Measure; 3] = [
    Measure { name: "calls", of: |point| point.calls as f64, rounded: |first, _| first.calls },
    Measure { name: "read units", of: |point| point.reads, rounded: |_, at| at.calls },
    Measure { name: "write units", of: |point| point.writes, rounded: |_, at| at.calls },
];

/// Every excess cost of a request, in words.
pub(crate) fn faults(row: &Row) -> Vec<String> {
    let fault = |measure: &Measure| {
        let figures: Vec<String> =
            row.points.iter().map(|point| (measure.of)(point).to_string()).collect();
        format!("{}: {} {}", row.request, measure.name, figures.join(" → "))
    };
    let within = |measure: &&Measure| match &row.price {
        Price::Flat => {
            row.points.len() > 1 && row.points.windows(2).all(|pair| is_same(pair, measure))
        }
        Price::Per(_) => is_even(&row.points, measure),
    };
    MEASURES.iter().filter(|measure| !within(measure)).map(fault).collect()
}

#[expect(clippy::float_cmp, reason = "units are counted in halves, which are exact")]
fn is_same(pair: &[Point], measure: &Measure) -> bool {
    (measure.of)(&pair[0]) == (measure.of)(&pair[1])
}

/// Whether each further item costs no more among many than among few, within rounding, and no
/// further item costs nothing.
fn is_even(points: &[Point], measure: &Measure) -> bool {
    let (steps, still): (Vec<_>, Vec<_>) =
        points.windows(2).partition(|pair| pair[0].things != pair[1].things);
    let rounding =
        |step: &[Point], at: &Point| (measure.rounded)(&points[0], at) as f64 / things(step);
    // One step alone does not show whether growth is even.
    points.len() > 2
        && still.iter().all(|pair| is_same(pair, measure))
        && steps.windows(2).all(|pair| {
            let [few, many] = [pair[0], pair[1]];
            let seen = rounding(few, &few[0]) + rounding(many, &many[1]);
            price(many, measure.of) <= price(few, measure.of) + seen
        })
}

fn things(step: &[Point]) -> f64 {
    step[1].things as f64 - step[0].things as f64
}

/// Of one thing more.
fn price(step: &[Point], of: fn(&Point) -> f64) -> f64 {
    (of(&step[1]) - of(&step[0])) / things(step)
}

/// Read and write units for each further item, over all sizes; none if there are no further items.
pub(crate) fn prices(row: &Row) -> Option<(f64, f64)> {
    let (first, last) = row.points.first().zip(row.points.last())?;
    let step = [first.clone(), last.clone()];
    let grows = matches!(row.price, Price::Per(_)) && first.things != last.things;
    grows.then(|| (price(&step, |point| point.reads), price(&step, |point| point.writes)))
}

#[cfg(test)]
mod tests {
    use super::super::Dimension;
    use super::*;

    /// Points of so many things with so many calls and read units.
    fn row(price: Price, points: &[(u64, u64, f64)]) -> Row {
        let point = |(things, calls, reads): &(u64, u64, f64)| Point {
            size: *things,
            things: *things,
            calls: *calls,
            reads: *reads,
            writes: 0.0,
            p50_ms: *things as f64,
        };
        let points = points.iter().map(point).collect();
        Row { dimension: Dimension::Accounts, request: "a request".to_owned(), price, points }
    }

    fn per_thing() -> Price {
        Price::Per("thing".to_owned())
    }

    #[test]
    fn a_flat_request_has_equal_calls_and_units_at_every_size() {
        let flat = [(1, 2, 4.0), (100, 2, 4.0), (10_000, 2, 4.0)];
        assert_eq!(faults(&row(Price::Flat, &flat)), Vec::<String>::new());

        let more_calls = [(1, 2, 4.0), (100, 2, 4.0), (10_000, 3, 4.0)];
        assert_eq!(faults(&row(Price::Flat, &more_calls)), ["a request: calls 2 → 2 → 3"]);
        let half_a_unit = [(1, 2, 4.0), (100, 2, 4.5), (10_000, 2, 4.5)];
        let fault = "a request: read units 4 → 4.5 → 4.5";
        assert_eq!(faults(&row(Price::Flat, &half_a_unit)), [fault]);
        let fewer = [(1, 2, 4.0), (100, 2, 3.0), (10_000, 2, 3.0)];
        assert_eq!(faults(&row(Price::Flat, &fewer)).len(), 1);
    }

    #[test]
    fn writes_are_counted_separately_from_reads() {
        let mut writes = row(Price::Flat, &[(1, 2, 4.0), (100, 2, 4.0)]);
        (writes.points[1].reads, writes.points[1].writes) = (3.0, 1.0);

        let of = ["a request: read units 4 → 3", "a request: write units 0 → 1"];
        assert_eq!(faults(&writes), of);
    }

    #[test]
    fn a_list_costs_as_much_for_its_last_item_as_for_its_first() {
        // A query of pages of many, and batches of a hundred.
        let even = [(1, 3, 4.0), (100, 3, 108.0), (1_000, 12, 1_053.0)];
        assert_eq!(faults(&row(per_thing(), &even)), Vec::<String>::new());
        // Reads ten times as much as it returns beyond one page.
        let uneven = [(1, 3, 4.0), (100, 3, 108.0), (1_000, 12, 1_503.0)];
        let fault = "a request: read units 4 → 108 → 1503";
        assert_eq!(faults(&row(per_thing(), &uneven)), [fault]);
        // One call for each item.
        let one_by_one = [(1, 3, 4.0), (100, 3, 108.0), (1_000, 903, 1_053.0)];
        assert!(faults(&row(per_thing(), &one_by_one))[0].contains("calls 3 → 3 → 903"));
    }

    #[test]
    fn a_list_that_returns_no_more_costs_no_more() {
        let full_page = [(1, 3, 4.0), (100, 3, 108.0), (100, 3, 108.0)];
        assert_eq!(faults(&row(per_thing(), &full_page)), Vec::<String>::new());
        let reads_on = [(1, 3, 4.0), (100, 3, 108.0), (100, 3, 603.0)];
        assert_eq!(faults(&row(per_thing(), &reads_on)).len(), 1);
    }

    #[test]
    fn a_price_is_the_cost_of_one_more_item_and_flat_requests_have_none() {
        let even = [(1, 3, 4.0), (100, 3, 108.0), (1_001, 12, 1_054.0)];

        assert_eq!(prices(&row(per_thing(), &even)), Some((1.05, 0.0)));
        assert_eq!(prices(&row(Price::Flat, &even)), None);
        assert_eq!(prices(&row(per_thing(), &[(7, 3, 4.0), (7, 3, 4.0)])), None);
    }
}
