//! E-mail addresses: stored as entered, compared in a normal form.

use std::fmt;
use std::str::FromStr;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use serde::{Deserialize, Serialize};

use super::{ParseError, Timestamp, UserId};
use crate::limits::MAX_EMAIL_BYTES;

/// An e-mail address: as it was entered, and the form in which addresses are compared.
///
/// The normal form is Unicode NFKC and case folding, with the domain in its IDNA ASCII form.
/// Nothing is specific to a provider: dots and plus signs count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailAddress {
    typed: String,
    normal: String,
}

impl EmailAddress {
    /// The address as it was entered, without surrounding white space: for display, and for sending
    /// mail.
    pub fn as_entered(&self) -> &str {
        &self.typed
    }

    /// The form in which two addresses are the same.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// Whether both are the same address.
    pub fn same_as(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl FromStr for EmailAddress {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let typed = raw.trim();
        let (local, domain) = parts(typed)?;
        // The domain is folded by IDNA's own rules; folding it twice keeps the two sides of the `@`
        // apart.
        let domain = idna::domain_to_ascii_strict(&folded(domain))
            .map_err(|_| ParseError::new("has a malformed domain"))?;
        let normal = format!("{}@{domain}", folded(local));
        parts(&normal)?;
        Ok(Self { typed: typed.to_owned(), normal })
    }
}

/// The parts before and after the `@` of a valid address.
fn parts(address: &str) -> Result<(&str, &str), ParseError> {
    if address.len() > MAX_EMAIL_BYTES {
        return Err(ParseError::new(format!("must be at most {MAX_EMAIL_BYTES} bytes long")));
    }
    if address.chars().any(unfit) {
        return Err(ParseError::new(
            "must not contain white space, control or invisible format characters",
        ));
    }
    match address.split_once('@') {
        Some((local, domain))
            if !local.is_empty() && !domain.is_empty() && !domain.contains('@') =>
        {
            Ok((local, domain))
        }
        _ => Err(ParseError::new("must be an e-mail address")),
    }
}

/// Whether no address can contain the character. Format characters (category Cf) are invisible, so
/// that two addresses could look the same.
fn unfit(character: char) -> bool {
    let format =
        || CodePointMapData::<GeneralCategory>::new().get(character) == GeneralCategory::Format;
    character.is_control() || character.is_whitespace() || (!character.is_ascii() && format())
}

/// NFKC and case folding; composed once more, since folding can leave what NFKC would compose.
pub(crate) fn folded(text: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    nfkc.normalize(&CaseMapper::new().fold_string(&nfkc.normalize(text))).into_owned()
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

/// An address of a user. The user names the primary one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// The user who has the address.
    pub user: UserId,
    /// The address.
    pub address: EmailAddress,
    /// What a client reported; it grants nothing.
    pub verified: bool,
    /// Since when.
    pub added_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(raw: &str) -> String {
        raw.parse::<EmailAddress>().unwrap().normal().to_owned()
    }

    #[test]
    fn addresses_that_differ_in_case_width_or_domain_form_are_the_same() {
        assert_eq!(normal(" Jane.Doe@Example.COM "), "jane.doe@example.com");
        assert_eq!(normal("ｊａｎｅ@example.com"), "jane@example.com");
        assert_eq!(normal("straße@bücher.example"), "strasse@xn--bcher-kva.example");
        assert_eq!(normal("x@BÜCHER.example"), normal("x@xn--bcher-kva.example"));
    }

    #[test]
    fn dots_and_plus_signs_count() {
        assert_ne!(normal("jane.doe@example.com"), normal("janedoe@example.com"));
        assert_ne!(normal("jane+a@example.com"), normal("jane@example.com"));
    }

    #[test]
    fn an_address_is_shown_as_it_was_typed() {
        let address: EmailAddress = " Jane@EXAMPLE.com ".parse().unwrap();

        assert_eq!(address.to_string(), "Jane@EXAMPLE.com");
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form() {
        for raw in [
            "Jane@Example.com",
            "ǰ\u{345}@example.com",
            "İ@example.com",
            "ﬀ@ﬀ.example",
            "ς@σ.example",
        ] {
            let once = normal(raw);
            assert_eq!(normal(&once), once, "{raw}");
        }
    }

    #[test]
    fn an_invalid_address_is_rejected_as_entered_and_as_normalized() {
        let long = format!("{}@example.com", "a".repeat(243));
        let wide = format!("{}@example.com", "\u{fdfa}".repeat(40));
        for raw in [
            "",
            "jane",
            "@example.com",
            "jane@",
            "a@b@c",
            "a＠b.c",
            "a@b＠c.d",
            "j\u{200b}ane@example.com",
            "ja\nne@example.com",
            "ja ne@example.com",
            "jane@exa mple.com",
            "jane@-example.com",
            "jane@exam_ple.com",
            &long,
            &wide,
        ] {
            assert!(raw.parse::<EmailAddress>().is_err(), "{raw:?}");
        }
    }
}
