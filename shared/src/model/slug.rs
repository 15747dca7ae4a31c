//! An account's name for URLs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_SLUG_BYTES, SLUG_CANDIDATES};
use crate::{Result, random};

/// An account's name for URLs: 1 to 63 of `a-z`, `0-9` and single `-` between them; unique over all
/// accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// The slugs to try for a name, in this order.
    pub fn candidates(name: &str) -> impl Iterator<Item = Self> {
        let base = base(name);
        (1..=SLUG_CANDIDATES).map(move |number| match number {
            1 => Self(base.clone()),
            _ => Self::suffixed(&base, &number.to_string()),
        })
    }

    /// The slug to take when all candidates are taken.
    pub fn random(name: &str) -> Result<Self> {
        let suffix: String = random::bytes::<6>()?
            .map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte % 32)]))
            .iter()
            .collect();
        Ok(Self::suffixed(&base(name), &suffix))
    }

    fn suffixed(base: &str, suffix: &str) -> Self {
        let room = MAX_SLUG_BYTES - 1 - suffix.len();
        let base = base.get(..room).unwrap_or(base).trim_end_matches('-');
        Self(format!("{base}-{suffix}"))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name in lower-case ASCII, everything else turned to single `-`.
fn base(name: &str) -> String {
    let mut slug = String::with_capacity(MAX_SLUG_BYTES);
    for byte in deunicode::deunicode(name).bytes() {
        match byte.to_ascii_lowercase() {
            letter @ (b'a'..=b'z' | b'0'..=b'9') => slug.push(char::from(letter)),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(MAX_SLUG_BYTES);
    let length = slug.trim_end_matches('-').len();
    slug.truncate(length);
    if slug.is_empty() { "account".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(name: &str) -> Vec<String> {
        Slug::candidates(name).map(|slug| slug.to_string()).collect()
    }

    #[test]
    fn a_slug_is_the_name_in_lower_case_ascii_with_single_dashes() {
        for (name, slug) in [
            ("My New Account", "my-new-account"),
            ("  --Ärger & Söhne!! ", "arger-sohne"),
            ("Straße", "strasse"),
            ("Москва", "moskva"),
            ("a---b___c", "a-b-c"),
            ("!!!", "account"),
            ("\u{301}", "account"),
        ] {
            assert_eq!(slugs(name)[0], slug, "{name}");
        }
    }

    #[test]
    fn no_slug_is_longer_than_63_with_its_suffix_nor_has_a_double_dash() {
        let name = format!("{} {}", "a".repeat(60), "b".repeat(39));
        let all = slugs(&name);

        assert_eq!(all.len(), SLUG_CANDIDATES);
        assert_eq!(all[0], format!("{}-bb", "a".repeat(60)));
        assert_eq!(all[1], format!("{}-2", "a".repeat(60)));
        assert_eq!(all[19], format!("{}-20", "a".repeat(60)));
        let random = Slug::random(&name).unwrap().to_string();
        assert_eq!(random.len(), 63);
        for slug in all.iter().chain([&random]) {
            assert!(slug.len() <= 63 && !slug.contains("--"), "{slug}");
        }
    }
}
