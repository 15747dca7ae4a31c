//! What a user has of that which is limited, as far as it does not stand in the user itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Client, ClientId, Grant, GrantId, MakerId, PasskeyId, Session, SessionId, Timestamp, TokenId,
    TokenKind, User, UserId, UserToken,
};
use crate::limits::{ACCOUNTS_OWNED, GRANTS, MAX_SESSIONS, MEMBERSHIPS, TOKENS};
use crate::{Error, Result};

/// What a user has: in one item beside the user, so that a write can require that there is room.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// The user.
    pub user: UserId,
    /// The tokens by their ids. Some may have ended; the next one that is created removes these.
    pub tokens: BTreeMap<TokenId, CountedToken>,
    /// Grows with every write of the tokens.
    #[serde(default)]
    pub tokens_version: u64,
    /// The grants by their ids; some may have ended, likewise.
    pub grants: BTreeMap<GrantId, CountedGrant>,
    /// The sessions by their ids; some may have ended, likewise.
    pub sessions: BTreeMap<SessionId, CountedSession>,
    /// The passkeys by their ids.
    pub passkeys: BTreeMap<PasskeyId, bool>,
    /// How many accounts the user owns.
    pub accounts_owned: u32,
    /// How many accounts the user belongs to.
    pub memberships: u32,
}

/// What decides whether a token works, and which tokens are one by rotation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountedToken {
    /// Its kind.
    pub kind: TokenKind,
    /// The user's credential epoch when it was created.
    pub epoch: u64,
    /// The first token of its rotations.
    pub root: TokenId,
    /// When it expires, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What decides whether a grant works.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountedGrant {
    /// The client that it was granted to.
    pub client: ClientId,
    /// The client's grant epoch when it was granted.
    pub client_epoch: u64,
    /// The user's credential epoch when it was granted.
    pub epoch: u64,
    /// When its code expires, and once that is redeemed the grant.
    pub expires_at: Timestamp,
}

/// What decides whether a session works, but for its last use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountedSession {
    /// The user's credential epoch when it began.
    pub epoch: u64,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl From<&Session> for CountedSession {
    fn from(session: &Session) -> Self {
        Self { epoch: session.epoch, expires_at: session.expires_at }
    }
}

impl From<&UserToken> for CountedToken {
    fn from(token: &UserToken) -> Self {
        let (kind, epoch, root) = (token.kind, token.epoch, token.root());
        Self { kind, epoch, root, expires_at: token.expires_at }
    }
}

impl From<&Grant> for CountedGrant {
    fn from(grant: &Grant) -> Self {
        let is_redeemed = grant.refresh.is_some();
        let expires_at = if is_redeemed { grant.expires_at } else { grant.code.expires_at };
        let (client, client_epoch, epoch) = (grant.client, grant.client_epoch, grant.epoch);
        Self { client, client_epoch, epoch, expires_at }
    }
}

impl CountedToken {
    /// Whether the token works at `now`. One that was revoked is not counted.
    fn works(&self, id: TokenId, user: &User, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end) && user.accepts(self.kind, id, self.epoch)
    }
}

impl CountedGrant {
    /// Whether the grant works at `now`. One that was revoked is not counted.
    fn works(&self, user: &User, now: Timestamp) -> bool {
        self.epoch == user.credential_epoch && now < self.expires_at
    }
}

impl CountedSession {
    /// Whether the session works at `now`, idleness aside. One that was ended is not in the counts.
    fn works(&self, user: &User, now: Timestamp) -> bool {
        self.epoch == user.credential_epoch && now < self.expires_at
    }
}

impl Counts {
    /// Of a new user with a personal account, who belongs to so many.
    pub const fn new(user: UserId, memberships: u32) -> Self {
        Self {
            user,
            tokens: BTreeMap::new(),
            tokens_version: 0,
            grants: BTreeMap::new(),
            sessions: BTreeMap::new(),
            passkeys: BTreeMap::new(),
            accounts_owned: 1,
            memberships,
        }
    }

    /// Whether this maker of this user's credentials still exists.
    pub fn has_maker(&self, user: &User, maker: &MakerId) -> bool {
        match maker {
            MakerId::Token(root) => self.tokens.values().any(|token| token.root == *root),
            MakerId::ApiKey(key) => user.api_keys.contains_key(&key.to_string()),
        }
    }

    /// Whether this very credential of the user works at `now`, not another one of its rotations.
    pub fn has_working(&self, user: &User, credential: &MakerId, now: Timestamp) -> bool {
        match credential {
            MakerId::Token(id) => {
                self.tokens.get(id).is_some_and(|token| token.works(*id, user, now))
            }
            MakerId::ApiKey(key) => user.api_keys.contains_key(&key.to_string()),
        }
    }

    /// The tokens that no longer work.
    pub fn ended_tokens(&self, user: &User, now: Timestamp) -> Vec<TokenId> {
        let ended = self.tokens.iter().filter(|(id, token)| !token.works(**id, user, now));
        ended.map(|(id, _)| *id).collect()
    }

    /// The grants that no longer work.
    pub fn ended_grants(&self, user: &User, now: Timestamp) -> Vec<GrantId> {
        let ended = self.grants.iter().filter(|(_, grant)| !grant.works(user, now));
        ended.map(|(id, _)| *id).collect()
    }

    /// The sessions that no longer work.
    pub fn ended_sessions(&self, user: &User, now: Timestamp) -> Vec<SessionId> {
        let ended = self.sessions.iter().filter(|(_, session)| !session.works(user, now));
        ended.map(|(id, _)| *id).collect()
    }

    /// The sessions that a new one ends, beside these, which ended before: the one that it takes the
    /// place of, and the oldest if there is no room otherwise.
    pub fn replaced_sessions(&self, ended: &[SessionId], own: Option<SessionId>) -> Vec<SessionId> {
        let working = self.sessions.keys().copied().filter(|id| !ended.contains(id));
        let (mut replaced, others): (Vec<_>, Vec<_>) = working.partition(|id| Some(*id) == own);
        // Ids sort by time.
        let too_many = (others.len() + 1).saturating_sub(MAX_SESSIONS as usize);
        replaced.extend(others.into_iter().take(too_many));
        replaced
    }

    /// The grants to a client that it no longer accepts: the operator revoked them, or deleted the
    /// client.
    pub fn rejected_grants(&self, id: ClientId, client: Option<&Client>) -> Vec<GrantId> {
        let epoch = client.map(|client| client.grant_epoch);
        let to_client = self.grants.iter().filter(|(_, grant)| grant.client == id);
        let rejected = to_client.filter(|(_, grant)| Some(grant.client_epoch) != epoch);
        rejected.map(|(id, _)| *id).collect()
    }

    /// [`Error::LimitReached`] if the user has as many tokens as are allowed beside these.
    pub fn check_token(&self, without: &[TokenId]) -> Result<()> {
        Error::check_room(TOKENS, self.tokens.len() - without.len())
    }

    /// [`Error::LimitReached`] if the user has as many grants as are allowed beside these.
    pub fn check_grant(&self, without: &[GrantId]) -> Result<()> {
        Error::check_room(GRANTS, self.grants.len() - without.len())
    }

    /// [`Error::LimitReached`] if the user owns as many accounts as are allowed, or belongs to as
    /// many.
    pub fn check_account(&self) -> Result<()> {
        Error::check_room(ACCOUNTS_OWNED, self.accounts_owned as usize)?;
        Error::check_room(MEMBERSHIPS, self.memberships as usize)
    }
}
