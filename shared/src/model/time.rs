//! Times: computed, and as clients write them.

use jiff::civil::DateTime;
use serde::{Serialize, Serializer};

use super::{ParseError, Timestamp};
use crate::error::failed;

/// A time as rollcall's own dialect shows it: RFC 3339 in UTC, always with three digits of a
/// second. What is less than a millisecond is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcMillis(Timestamp);

impl From<Timestamp> for UtcMillis {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl Serialize for UtcMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

/// The time so many seconds after `time`, without its fraction of a second.
pub(crate) fn seconds_after(time: Timestamp, seconds: i64) -> crate::Result<Timestamp> {
    Timestamp::from_second(time.as_second() + seconds).map_err(failed("compute a time"))
}

/// A timestamp as RFC 3339 writes it: date, `T`, time to the second, an optional fraction, and `Z`
/// or an offset. A fraction is cut to nanoseconds, and a leap second counts as the second before it.
/// Also as clients write it that generators make: with a blank in place of `T` and before the
/// offset, an offset without a colon, or `UTC` for `Z`.
pub fn parse_rfc3339(text: &str) -> Result<Timestamp, ParseError> {
    parse_any(text)?.ok_or_else(|| ParseError::new("is too far in the future"))
}

/// The same, as a bound that other times are compared with: one that is too far in the future, as
/// programs write for no end, is the last time of all.
pub fn parse_time_bound(text: &str) -> Result<Timestamp, ParseError> {
    Ok(parse_any(text)?.unwrap_or(Timestamp::MAX))
}

/// A timestamp in the form of RFC 3339; none if it is later than the type holds, as is the last day
/// or so before the year 10000.
fn parse_any(text: &str) -> Result<Option<Timestamp>, ParseError> {
    let malformed = || ParseError::new("must be a timestamp as in RFC 3339");
    let text = &as_rfc3339(text.trim());
    let (seconds, rest) = text.split_at_checked(19).ok_or_else(malformed)?;
    let digits = rest
        .strip_prefix('.')
        .map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) if digits > 0 => rest.split_at(digits),
        Some(_) => return Err(malformed()),
        None => ("", rest),
    };
    let is_offset = has_shape(zone, "+00:00") || has_shape(zone, "-00:00");
    let is_zone =
        zone.eq_ignore_ascii_case("z") || (is_offset && &zone[1..3] < "24" && &zone[4..] < "60");
    if !has_shape(&seconds.to_ascii_uppercase(), "0000-00-00T00:00:00") || !is_zone {
        return Err(malformed());
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let nanos = &fraction[..fraction.len().min(9)];
    let local = format!("{seconds}{point}{nanos}");
    local.parse::<DateTime>().map_err(|_| malformed())?;
    // The local time exists, and so does the offset: what is left is the range, whose start no such
    // text comes before.
    Ok(format!("{local}{zone}").parse().ok())
}

