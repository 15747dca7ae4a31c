//! The chart of the README: bars of what each function takes of what the lean one takes.

use std::fmt::Write as _;

use super::BY_PASSWORD;
use super::report::Shares;

const WIDTH: f64 = 860.0;
const LABELS: f64 = 220.0;
const BAR: f64 = 9.0;
const ROW: f64 = 62.0;
const TOP: f64 = 56.0;
/// Right of the axis, for what stands at the end of the longest bar.
const NUMBERS: f64 = 80.0;
/// The end of the axis.
const AXIS_END: f64 = 2.25;
const TITLE: &str = "Shares of what a lean function takes that checks nothing";
const COLOURS: [(&str, &str); 4] = [
    ("cold start", "#1f6feb"),
    ("warm p50", "#2da44e"),
    ("memory", "#bf8700"),
    ("size", "#8250df"),
];

/// An SVG with a group of bars for each read of a function, and a line where the lean one is.
pub(crate) fn chart(all: &[Shares]) -> String {
    let reads: Vec<_> = all
        .iter()
        .filter(|one| {
            one.of.is_function()
                && one.of.is_read
                && !one.of.is_compared
                && one.of.operation != BY_PASSWORD
        })
        .collect();
    let height = TOP + ROW * reads.len() as f64 + 12.0;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" fill="#57606a" role="img"><title>{TITLE}</title><rect width="{WIDTH}" height="{height}" fill="#fff"/>"##
    );
    legend(&mut svg);
    for (place, shares) in reads.iter().enumerate() {
        group(&mut svg, shares, TOP + ROW * place as f64);
    }
    let lean = x(1.0);
    let _ = write!(
        svg,
        r##"<line x1="{lean}" y1="{}" x2="{lean}" y2="{height}" stroke="#cf222e" stroke-dasharray="4 3"/><text x="{lean}" y="{}" text-anchor="middle" fill="#cf222e">lean</text></svg>"##,
        TOP - 6.0,
        TOP - 10.0,
    );
    svg + "\n"
}

fn legend(svg: &mut String) {
    for (place, (name, colour)) in COLOURS.iter().enumerate() {
        let left = 10.0 + 120.0 * place as f64;
        let _ = write!(
            svg,
            r#"<rect x="{left}" y="8" width="12" height="12" fill="{colour}"/><text x="{}" y="19">{name}</text>"#,
            left + 18.0,
        );
    }
    let _ = write!(svg, r#"<text x="{}" y="19" text-anchor="end">{TITLE}</text>"#, WIDTH - 10.0);
}

fn group(svg: &mut String, shares: &Shares, top: f64) {
    let values = [shares.cold, shares.warm, shares.memory, shares.size];
    let (of, right) = (shares.of, LABELS - 10.0);
    let _ = write!(
        svg,
        r#"<text x="{right}" y="{}" text-anchor="end">{}</text><text x="{right}" y="{}" text-anchor="end" font-size="10">{}, calls: {}</text>"#,
        top + 19.0,
        of.program,
        top + 33.0,
        of.operation,
        of.calls,
    );
    for (place, (value, (_, colour))) in values.iter().zip(COLOURS).enumerate() {
        let cut = if *value > AXIS_END { ", cut off" } else { "" };
        let y = top + (BAR + 2.0) * place as f64;
        let _ = write!(
            svg,
            r#"<rect x="{LABELS}" y="{y}" width="{:.1}" height="{BAR}" fill="{colour}"/><text x="{:.1}" y="{}" font-size="10">{value:.2}{cut}</text>"#,
            x(value.min(AXIS_END)) - LABELS,
            x(value.min(AXIS_END)) + 4.0,
            y + BAR - 0.5,
        );
    }
}

/// Where a share lies on the axis.
fn x(share: f64) -> f64 {
    LABELS + (WIDTH - LABELS - NUMBERS) * share / AXIS_END
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::Measured;

    #[test]
    fn reads_have_bars_and_one_beyond_the_axis_is_marked_as_cut_off() {
        let measured = |program: &str, is_read| Measured {
            program: program.to_owned(),
            operation: "a-request".to_owned(),
            is_read,
            calls: 3.0,
            ..Measured::of_a_read()
        };
        let all = [("reads", true), ("writes", false), ("floor A", true)]
            .map(|(program, is_read)| measured(program, is_read));
        let shares = |of| Shares {
            of,
            cold: 0.13,
            warm: 3.9,
            warm_p99: 9.0,
            cpu: 9.0,
            memory: 1.25,
            size: 1.0,
        };

        let svg = chart(&all.each_ref().map(shares));

        for shown in [">reads<", ">a-request, calls: 3<", ">0.13<", ">3.90, cut off<", ">1.25<"] {
            assert!(svg.contains(shown), "{shown} is missing: {svg}");
        }
        assert!(!svg.contains(">writes<") && !svg.contains(">floor A<"), "{svg}");
    }
}
