//! E-mail addresses: stored as entered, compared in a normal form.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use email_address::Options;
use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Lineage, MakerId, ParseError, Timestamp, UserId, UserToken};
use crate::Error;
use crate::limits::MAX_EMAIL_BYTES;
use crate::text::is_hidden;

/// The domain of placeholders; the top-level domain is reserved (RFC 2606).
const PLACEHOLDER_DOMAIN: &str = "users.invalid";

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

    /// What names the address in keys that must not be long, and in tokens.
    pub fn digest(&self) -> NameDigest {
        NameDigest::new(&self.normal)
    }

    /// The address that a user has who has lost every other one: nobody gets its mail.
    pub fn placeholder(user: UserId) -> Result<Self, ParseError> {
        format!("{user}@{PLACEHOLDER_DOMAIN}").parse()
    }

    /// Whether it is a placeholder, which no mail reaches.
    pub fn is_placeholder(&self) -> bool {
        self.normal.rsplit_once('@').is_some_and(|(_, domain)| domain == PLACEHOLDER_DOMAIN)
    }

    /// Rejects a placeholder: only the service gives one to a user.
    pub(crate) fn check_reachable(&self) -> Result<(), Error> {
        if self.is_placeholder() {
            return Err(Error::invalid("email", "must be an address that mail can reach"));
        }
        Ok(())
    }

    /// Whether mail can be sent there: it has only ASCII before the `@`, which SES asks for, and is
    /// no placeholder.
    pub(crate) fn is_mailable(&self) -> bool {
        let local = self.typed.split_once('@').map_or("", |(local, _)| local);
        local.is_ascii() && !self.is_placeholder()
    }

    /// Rejects what no mail can be sent to.
    pub(crate) fn check_mailable(&self) -> Result<(), Error> {
        self.check_reachable()?;
        if !self.is_mailable() {
            return Err(Error::invalid("email", "must be ASCII before the @ to get mail"));
        }
        Ok(())
    }

    /// Rejects what nobody can be invited by: a placeholder and, for a mail, what none can be sent
    /// to.
    pub fn check_invitable(&self, by_mail: bool) -> Result<(), Error> {
        if by_mail { self.check_mailable() } else { self.check_reachable() }
    }

    /// Whether both are the same address.
    pub fn same_as(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

/// The first 16 bytes of the SHA-256 of what people are found by, written in URL-safe base64: an
/// address in its normal form, or a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NameDigest(pub(super) [u8; 16]);

impl NameDigest {
    /// The digest of a name in its normal form.
    pub fn new(normal: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(normal.as_bytes()).into();
        Self(std::array::from_fn(|place| digest[place]))
    }
}

impl fmt::Display for NameDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl From<NameDigest> for String {
    fn from(digest: NameDigest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for NameDigest {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| ParseError::new("is not the digest of a name"))
    }
}

impl FromStr for EmailAddress {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let typed = raw.trim();
        let (local, domain) = parts(typed)?;
        if local.len() > MAX_LOCAL_BYTES {
            let problem = format!("must have at most {MAX_LOCAL_BYTES} bytes before the @");
            return Err(ParseError::new(problem));
        }
        // The domain is folded by IDNA's own rules: other ones would make a domain of another one.
        let domain = ascii_domain(domain).ok_or(ParseError::new("has a malformed domain"))?;
        check_syntax(&format!("{local}@{domain}"))?;
        let normal = format!("{}@{domain}", unquoted(&folded(local)));
        parts(&normal)?;
        check_syntax(&normal)?;
        Ok(Self { typed: typed.to_owned(), normal })
    }
}

/// What stands before the `@` has at most so many bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// The domain in its ASCII form. Labels such as `r3---sn` are rejected by registries alone.
fn ascii_domain(domain: &str) -> Option<String> {
    let hyphens = Hyphens::CheckFirstLast;
    let (deny, length) = (AsciiDenyList::STD3, DnsLength::Verify);
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), deny, hyphens, length);
    ascii.ok().map(Cow::into_owned)
}

