//! The keys of the single table: the only place that spells one.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::model::{
    AccountId, ClientId, EmailAddress, GrantId, IdempotencySlot, PlanId, Slug, TokenId, UserId,
    UserNumber, Username,
};

/// The partition key's attribute.
pub(in crate::table) const PK: &str = "pk";
/// The sort key's attribute.
pub(in crate::table) const SK: &str = "sk";
/// What the sort keys of memberships start with, on both sides.
pub(in crate::table) const MEMBER: &str = "MEMBER#";
/// What the sort keys of a user's addresses start with.
pub(in crate::table) const EMAIL: &str = "EMAIL#";
/// What the sort keys of a user's tokens start with.
pub(in crate::table) const TOKEN: &str = "TOKEN#";
/// What the sort keys of a user's grants start with.
pub(in crate::table) const GRANT: &str = "GRANT#";
/// The partition that lists all plans.
pub(in crate::table) const PLANS: &str = "PLANS";
/// What the sort keys of plans in that list start with.
pub(in crate::table) const PLAN: &str = "PLAN#";
/// What the sort keys of work that is to be cleared up start with.
pub(in crate::table) const CLEARING: &str = "CLEARING#";
/// What the lists of such work end in, so that no single partition takes every deletion there is.
pub(in crate::table) const SHARDS: &str = "0123456789abcdef";

/// Where an item is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    /// `USER#<uuid> / USER`
    pub(in crate::table) fn user(user: UserId) -> Self {
        Self::new(user_partition(user), "USER")
    }

    /// `USER#<uuid> / EMAIL#<normal form>`
    pub(in crate::table) fn email(user: UserId, address: &EmailAddress) -> Self {
        Self::new(user_partition(user), format!("{EMAIL}{}", address.normal()))
    }

    /// `USER#<uuid> / TOKEN#<id>`
    pub(in crate::table) fn token(user: UserId, token: TokenId) -> Self {
        Self::new(user_partition(user), format!("{TOKEN}{token}"))
    }

    /// `USER#<uuid> / GRANT#<id>`
    pub(in crate::table) fn grant(user: UserId, grant: GrantId) -> Self {
        Self::new(user_partition(user), format!("{GRANT}{grant}"))
    }

    /// `USER#<uuid> / ANSWER#<hash of credential and key>`: what was answered under an `Idempotency-Key`.
    pub(in crate::table) fn answer(user: UserId, slot: &IdempotencySlot) -> Self {
        Self::new(user_partition(user), format!("ANSWER#{slot}"))
    }

    /// `CLIENT#<id> / CLIENT`
    pub(in crate::table) fn client(client: ClientId) -> Self {
        Self::new(format!("CLIENT#{client}"), "CLIENT")
    }

    /// `USER#<uuid> / MEMBER#<account>`: a membership, among those of its user.
    pub(in crate::table) fn membership(user: UserId, account: AccountId) -> Self {
        Self::new(user_partition(user), format!("{MEMBER}{account}"))
    }

    /// `ACCOUNT#<id> / ACCOUNT`
    pub(in crate::table) fn account(account: AccountId) -> Self {
        Self::new(account_partition(account), "ACCOUNT")
    }

    /// `ACCOUNT#<id> / MEMBER#<uuid>`: a membership, among those of its account.
    pub(in crate::table) fn member(account: AccountId, user: UserId) -> Self {
        Self::new(account_partition(account), format!("{MEMBER}{user}"))
    }

    /// `USER#<uuid> / ATTEMPTS`
    pub(in crate::table) fn attempts_of_user(user: UserId) -> Self {
        Self::new(user_partition(user), "ATTEMPTS")
    }

    /// `ATTEMPTS#<keyed hash> / ATTEMPTS`: attempts on a name that nobody has.
    pub(in crate::table) fn attempts_on_name(hash: &str) -> Self {
        Self::new(format!("ATTEMPTS#{hash}"), "ATTEMPTS")
    }

    /// `PLAN#<uuid> / PLAN`
    pub(in crate::table) fn plan(plan: PlanId) -> Self {
        Self::new(format!("{PLAN}{plan}"), "PLAN")
    }

    /// `PLANS / PLAN#<uuid>`: a plan, in the list of all.
    pub(in crate::table) fn listed_plan(plan: PlanId) -> Self {
        Self::new(PLANS.to_owned(), format!("{PLAN}{plan}"))
    }

    /// `CLEARINGS#<digit> / CLEARING#ACCOUNT#<id>`: members that an account leaves, of which there is one deletion.
    pub(in crate::table) fn clearing_of_members(account: AccountId) -> Self {
        Self::clearing(&account.to_string(), &format!("ACCOUNT#{account}"))
    }

    /// `CLEARINGS#<digit> / CLEARING#USER#<uuid>#<epoch>`: what one change of a password leaves.
    pub(in crate::table) fn clearing_of_credentials(user: UserId, epoch: u64) -> Self {
        Self::clearing(&user.to_string(), &format!("USER#{user}#{epoch}"))
    }

    /// The last digit of both kinds of ids is random.
    fn clearing(id: &str, what: &str) -> Self {
        let digit = id.chars().last().unwrap_or_default();
        Self::new(clearing_partition(digit), format!("{CLEARING}{what}"))
    }

    /// `CLAIM#SLUG#<slug> / CLAIM`
    pub(in crate::table) fn slug_claim(slug: &Slug) -> Self {
        Self::claim("SLUG", slug)
    }

    /// `CLAIM#USERNAME#<username> / CLAIM`
    pub(in crate::table) fn username_claim(username: &Username) -> Self {
        Self::claim("USERNAME", username)
    }

    /// `CLAIM#NUMBER#<number> / CLAIM`
    pub(in crate::table) fn number_claim(number: UserNumber) -> Self {
        Self::claim("NUMBER", number)
    }

    /// `CLAIM#EMAIL#<normal form> / CLAIM`: an address of a user.
    pub(in crate::table) fn email_claim(address: &EmailAddress) -> Self {
        Self::claim("EMAIL", address.normal())
    }

    /// `CLAIM#CONTACT#<normal form> / CLAIM`: the contact address of an account.
    pub(in crate::table) fn contact_claim(address: &EmailAddress) -> Self {
        Self::claim("CONTACT", address.normal())
    }

    /// `CLAIM#NOTHING# / CLAIM`: never written.
    pub(in crate::table) fn no_claim() -> Self {
        Self::claim("NOTHING", "")
    }

    fn claim(kind: &str, value: impl Display) -> Self {
        Self::new(format!("CLAIM#{kind}#{value}"), "CLAIM")
    }

    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The key as the SDK takes it.
    pub(in crate::table) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk)),
            (SK.to_owned(), AttributeValue::S(self.sk)),
        ])
    }

    /// The key of a fetched item.
    pub(in crate::table) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }
}

/// The partition of everything that belongs to a user.
pub(in crate::table) fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

/// The partition of everything that belongs to an account.
pub(in crate::table) fn account_partition(account: AccountId) -> String {
    format!("ACCOUNT#{account}")
}

/// A partition that lists work that is to be cleared up.
pub(in crate::table) fn clearing_partition(digit: char) -> String {
    format!("CLEARINGS#{digit}")
}
