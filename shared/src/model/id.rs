//! One type per identity, so that no two can be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hex::{Hex, hex_text};
use super::{ParseError, Timestamp};
use crate::{Result, random};

/// A user: a UUID of version 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(Uuid);

impl UserId {
    /// Creates an id; ids sort by their time of creation.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes that a token contains.
    pub(crate) const fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// The id in a token.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A user's number: random and unique, from 1 to 2^53 - 1, so that every JSON parser reads it
/// exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserNumber(u64);

impl UserNumber {
    /// Draws a number that is probably free; the write that claims it decides.
    pub fn generate() -> Result<Self> {
        Ok(Self((u64::from_be_bytes(random::bytes()?) >> 11).max(1)))
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for UserNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A plan: any UUID, the nil one for the default plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(Uuid);

impl PlanId {
    /// The plan that every account starts with.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UserId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        uuid(text).map(Self)
    }
}

impl FromStr for PlanId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        uuid(text).map(Self)
    }
}

/// Parses the form with hyphens. The crate's parser also accepts others, all of another length.
fn uuid(text: &str) -> Result<Uuid, ParseError> {
    let uuid = Some(text.trim()).filter(|text| text.len() == 36).and_then(|text| text.parse().ok());
    uuid.ok_or_else(|| ParseError::new("must be a UUID"))
}

/// An account: 12 random bytes, written as 24 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Hex<12>);

impl AccountId {
    /// Creates an id that cannot be guessed.
    pub fn generate() -> Result<Self> {
        Ok(Self(Hex(random::bytes()?)))
    }

    /// The 12 bytes that a token contains.
    pub(super) const fn to_bytes(self) -> [u8; 12] {
        self.0.0
    }

    /// The id in a token.
    pub(super) const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(Hex(bytes))
    }
}

/// A token, among those of its user: its time of creation in milliseconds (6 bytes, so that ids
/// sort by it) and 6 random bytes, written as 24 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(Hex<12>);

/// A grant, among those of its user: 12 bytes like those of a [`TokenId`], then the client's id, so
/// that every token of the grant says which client is to be read with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId(Hex<24>);

impl GrantId {
    /// Creates the id of a grant to this client.
    pub fn generate(client: ClientId) -> Result<Self> {
        let mut bytes = [0; 24];
        bytes[..12].copy_from_slice(&timed_bytes(Timestamp::now())?);
        bytes[12..].copy_from_slice(&client.0.0);
        Ok(Self(Hex(bytes)))
    }

    /// The client that it was given to.
    pub fn client(self) -> ClientId {
        ClientId(Hex(std::array::from_fn(|place| self.0.0[12 + place])))
    }

    /// The 24 bytes that a credential contains.
    pub(crate) const fn to_bytes(self) -> [u8; 24] {
        self.0.0
    }

    /// The id in a credential.
    pub(crate) const fn from_bytes(bytes: [u8; 24]) -> Self {
        Self(Hex(bytes))
    }
}

/// An OAuth client: 12 random bytes, written as 24 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Hex<12>);

impl ClientId {
    /// Creates a client's id.
    pub fn generate() -> Result<Self> {
        Ok(Self(Hex(random::bytes()?)))
    }
}

/// A session, among those of its user: 12 bytes like those of a [`TokenId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(Hex<12>);

/// Declares the ids of credentials that name their owner.
macro_rules! credential_ids {
    ($($id:ident),*) => {$(
        impl $id {
            /// Creates an id.
            pub fn generate() -> Result<Self> {
                timed_bytes(Timestamp::now()).map(|bytes| Self(Hex(bytes)))
            }

            /// The 12 bytes that a credential contains.
            pub(crate) const fn to_bytes(self) -> [u8; 12] {
                self.0.0
            }

            /// The id in a credential.
            pub(crate) const fn from_bytes(bytes: [u8; 12]) -> Self {
                Self(Hex(bytes))
            }
        }
    )*};
}

credential_ids!(SessionId, TokenId);

/// The time in milliseconds, and random bytes.
pub(super) fn timed_bytes(now: Timestamp) -> Result<[u8; 12]> {
    let mut bytes = random::bytes::<12>()?;
    bytes[..6].copy_from_slice(&six_bytes(now.as_millisecond()));
    Ok(bytes)
}

/// A number of milliseconds since 1970 in order; 0 if it is negative.
pub(super) fn six_bytes(milliseconds: i64) -> [u8; 6] {
    let all = milliseconds.max(0).to_be_bytes();
    std::array::from_fn(|place| all[2 + place])
}

hex_text!(AccountId, ClientId, GrantId, SessionId, TokenId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_is_24_lower_case_hexadecimal_digits_and_nothing_else() {
        let id = "5f7b1b7b7b7b7b7b7b7b7b7b";

        assert_eq!(id.parse::<AccountId>().unwrap().to_string(), id);
        for wrong in [
            "",
            "5f7b1b7b7b7b7b7b7b7b7b7",
            "5f7b1b7b7b7b7b7b7b7b7b7b7",
            "5F7B1B7B7B7B7B7B7B7B7B7B",
            "5f7b1b7b7b7b7b7b7b7b7bé",
            "zzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(wrong.parse::<AccountId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_grants_id_sorts_by_its_time_and_names_the_client() {
        let client = ClientId::generate().unwrap();
        let id = GrantId::generate(client).unwrap();

        assert_eq!(id.client(), client);
        assert!(id.to_string()[..12] >= *format!("{:012x}", 1_700_000_000_000_u64));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_users_number_is_exact_in_every_json_reader() {
        for _ in 0..1000 {
            let UserNumber(number) = UserNumber::generate().unwrap();
            assert!((1..1 << 53).contains(&number), "{number}");
        }
    }
}
