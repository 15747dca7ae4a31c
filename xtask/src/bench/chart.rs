//! The chart of the README: bars of what each function takes of what the stock takes.

use std::fmt::Write as _;

use super::report::Shares;

const WIDTH: f64 = 860.0;
const LABELS: f64 = 220.0;
const BAR: f64 = 9.0;
const ROW: f64 = 62.0;
const TOP: f64 = 56.0;
/// What the axis ends at.
const MOST: f64 = 1.25;
const COLOURS: [(&str, &str); 4] = [
    ("cold start", "#1f6feb"),
    ("warm p50", "#2da44e"),
    ("memory", "#bf8700"),
    ("size", "#8250df"),
];

/// An SVG with a group of bars for each read of a function, and a line where the stock is.
pub(super) fn chart(all: &[Shares]) -> String {
    let reads: Vec<_> = all.iter().filter(|one| one.of.is_function() && one.of.is_read).collect();
    let height = TOP + ROW * reads.len() as f64 + 12.0;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" fill="#57606a">"##
    );
    legend(&mut svg);
    for (place, shares) in reads.iter().enumerate() {
        group(&mut svg, shares, TOP + ROW * place as f64);
    }
    let stock = x(1.0);
    let _ = write!(
        svg,
        r##"<line x1="{stock}" y1="{}" x2="{stock}" y2="{height}" stroke="#cf222e" stroke-dasharray="4 3"/><text x="{stock}" y="{}" text-anchor="middle" fill="#cf222e">the stock</text></svg>"##,
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
}

fn group(svg: &mut String, shares: &Shares, top: f64) {
    let values = [shares.cold, shares.warm, shares.memory, shares.size];
    let _ = write!(
        svg,
        r#"<text x="{}" y="{}" text-anchor="end">{}</text>"#,
        LABELS - 10.0,
        top + 2.4 * BAR + 4.0,
        shares.of.program,
    );
    for (place, (value, (_, colour))) in values.iter().zip(COLOURS).enumerate() {
        let y = top + (BAR + 2.0) * place as f64;
        let _ = write!(
            svg,
            r#"<rect x="{LABELS}" y="{y}" width="{:.1}" height="{BAR}" fill="{colour}"/><text x="{:.1}" y="{}" font-size="10">{value:.2}</text>"#,
            x(value.min(MOST)) - LABELS,
            x(value.min(MOST)) + 4.0,
            y + BAR - 0.5,
        );
    }
}

/// Where a share lies on the axis.
fn x(share: f64) -> f64 {
    LABELS + (WIDTH - LABELS - 50.0) * share / MOST
}
