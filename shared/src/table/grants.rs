//! What users granted to OAuth clients.
//!
//! A grant is one item: the code, the refresh token that works and the access tokens. So a code and a refresh token work
//! once, however many requests come at once, and revoking all of it is one deletion.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Table;
use super::condition::Condition;
use super::item::{Item, Keyed, Stored, TTL};
use super::key::Key;
use super::transaction::{Changes, Transaction};
use crate::error::failed;
use crate::model::{
    ClientId, Grant, GrantAccess, GrantCode, GrantCredential, GrantId, GrantRefresh,
    GrantTokenKind, Scope, SpentRefresh, Timestamp, User,
};
use crate::{Error, Result};
use crate::{lifetimes, limits};

/// What a new grant is to be.
pub struct NewGrant {
    /// To whom.
    pub client: ClientId,
    /// For what.
    pub scopes: BTreeSet<Scope>,
    /// Where the code is sent.
    pub redirect_uri: String,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
}

/// What a client is given. It has no `Debug`: it must not be logged.
pub struct Issued {
    /// Opens what the scopes say.
    pub access: GrantCredential,
    /// Gets the next access token.
    pub refresh: GrantCredential,
}

impl Table {
    /// Notes what a user grants, and gives the code that tells the client of it.
    ///
    /// [`Error::WriteConflict`] when the user was disabled meanwhile, or the password changed.
    pub async fn create_grant(
        &self,
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
        let mut attributes = grant.at(grant.key())?;
        let end = grant.code.expires_at.as_second().to_string();
        attributes.insert(TTL.to_owned(), AttributeValue::N(end));
        Transaction::new(self, "note a grant")
            .put(attributes, Condition::absent(), || Error::WriteConflict)?
            .check(Key::user(user.id), Condition::same_epoch(user), || Error::WriteConflict)
            .commit()
            .await?;
        Ok(code)
    }

    /// Gives the first tokens for a code, or the next ones for the refresh token `spent`, which works no more.
    pub async fn issue(
        &self,
        user: &Stored<User>,
        grant: &Stored<Grant>,
        spent: Option<&GrantCredential>,
        scopes: BTreeSet<Scope>,
    ) -> Result<Issued> {
        let now = Timestamp::now();
        let access = GrantCredential::generate(GrantTokenKind::Access, grant.user, grant.id)?;
        let refresh = match spent {
            Some(spent) => spent.rotate()?,
            None => GrantCredential::generate(GrantTokenKind::Refresh, grant.user, grant.id)?,
        };
        let kept = GrantRefresh {
            family_hash: refresh.family_hash(),
            secret_hash: refresh.secret_hash(),
            created_at: now,
            expires_at: after(now, lifetimes::REFRESH_TOKEN_TTL)?,
            spent: grant.spent_lately(spent, now),
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
            .set(TTL, kept.expires_at.as_second())?
            .set("refresh", &kept)?
            .set("access", &live[live.len().saturating_sub(limits::MAX_ACCESS_TOKENS)..])?;
        Transaction::new(self, "issue tokens")
            .update(grant.key(), changes, Condition::unchanged(grant), || Error::WriteConflict)
            .check(Key::user(user.id), Condition::same_epoch(user), || Error::WriteConflict)
            .commit()
            .await?;
        Ok(Issued { access, refresh })
    }

    /// Revokes everything that came from a grant. One that is gone already is as good as revoked.
    pub async fn delete_grant(&self, grant: &Stored<Grant>) -> Result<()> {
        let gone: fn() -> Error = || Error::WriteConflict;
        let deleted = Transaction::new(self, "revoke a grant")
            .delete(grant.key(), Condition::present(), gone)
            .commit()
            .await;
        match deleted {
            Err(Error::WriteConflict) => Ok(()),
            outcome => outcome,
        }
    }

    /// Revokes one access token of a grant, as it was read.
    pub async fn delete_access(
        &self,
        grant: &Stored<Grant>,
        revoked: &GrantCredential,
    ) -> Result<()> {
        let left: Vec<&GrantAccess> =
            grant.access.iter().filter(|access| !revoked.matches(&access.secret_hash)).collect();
        Transaction::new(self, "revoke an access token")
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
    /// The refresh tokens that were spent a moment ago, with the one that is spent now.
    fn spent_lately(&self, spent: Option<&GrantCredential>, now: Timestamp) -> Vec<SpentRefresh> {
        let before = self.refresh.iter().flat_map(|refresh| refresh.spent.iter().cloned());
        let spent =
            spent.map(|spent| SpentRefresh { secret_hash: spent.secret_hash(), spent_at: now });
        before.filter(|spent| spent.is_recent(now)).chain(spent).collect()
    }
}

impl SpentRefresh {
    /// Whether it was spent so short a time ago that its second use may be a retry.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now.as_millisecond() - self.spent_at.as_millisecond()
            <= lifetimes::REFRESH_RETRY_GRACE * 1000
    }
}

fn after(now: Timestamp, seconds: i64) -> Result<Timestamp> {
    Timestamp::from_second(now.as_second() + seconds).map_err(failed("tell the time"))
}
