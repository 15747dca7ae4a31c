//! Accounts, and who belongs to them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::named::by_name;
use super::{AccountId, EmailAddress, ParseError, PlanId, Slug, Text, Timestamp, UserId};
use crate::limits::MAX_ACCOUNT_NAME;

/// An account, as quave and golem manage it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The identity.
    pub id: AccountId,
    /// Its name; not unique.
    pub name: AccountName,
    /// The unique name for URLs, fixed at creation.
    pub slug: Slug,
    /// Whether the operator vouches for it; no client can set it.
    pub is_verified: bool,
    /// Whether autoscaling is allowed; no client can set it.
    pub allow_auto_scaling: bool,
    /// What it may use.
    pub plan: PlanId,
    /// Who created it.
    pub owner: UserId,
    /// The contact address, unique over all accounts. Without one, the owner's primary address is
    /// shown.
    pub contact_email: Option<EmailAddress>,
    /// Access to a private container registry.
    pub registry: Option<Registry>,
    /// How many members it has.
    pub member_count: u32,
    /// How many of them are admins.
    pub admin_count: u32,
    /// When it was created.
    pub created_at: Timestamp,
}

/// An account's name.
pub type AccountName = Text<MAX_ACCOUNT_NAME>;

/// Access to a private container registry. The password can be opened by the operator alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Registry {
    /// An https URL.
    pub server: String,
    /// The registry user's address, as it was typed.
    pub email: String,
    /// The registry user's name.
    pub username: String,
    /// The sealed password.
    pub password: Sealed,
}

/// A text encrypted to a public key whose private key no function has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sealed {
    /// Which public key: the first 8 bytes of its SHA-256, in hexadecimal.
    pub key: String,
    /// A libsodium sealed box (`crypto_box_seal`), in standard base64.
    #[serde(rename = "box")]
    pub sealed_box: String,
}

/// What a member may do in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May change and delete it.
    Admin,
    /// May see it.
    Member,
}

impl Role {
    /// The role as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

impl FromStr for Role {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        by_name([Self::Admin, Self::Member], Self::as_str, text)
            .ok_or_else(|| ParseError::new("must be `admin` or `member`"))
    }
}

/// That a user belongs to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The account.
    pub account: AccountId,
    /// The user.
    pub user: UserId,
    /// What the user may do in it.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
}