/// A time in the form of RFC 3339 that Python, Ruby or Rust wrote in its own; any other text stays.
fn as_rfc3339(text: &str) -> String {
    let Some((date, rest)) = text.split_at_checked(10) else { return text.to_owned() };
    let rest = rest.strip_prefix(' ').map_or_else(|| rest.to_owned(), |rest| format!("T{rest}"));
    let Some((seconds, rest)) = rest.split_at_checked(9) else { return text.to_owned() };
    let end = rest.find([' ', '+', '-', 'U']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(end);
    let zone = zone.strip_prefix(' ').unwrap_or(zone);
    let has_no_colon = has_shape(zone, "+0000") || has_shape(zone, "-0000");
    match zone {
        "UTC" => format!("{date}{seconds}{fraction}Z"),
        _ if has_no_colon => format!("{date}{seconds}{fraction}{}:{}", &zone[..3], &zone[3..]),
        _ => format!("{date}{seconds}{fraction}{zone}"),
    }
}

/// Whether a text has digits where the pattern has zeros, and else the same characters.
fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, expected)| match expected {
            b'0' => byte.is_ascii_digit(),
            _ => byte == expected,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_time_has_three_digits_of_a_second_and_is_never_later() {
        for (time, shown) in [
            ("2026-11-21T12:00:00Z", "2026-11-21T12:00:00.000Z"),
            ("2026-11-21T12:00:00.5Z", "2026-11-21T12:00:00.500Z"),
            ("2026-11-21T12:00:59.999999999Z", "2026-11-21T12:00:59.999Z"),
            ("2026-11-21T12:00:00.0009+02:00", "2026-11-21T10:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
        ] {
            let shown_time = UtcMillis::from(parse_rfc3339(time).unwrap());
            assert_eq!(serde_json::to_value(shown_time).unwrap(), shown);
        }
    }

    #[test]
    fn a_timestamp_is_read_as_rfc_3339_writes_it_and_in_no_other_form() {
        for text in [
            "2099-12-31T23:59:59Z",
            " 2099-12-31t23:59:59z ",
            "2099-12-31T23:59:59.5Z",
            "2099-12-31T23:59:59.123456789012Z",
            "2099-12-31T23:59:59+02:00",
            "2099-12-31 23:59:59Z",
        ] {
            assert!(parse_rfc3339(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "2099-12-31",
            "2099-12-31T23Z",
            "2099-12-31T23:59Z",
            "20991231T235959Z",
            "2099-12-31  23:59:59Z",
            "2099-12-31 23:59:59",
            "2099-12-31T23:59:59",
            "2099-12-31T23:59:59,5Z",
            "2099-12-31T23:59:59.Z",
            "2099-12-31T23:59:59Z[UTC]",
            "2099-12-31T23:59:59+200",
            "2099-12-31T23:59:59  +02:00",
            "2099-12-31T23:59:59+2500",
            "2099-12-31T23:59:59 CET",
            "2099-12-31T23:59:59+25:00",
            "2099-13-31T23:59:59Z",
            "+002099-12-31T23:59:59Z",
            "2099-12-31T23:59:5é",
        ] {
            assert!(parse_rfc3339(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_timestamp_is_read_as_generated_clients_write_it() {
        for (text, same) in [
            ("2026-11-29T21:12:47.000000+0000", "2026-11-29T21:12:47Z"),
            ("2026-11-29 22:12:47 +00:00", "2026-11-29T22:12:47Z"),
            ("2026-11-29 22:12:47.5 +00:00", "2026-11-29T22:12:47.5Z"),
            ("2026-11-29 22:12:47 UTC", "2026-11-29T22:12:47Z"),
            ("2026-11-29 23:15:26 +0100", "2026-11-29T22:15:26Z"),
            ("2026-11-29 17:45:26 -0530", "2026-11-29T23:15:26Z"),
        ] {
            assert_eq!(parse_rfc3339(text), parse_rfc3339(same), "{text}");
            assert!(parse_rfc3339(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_later_than_any_time_is_no_timestamp_but_bounds_them_all() {
        for text in [
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31t23:59:59.999999999999z",
            "9999-12-31T23:59:59-23:59",
            "9999-12-30T23:00:00-00:30",
            "9999-12-29T23:59:59-23:59",
        ] {
            let end = parse_rfc3339(text).unwrap_err();
            assert_eq!(end.to_string(), "is too far in the future", "{text}");
            assert_eq!(parse_time_bound(text), Ok(Timestamp::MAX), "{text}");
        }
        for text in
            ["0000-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z", "9999-12-30T22:00:00.999Z"]
        {
            assert_eq!(parse_time_bound(text), parse_rfc3339(text), "{text}");
            assert!(parse_rfc3339(text).is_ok(), "{text}");
        }
        for text in [
            "9999-12-31",
            "9999-12-31T24:00:00Z",
            "9999-12-32T00:00:00Z",
            "9999-12-31T23:59:59+25:00",
            "9999-12-31T23:59:59-00:60",
            "10000-01-01T00:00:00Z",
        ] {
            for parsed in [parse_rfc3339(text), parse_time_bound(text)] {
                let problem = parsed.unwrap_err().to_string();
                assert_eq!(problem, "must be a timestamp as in RFC 3339", "{text}");
            }
        }
    }
}
