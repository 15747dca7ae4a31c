//! Conditions of writes.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Stored, TTL, VERSION};
use super::key::PK;
use crate::model::{ApiKeyId, Counts, SecretHash, Timestamp, TokenId, User};

/// A condition expression with its names and values.
pub(in crate::table) struct Condition {
    pub(in crate::table) expression: String,
    pub(in crate::table) names: HashMap<String, String>,
    pub(in crate::table) values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// The item does not exist.
    pub(in crate::table) fn absent() -> Self {
        Self::without_values(format!("attribute_not_exists({PK})"))
    }

    /// The item exists.
    pub(in crate::table) fn present() -> Self {
        Self::without_values(format!("attribute_exists({PK})"))
    }

    /// Whether or not the item exists.
    pub(in crate::table) fn always() -> Self {
        Self::absent().or(Self::present())
    }

    /// The link has this secret: no newer one has taken its place.
    pub(in crate::table) fn same_link(secret: &SecretHash) -> Self {
        Self::one_of("secretHash", [secret.as_str().to_owned()])
    }

    /// The user exists and is not disabled.
    pub(in crate::table) fn enabled() -> Self {
        let no = (":no".to_owned(), AttributeValue::Bool(false));
        let not_disabled = Self::compare("disabled", "= :no", [no]);
        let expression = format!(
            "attribute_exists({PK}) AND (attribute_not_exists(#disabled) OR {})",
            not_disabled.expression
        );
        Self { expression, ..not_disabled }
    }

    /// The user exists, is not disabled, and has not changed the password since it was read.
    pub(in crate::table) fn same_epoch(epoch: u64) -> Self {
        Self::enabled().and(Self::same_number("credentialEpoch", epoch))
    }

    /// The user has no second factor on.
    pub(in crate::table) fn no_second_factor() -> Self {
        Self::lacks("secondFactorSince")
    }

    /// The user has the second factor on that it had when it was read, if any.
    #[cfg(feature = "operator")]
    pub(in crate::table) fn same_second_factor(read: &User) -> Self {
        match read.second_factor_since {
            Some(since) => Self::one_of("secondFactorSince", [since.to_string()]),
            None => Self::no_second_factor(),
        }
    }

    /// The user exists, is not disabled, and what was sent at this invitation epoch has not ended.
    pub(in crate::table) fn same_invitations(epoch: u64) -> Self {
        Self::enabled().and(Self::same_number("invitationEpoch", epoch))
    }

    /// The user exists, and the password has not changed since it was read.
    pub(in crate::table) fn same_password(read: &User) -> Self {
        Self::present().and(Self::same_number("credentialEpoch", read.credential_epoch))
    }

    /// The user exists, and password, keys, proofs of addresses and whether a second factor is on
    /// have not changed since it was read.
    pub(in crate::table) fn same_credentials(read: &User) -> Self {
        Self::present().and(Self::same_number("credentialVersion", read.credential_version))
    }

    /// The user exists, and the addresses have not changed since it was read.
    pub(in crate::table) fn same_emails(read: &User) -> Self {
        Self::present().and(Self::same_number("emailVersion", read.email_version))
    }

    /// A user's counts exist, and its tokens have not changed since they were read.
    pub(in crate::table) fn same_tokens(read: &Counts) -> Self {
        Self::present().and(Self::same_number("tokensVersion", read.tokens_version))
    }

    /// The user exists, and is disabled or not, as it was read.
    #[cfg(feature = "operator")]
    pub(in crate::table) fn same_disabled(read: &User) -> Self {
        let yes = (":yes".to_owned(), AttributeValue::Bool(true));
        if read.disabled { Self::compare("disabled", "= :yes", [yes]) } else { Self::enabled() }
    }

    /// The user has this API key, with the secret of this nonce.
    pub(in crate::table) fn same_secret(key: ApiKeyId, nonce: String) -> Self {
        let mut key = Self::has_entry("apiKeys", key);
        key.names.insert("#nonce".to_owned(), "nonce".to_owned());
        key.values.insert(":nonce".to_owned(), AttributeValue::S(nonce));
        Self { expression: "#apiKeys.#own.#nonce = :nonce".to_owned(), ..key }
    }

    /// The map has an entry of this name.
    pub(in crate::table) fn has_entry(map: &'static str, name: impl Display) -> Self {
        let names = [(format!("#{map}"), map.to_owned()), ("#own".to_owned(), name.to_string())];
        Self {
            expression: format!("attribute_exists(#{map}.#own)"),
            names: HashMap::from(names),
            values: HashMap::new(),
        }
    }

    /// The item has the attribute.
    pub(in crate::table) fn has(attribute: &'static str) -> Self {
        let expression = format!("attribute_exists(#{attribute})");
        Self { expression, ..Self::compare(attribute, "", []) }
    }

    /// The item does not have the attribute.
    pub(in crate::table) fn lacks(attribute: &'static str) -> Self {
        let expression = format!("attribute_not_exists(#{attribute})");
        Self { expression, ..Self::compare(attribute, "", []) }
    }

