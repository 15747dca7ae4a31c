//! Which credential made which, so that one can be revoked with all that came from it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ApiKeyId, ParseError, TokenId};

/// A credential that makes others, among those of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MakerId {
    /// A token.
    Token(TokenId),
    /// An API key.
    ApiKey(ApiKeyId),
}

impl fmt::Display for MakerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
        }
    }
}

impl From<MakerId> for String {
    fn from(id: MakerId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for MakerId {
    type Error = ParseError;

    /// The two kinds differ in length.
    fn try_from(text: String) -> Result<Self, ParseError> {
        match text.parse() {
            Ok(token) => Ok(Self::Token(token)),
            Err(_) => text.try_into().map(Self::ApiKey),
        }
    }
}

/// A credential at the moment in which it makes another one.
#[derive(Debug, Clone)]
pub struct Maker {
    /// The credential itself.
    pub(super) id: MakerId,
    /// The same for all tokens of a rotation: the first one.
    pub(super) root: MakerId,
    /// Its own makers.
    pub(super) makers: BTreeSet<MakerId>,
}

impl Maker {
    /// The credential itself.
    pub const fn id(&self) -> MakerId {
        self.id
    }
}

/// Where a credential comes from, or the proof of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lineage {
    /// The credential that made it; none if a password did, or the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<MakerId>,
    /// The roots of that one and of all before it. Without those that were gone already when this
    /// one was made: nobody can revoke them any more, and so the set stays as small as a user's
    /// credentials are few.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) makers: BTreeSet<MakerId>,
}

impl Lineage {
    /// Of what this credential makes; `exists` tells which makers still exist.
    pub fn made_by(maker: Option<&Maker>, exists: impl Fn(&MakerId) -> bool) -> Self {
        let Some(Maker { id, root, makers }) = maker else { return Self::default() };
        let makers = makers.iter().copied().filter(exists).chain([*root]);
        Self { made_by: Some(*id), makers: makers.collect() }
    }

    /// Of a credential that gets another secret through this one: it stays with its makers, and
    /// whoever learns the new secret is one of them. A credential that renews itself has no further
    /// one.
    #[must_use]
    pub fn renewed_by(
        &self,
        maker: Option<&Maker>,
        own_root: MakerId,
        exists: impl Fn(&MakerId) -> bool,
    ) -> Self {
        let Some(maker) = maker.filter(|maker| maker.root != own_root) else { return self.clone() };
        let mut renewed = Self::made_by(Some(maker), &exists);
        renewed.makers.extend(self.makers.iter().copied().filter(exists));
        renewed.makers.remove(&own_root);
        renewed
    }

    /// Whether a credential with this root made it, or made one that did, and so on.
    pub fn descends_from(&self, root: &MakerId) -> bool {
        self.makers.contains(root)
    }

    /// Whether no credential made it.
    pub fn is_empty(&self) -> bool {
        self.made_by.is_none() && self.makers.is_empty()
    }
}
