//! OAuth grants.
//!
//! A grant is one item with the code, the current refresh token and the access tokens. So a code or
//! a refresh token can be used only once, even by concurrent requests, and one deletion revokes
//! all.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::failed;
use crate::model::{
    ClientId, Grant, GrantAccess, GrantCode, GrantCredential, GrantId, GrantRefresh,
    GrantTokenKind, Scope, SpentRefresh, Timestamp, User,
};
use crate::table::engine::{
    Actor, Changes, Condition, Item, Key, Keyed, Stored, TTL, Table, Transaction,
};
use crate::{Error, Result};
use crate::{lifetimes, limits};

/// The data of a new grant.
pub struct NewGrant {
    /// The client that it is for.
    pub client: ClientId,
    /// The granted scopes.
    pub scopes: BTreeSet<Scope>,
    /// The redirect URI that receives the code.
    pub redirect_uri: String,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
}

/// The tokens for a client. Without `Debug`, since they must not be logged.
pub struct IssuedTokens {
    /// The access token.
    pub access: GrantCredential,
    /// The refresh token.
    pub refresh: GrantCredential,
}

impl Table {
    /// Creates a grant and returns its code.
    ///
    /// [`Error::WriteConflict`] if the user was disabled or changed the password meanwhile.
    pub async fn create_grant(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        new: NewGrant,
    ) -> Result<GrantCredential> {
        let now = Timestamp::now();
        let code = GrantCredential::generate(GrantTokenKind::Code, user.id, GrantId::generate()?)?;
        let grant = Grant {
            id: code.grant(),
            user: user.id,
            client: new.client,
            scopes: new.scopes,
            epoch: user.credential_epoch,
            code: GrantCode {
                secret_hash: code.secret_hash(),
                redirect_uri: new.redirect_uri,
                challenge: new.challenge,
                expires_at: after(now, lifetimes::CODE_TTL)?,
            },
            refresh: None,
            access: Vec::new(),
            created_at: now,
            last_used_at: None,
        };
        let mut attributes = grant.to_attributes(grant.key())?;
        let end = grant.code.expires_at.as_second().to_string();
        attributes.insert(TTL.to_owned(), AttributeValue::N(end));
        Transaction::new(self, actor, "create a grant")
            .put(attributes, Condition::absent(), || Error::WriteConflict)?
            .check(Key::user(user.id), Condition::same_epoch(user.credential_epoch), || {
                Error::WriteConflict
            })
            .commit()
            .await?;
        Ok(code)
    }

    /// Issues the first tokens for a code, or the next ones for the refresh token `spent`, which
    /// becomes invalid.
    pub async fn issue(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        grant: &Stored<Grant>,
        spent: Option<&GrantCredential>,
        scopes: BTreeSet<Scope>,
    ) -> Result<IssuedTokens> {
        let now = Timestamp::now();
        let access = GrantCredential::generate(GrantTokenKind::Access, grant.user, grant.id)?;
        let refresh = match spent {
            Some(spent) => spent.rotate()?,
            None => GrantCredential::generate(GrantTokenKind::Refresh, grant.user, grant.id)?,
        };
        let stored = GrantRefresh {
            family_hash: refresh.family_hash(),
            secret_hash: refresh.secret_hash(),
            created_at: now,
            expires_at: after(now, lifetimes::REFRESH_TOKEN_TTL)?,
            spent: grant.recently_spent(spent, now),
        };
        let mut live: Vec<&GrantAccess> =
            grant.access.iter().filter(|access| now < access.expires_at).collect();
        let new = GrantAccess {
            secret_hash: access.secret_hash(),
            scopes,
            created_at: now,
            expires_at: after(now, lifetimes::ACCESS_TOKEN_TTL)?,
        };
        live.push(&new);
        let changes = Changes::new()
            .set(TTL, stored.expires_at.as_second())?
            .set("refresh", &stored)?
            .set("access", &live[live.len().saturating_sub(limits::MAX_ACCESS_TOKENS)..])?;
        Transaction::new(self, actor, "issue tokens")
            .update(grant.key(), changes, Condition::unchanged(grant), || Error::WriteConflict)
            .check(Key::user(user.id), Condition::same_epoch(user.credential_epoch), || {
                Error::WriteConflict
            })
            .commit()
            .await?;
        Ok(IssuedTokens { access, refresh })
    }

    /// Revokes a grant with all its tokens. Succeeds if it is revoked already.
    pub async fn delete_grant(&self, actor: &Actor, grant: &Stored<Grant>) -> Result<()> {
        let gone: fn() -> Error = || Error::WriteConflict;
        let deleted = Transaction::new(self, actor, "revoke a grant")
            .delete(grant.key(), Condition::present(), gone)
            .commit()
            .await;
        match deleted {
            Err(Error::WriteConflict) => Ok(()),
            outcome => outcome,
        }
    }

    /// Revokes one access token of a grant that is unchanged since it was read.
    pub async fn delete_access(
        &self,
        actor: &Actor,
        grant: &Stored<Grant>,
        revoked: &GrantCredential,
    ) -> Result<()> {
        let left: Vec<&GrantAccess> =
            grant.access.iter().filter(|access| !revoked.matches(&access.secret_hash)).collect();
        Transaction::new(self, actor, "revoke an access token")
            .update(
                grant.key(),
                Changes::new().set("access", left)?,
                Condition::unchanged(grant),
                || Error::WriteConflict,
            )
            .commit()
            .await
    }
}

impl Grant {
    /// The recently spent refresh tokens, and the one that is spent now.
    fn recently_spent(&self, spent: Option<&GrantCredential>, now: Timestamp) -> Vec<SpentRefresh> {
        let before = self.refresh.iter().flat_map(|refresh| refresh.spent.iter().cloned());
        let spent =
            spent.map(|spent| SpentRefresh { secret_hash: spent.secret_hash(), spent_at: now });
        before.filter(|spent| spent.is_recent(now)).chain(spent).collect()
    }
}

impl SpentRefresh {
    /// Whether it was spent so recently that its reuse may be a retry.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now.as_millisecond() - self.spent_at.as_millisecond()
            <= lifetimes::REFRESH_RETRY_GRACE * 1000
    }
}

fn after(now: Timestamp, seconds: i64) -> Result<Timestamp> {
    Timestamp::from_second(now.as_second() + seconds).map_err(failed("tell the time"))
}