/// The parts before and after the `@` of an address.
fn parts(address: &str) -> Result<(&str, &str), ParseError> {
    if address.len() > MAX_EMAIL_BYTES {
        return Err(ParseError::new(format!("must be at most {MAX_EMAIL_BYTES} bytes long")));
    }
    if address.chars().any(is_unfit) {
        return Err(ParseError::new(
            "must not contain white space, control or invisible characters",
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

/// Checks the syntax of RFC 5321 and 6531: a dot-atom or a quoted text before the `@`.
fn check_syntax(address: &str) -> Result<(), ParseError> {
    let options = Options::default().without_display_text().without_domain_literal();
    email_address::EmailAddress::parse_with_options(address, options)
        .map(|_| ())
        .map_err(|_| ParseError::new("must be an e-mail address"))
}

/// Whether no address can contain the character: two addresses could look the same. A space is
/// possible between quotes.
fn is_unfit(character: char) -> bool {
    let is_space = character.is_whitespace() && character != ' ';
    is_space || character.is_control() || is_hidden(character)
}

/// A local part without quotes and backslashes that it does not need: with them it names the same
/// mailbox (RFC 5321, section 4.1.2).
fn unquoted(local: &str) -> String {
    let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.to_owned();
    };
    let (mut plain, mut escaped) = (String::new(), String::new());
    let mut letters = quoted.chars();
    while let Some(mut letter) = letters.next() {
        if letter == '\\' {
            letter = letters.next().unwrap_or(letter);
        }
        plain.push(letter);
        escaped.extend(['"', '\\'].contains(&letter).then_some('\\'));
        escaped.push(letter);
    }
    let is_atom = !plain.starts_with('"') && check_syntax(&format!("{plain}@example.com")).is_ok();
    if is_atom { plain } else { format!("\"{escaped}\"") }
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
    /// When its user proved to receive what is sent there. [`User::proved_at`](super::User::proved_at)
    /// says whether it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proved_at: Option<Timestamp>,
    /// The epoch of the user's credentials at that time; none if the operator vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof_epoch: Option<u64>,
    /// The credential that asked for the proof.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub(crate) proof_lineage: Lineage,
}

impl Email {
    /// An address that nobody verified or proved.
    pub(crate) fn new(user: UserId, address: EmailAddress, added_at: Timestamp) -> Self {
        Self {
            user,
            address,
            verified: false,
            added_at,
            proved_at: None,
            proof_epoch: None,
            proof_lineage: Lineage::default(),
        }
    }

    /// Whether a token, or what came from one, asked for the proof.
    pub(crate) fn is_proved_by_token(&self) -> bool {
        !self.proof_lineage.is_empty()
    }

    /// Whether it is proved through a token, or through what came from it.
    pub fn is_proved_through(&self, token: &UserToken) -> bool {
        let root = MakerId::Token(token.root());
        self.proved_at.is_some() && self.proof_lineage.descends_from(&root)
    }
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
        // A domain of its own, and no other spelling of `fass.example`.
        assert_eq!(normal("x@faß.example"), "x@xn--fa-hia.example");
        assert_eq!(normal("x@Σίσυφος.example"), normal("x@σίσυφος.example"));
    }

    #[test]
    fn quotes_that_an_address_does_not_need_make_no_difference() {
        assert_eq!(normal(r#""jane.doe"@example.com"#), "jane.doe@example.com");
        assert_eq!(normal(r#""\Jane Doe"@example.com"#), r#""jane doe"@example.com"#);
    }

    #[test]
    fn addresses_in_every_script_are_possible() {
        for raw in [
            "用户@例子.公司",
            "उपयोगकर्ता@उदाहरण.कॉम",
            "χρήστης@παράδειγμα.ελ",
            "o'neill+a/b=c@x",
            "a!#$%&*-?^_`{|}~@x.example",
            "jane@r3---sn.example",
        ] {
            assert!(raw.parse::<EmailAddress>().is_ok(), "{raw}");
        }
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
            r#""Jane Doe"@example.com"#,
            r#""\Jane"@example.com"#,
            r#""a\"b\\c"@example.com"#,
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
            "a,b@x.example",
            "a，b@x.example",
            "<x>@x.example",
            "＜x＞@x.example",
            "Jane <jane@x.example>",
            "a:b@x.example",
            "a..b@x.example",
            ".a@x.example",
            "a.@x.example",
            "a\\b@x.example",
            "a\"b@x.example",
            "\"@x.example",
            "\"a@b\"@x.example",
            "\"\"@x.example",
            "\"jane\\ doe\"@x.example",
            "\"a\tb\"@x.example",
            "jane@[127.0.0.1]",
            "jane@x..example",
            "jane\u{fe0f}@x.example",
            "jane\u{3164}@x.example",
            "jane\u{ffa0}@x.example",
            "jane\u{2800}@x.example",
            "jane\u{34f}@x.example",
            "jane\u{e0100}@x.example",
            "jane\u{180b}@x.example",
            "jane@x\u{ad}.example",
            "jane\u{ffff}@x.example",
            "jane\u{fdd0}@x.example",
            "jane\u{fffc}@x.example",
            "jane\u{e000}@x.example",
            "jane\u{10fffd}@x.example",
            "jane\u{13440}@x.example",
            "jane\u{13441}@x.example",
            "jane\u{1bc9d}@x.example",
            "jane\u{1bc9e}@x.example",
            "\"a\u{a0}b\"@x.example",
            &format!("{}@x.example", "a".repeat(65)),
            &long,
            &wide,
        ] {
            assert!(raw.parse::<EmailAddress>().is_err(), "{raw:?}");
        }
    }
}
