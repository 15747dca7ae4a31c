//! `X-Date`, which signatures carry.

use shared::auth::parse_date;
use shared::model::Timestamp;

/// The zones that are documented by name, and their offsets in hours.
const ZONES: [(&str, i64); 18] = [
    ("GMT", 0),
    ("UTC", 0),
    ("UT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

/// A date that parses has a documented zone, and printed in that zone it is the same time. A date
/// that parses in one zone parses in each, shifted by the difference of the zones.
pub fn x_date(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(time) = parse_date(text) else { return };
    let zone = text.trim().rsplit(' ').next().expect("a zone");
    let offset = offset(zone).unwrap_or_else(|| panic!("{text:?} is in no documented zone"));
    let local = time.as_second() + offset;
    // At the end of time the local one may be no time any more.
    let Ok(clock) = Timestamp::from_second(local) else { return };
    let written = clock.strftime("%a, %d %b %Y %H:%M:%S");
    assert_eq!(parse_date(&format!("{written} {zone}")), Some(time), "{text:?}");
    for (name, hours) in ZONES {
        let there = Timestamp::from_second(local - 3600 * hours).ok();
        assert_eq!(parse_date(&format!("{written} {name}")), there, "{text:?} in {name}");
    }
}

/// The seconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if let Some((_, hours)) = ZONES.iter().find(|(name, _)| *name == zone) {
        return Some(3600 * hours);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(sign * (3600 * hours + 60 * minutes))
}