    /// The number is this one; 0 if it does not exist.
    fn same_number(attribute: &'static str, number: u64) -> Self {
        let (name, value) = (format!(":same_{attribute}"), AttributeValue::N(number.to_string()));
        let same = Self::compare(attribute, &format!("= {name}"), [(name, value)]);
        if number == 0 { same.or(Self::lacks(attribute)) } else { same }
    }

    /// The user has not revoked this token together with its maker.
    pub(in crate::table) fn not_revoked(token: TokenId) -> Self {
        let value = (":token".to_owned(), AttributeValue::S(token.to_string()));
        let revoked = Self::compare("revokedTokens", "", [value]);
        Self { expression: "NOT contains(#revokedTokens, :token)".to_owned(), ..revoked }
    }

    /// The number is below this one.
    pub(in crate::table) fn below(attribute: &'static str, max: u32) -> Self {
        let name = format!(":max_{attribute}");
        let comparison = format!("< {name}");
        Self::compare(attribute, &comparison, [(name, AttributeValue::N(max.to_string()))])
    }

    /// The number is above this one.
    pub(in crate::table) fn above(attribute: &'static str, min: u32) -> Self {
        let name = format!(":min_{attribute}");
        let comparison = format!("> {name}");
        Self::compare(attribute, &comparison, [(name, AttributeValue::N(min.to_string()))])
    }

    /// The time is before this one, to the second.
    pub(in crate::table) fn before(attribute: &'static str, time: Timestamp) -> Self {
        let name = format!(":before_{attribute}");
        let comparison = format!("< {name}");
        Self::compare(attribute, &comparison, [(name, AttributeValue::S(time.to_string()))])
    }

    /// The text differs from this one, or does not exist.
    pub(in crate::table) fn differs(attribute: &'static str, text: String) -> Self {
        let name = format!(":not_{attribute}");
        let comparison = format!("<> {name}");
        Self::compare(attribute, &comparison, [(name, AttributeValue::S(text))])
    }

    /// The map has fewer entries than this.
    pub(in crate::table) fn fewer_entries(map: &'static str, max: u32) -> Self {
        let below = Self::below(map, max);
        Self { expression: format!("size(#{map}) < :max_{map}"), ..below }
    }

    /// The map has more entries than this.
    pub(in crate::table) fn more_entries(map: &'static str, min: u32) -> Self {
        let above = Self::above(map, min);
        Self { expression: format!("size(#{map}) > :min_{map}"), ..above }
    }

    /// The item exists, and has not expired at `now`.
    pub(in crate::table) fn unexpired(now: Timestamp) -> Self {
        let now = AttributeValue::N(now.as_second().to_string());
        Self::compare(TTL, "> :now", [(":now".to_owned(), now)])
    }

    /// The item has not changed since it was read.
    pub(in crate::table) fn unchanged<T>(read: &Stored<T>) -> Self {
        let value = AttributeValue::N(read.version.to_string());
        Self::compare(VERSION, "= :read", [(":read".to_owned(), value)])
    }

    /// The item has this version. Unlike [`Condition::unchanged`] it can be combined with any other
    /// condition.
    pub(in crate::table) fn version(version: u64) -> Self {
        let value = AttributeValue::N(version.to_string());
        Self::compare(VERSION, "= :version", [(":version".to_owned(), value)])
    }

    /// The membership is one of an admin.
    pub(in crate::table) fn is_admin() -> Self {
        Self::one_of("role", ["admin".to_owned()])
    }

    /// The item does not exist, or has expired at `now`, in seconds since 1970.
    pub(in crate::table) fn absent_or_expired(now: i64) -> Self {
        let now = AttributeValue::N(now.to_string());
        Self::absent().or(Self::compare(TTL, "<= :now", [(":now".to_owned(), now)]))
    }

    /// The string attribute has one of these values.
    pub(in crate::table) fn one_of<const N: usize>(
        attribute: &'static str,
        texts: [String; N],
    ) -> Self {
        let values: Vec<_> = texts
            .into_iter()
            .enumerate()
            .map(|(place, text)| (format!(":{attribute}{place}"), AttributeValue::S(text)))
            .collect();
        let list = values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        Self::compare(attribute, &format!("IN ({list})"), values)
    }

    /// Either condition holds.
    pub(in crate::table) fn or(mut self, other: Self) -> Self {
        self.expression = format!("{} OR {}", self.expression, other.expression);
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    /// Both conditions hold.
    pub(in crate::table) fn and(mut self, other: Self) -> Self {
        self.expression = format!("({}) AND ({})", self.expression, other.expression);
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    fn without_values(expression: String) -> Self {
        Self { expression, names: HashMap::new(), values: HashMap::new() }
    }

    /// Uses name placeholders, since `user`, `role` and others are reserved words.
    fn compare(
        attribute: &'static str,
        comparison: &str,
        values: impl IntoIterator<Item = (String, AttributeValue)>,
    ) -> Self {
        Self {
            expression: format!("#{attribute} {comparison}"),
            names: HashMap::from([(format!("#{attribute}"), attribute.to_owned())]),
            values: values.into_iter().collect(),
        }
    }
}
