//! What the page of an account says.

pub(crate) const SLUG: &str = "Short name";
pub(crate) const OWNER: &str = "Owner";
pub(crate) const NOBODY: &str = "None";
pub(crate) const CREATED: &str = "Made";
pub(crate) const VERIFIED: &str = "Verified";
pub(crate) const SCALING: &str = "Automatic scaling";
pub(crate) const ALLOWED: &str = "Allowed";
pub(crate) const NOT_ALLOWED: &str = "Not allowed";
pub(crate) const MAKE_CURRENT: &str = "Make this the current account";

pub(crate) const PLAN: &str = "Plan";
pub(crate) const PLAN_NAME: &str = "Plan";
pub(crate) const DEFAULT_PLAN: &str = "The plan that every account begins with";
pub(crate) const PROJECTS: &str = "Projects at most";
pub(crate) const COMPONENTS: &str = "Components at most";
pub(crate) const WORKERS: &str = "Workers at most";
pub(crate) const MEMORY: &str = "Memory of a worker at most";
pub(crate) const STORAGE: &str = "Storage at most";
pub(crate) const UPLOAD: &str = "Uploads a month at most";
pub(crate) const GAS: &str = "Units of computation a month at most";

pub(crate) const CHANGE: &str = "Name and contact address";
pub(crate) const SAVE: &str = "Save";
pub(crate) const DELETE: &str = "Delete this account";
pub(crate) const DELETE_WHY: &str = "All its members lose it at once, and its invitations end. \
                                     Nobody can bring it back. To go on, enter its name.";
pub(crate) const CONFIRMATION: &str = "Name of the account";
pub(crate) const OTHER_NAME: &str = "is another one: enter it as it is shown above";

pub(crate) const ACTIVITY: &str = "What was done to the account and what belongs to it, the newest \
                                   first.";

pub(crate) const MADE: &str = "The account is made. You are its owner.";
pub(crate) const SAVED: &str = "The changes are saved.";

/// A number with a comma between thousands.
pub(crate) fn number(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digit.is_ascii_digit() && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in the largest unit in which it is a whole number.
pub(crate) fn bytes(bytes: i64) -> String {
    const UNITS: [(i64, &str); 6] = [
        (1 << 30, "GiB"),
        (1_000_000_000, "GB"),
        (1 << 20, "MiB"),
        (1_000_000, "MB"),
        (1 << 10, "KiB"),
        (1_000, "KB"),
    ];
    let is_whole = |(unit, _): &&(i64, &str)| bytes > 0 && bytes % unit == 0;
    match UNITS.iter().find(is_whole) {
        Some((unit, name)) => format!("{} {name}", number(bytes / unit)),
        None => format!("{} bytes", number(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_in_the_largest_unit_that_needs_no_fraction() {
        for (count, text) in [
            (1_073_741_824, "1 GiB"),
            (500_000_000, "500 MB"),
            (1_000_000_000, "1 GB"),
            (1_234_567, "1,234,567 bytes"),
            (0, "0 bytes"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!((number(999), number(1_000_000)), ("999".to_owned(), "1,000,000".to_owned()));
    }
}
