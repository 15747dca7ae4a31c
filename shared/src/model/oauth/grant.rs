//! OAuth grants, as the table stores them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Client;
use crate::model::{
    ClientId, GrantCredential, GrantId, Scope, SecretHash, Timestamp, User, UserId, seconds_after,
};
use crate::{Result, lifetimes};

/// What a user granted to a client: the code, and every token that came from it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The identity, among its user's grants.
    pub id: GrantId,
    /// The user who granted it.
    pub user: UserId,
    /// The client that it was granted to.
    pub client: ClientId,
    /// The name of the client, as the user saw it.
    pub client_name: String,
    /// The client's grant epoch when it was granted.
    pub client_epoch: u64,
    /// The client's scope epoch when it was granted.
    #[serde(default)]
    pub client_scope_epoch: u64,
    /// The granted scopes.
    pub scopes: BTreeSet<Scope>,
    /// Whether its user was not asked, having allowed it before by another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_remembered: bool,
    /// The user's credential epoch when it was granted.
    #[serde(default)]
    pub epoch: u64,
    /// The code, stored beyond its use, so that a second use is recognized.
    pub code: GrantCode,
    /// When it ends for good, with every token that came from it.
    pub expires_at: Timestamp,
    /// The refresh tokens; none until the code is redeemed.
    pub refresh: Option<GrantRefresh>,
    /// The access tokens, newest last; some may have expired.
    #[serde(default)]
    pub access: Vec<GrantAccess>,
    /// When it was granted.
    pub created_at: Timestamp,
    /// The hour of the last use of an access token.
    pub last_used_at: Option<Timestamp>,
}

impl Grant {
    /// Whether it was granted to this client, whose grants were not revoked since.
    pub fn is_accepted_by(&self, client: &Client) -> bool {
        self.client == client.id && self.client_epoch == client.grant_epoch
    }

    /// Takes the scopes away that its client has lost since, also those that it has got back.
    pub fn limit_to(&mut self, client: &Client) {
        let epoch = self.client_scope_epoch;
        self.scopes.retain(|scope| client.has_had(*scope, epoch));
        for access in &mut self.access {
            access.scopes.retain(|scope| client.has_had(*scope, epoch));
        }
    }

    /// Whether its user is not disabled and has not changed the password since.
    pub fn stands(&self, user: &User) -> bool {
        !user.disabled && self.epoch == user.credential_epoch
    }

    /// Whether anything can come of it at `now`: it has tokens or a code, and has not ended.
    pub fn is_unexpired(&self, now: Timestamp) -> bool {
        now < self.expires_at && (self.refresh.is_some() || now < self.code.expires_at)
    }

    /// Whether it stands, and anything can come of it at `now`.
    pub fn is_active(&self, user: &User, now: Timestamp) -> bool {
        self.stands(user) && self.is_unexpired(now)
    }

    /// Whether its client still has a scope of it. Nothing works without one.
    pub fn has_scopes(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// When an access token that is issued at `now` expires: not after the grant.
    pub fn access_end(&self, now: Timestamp) -> Result<Timestamp> {
        Ok(seconds_after(now, lifetimes::ACCESS_TOKEN_TTL)?.min(self.expires_at))
    }

    /// The access token with the presented secret, if it has not expired at `now`, and has a scope
    /// left.
    pub fn active_access(
        &self,
        presented: &GrantCredential,
        now: Timestamp,
    ) -> Option<&GrantAccess> {
        let is_active = |access: &&GrantAccess| {
            now < access.expires_at.min(self.expires_at)
                && presented.matches(&access.secret_hash)
                && !access.scopes.is_empty()
        };
        self.access.iter().find(is_active)
    }

    /// The current refresh token, if it has the presented secret and the grant has not ended at
    /// `now`, and has a scope left.
    pub fn active_refresh(
        &self,
        presented: &GrantCredential,
        now: Timestamp,
    ) -> Option<&GrantRefresh> {
        let is_active = now < self.expires_at && self.has_scopes();
        let refresh = self.refresh.as_ref().filter(|_| is_active)?;
        presented.matches(&refresh.secret_hash).then_some(refresh)
    }
}

/// The code of a grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantCode {
    /// The hash of the code.
    pub secret_hash: SecretHash,
    /// The redirect URI that received it.
    pub redirect_uri: String,
    /// Whether the authorization request named the URI. The token request then must, too (RFC 6749,
    /// section 4.1.3).
    pub names_redirect_uri: bool,
    /// The PKCE challenge (S256) of the authorization request.
    pub challenge: Option<String>,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The refresh tokens of a grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantRefresh {
    /// The hash of the part of the secret that all of them share.
    pub family_hash: SecretHash,
    /// The hash of the current one.
    pub secret_hash: SecretHash,
    /// When the current one was issued. It expires with the grant.
    pub created_at: Timestamp,
    /// Those that were spent within the retry grace when the current one was issued.
    #[serde(default)]
    pub spent: Vec<SpentRefresh>,
}

/// A refresh token that was spent recently.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpentRefresh {
    /// Its hash.
    pub secret_hash: SecretHash,
    /// When it was spent.
    pub spent_at: Timestamp,
}

impl SpentRefresh {
    /// Whether it was spent so recently that its reuse may be a retry.
    pub(super) fn is_recent(&self, now: Timestamp) -> bool {
        now.as_millisecond() - self.spent_at.as_millisecond()
            <= lifetimes::REFRESH_RETRY_GRACE * 1000
    }
}

/// An access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantAccess {
    /// Its hash.
    pub secret_hash: SecretHash,
    /// Its scopes: those of the grant, or fewer.
    pub scopes: BTreeSet<Scope>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}
