//! OAuth grants.
//!
//! A grant is one item with the code, the current refresh token and the access tokens. So a code or
//! a refresh token can be used only once, even by concurrent requests, and one deletion revokes
//! all.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::model::{
    Client, Grant, GrantAccess, GrantCode, GrantCredential, GrantId, GrantTokenKind, GrantTokens,
    Issuance, IssuedTokens, Scope, Timestamp, User, seconds_after,
};
use crate::table::engine::{
    Actor, Changes, Condition, Item, Key, Keyed, Stored, TTL, Table, Transaction,
};
use crate::telemetry::SecurityEvent;
use crate::{Error, Result, lifetimes};

/// The data of a new grant.
pub struct NewGrant<'a> {
    /// The client that it is for.
    pub client: &'a Client,
    /// The granted scopes.
    pub scopes: BTreeSet<Scope>,
    /// The redirect URI that receives the code.
    pub redirect_uri: String,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
}

impl Table {
    /// Creates a grant and returns its code.
    ///
    /// [`Error::WriteConflict`] if the user was disabled or changed the password meanwhile.
    pub async fn create_grant(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        new: NewGrant<'_>,
    ) -> Result<GrantCredential> {
        let now = Timestamp::now();
        let code = GrantCredential::generate(GrantTokenKind::Code, user.id, GrantId::generate()?)?;
        let grant = Grant {
            id: code.grant(),
            user: user.id,
            client: new.client.id,
            client_name: new.client.name.clone(),
            scopes: new.scopes,
            epoch: user.credential_epoch,
            code: GrantCode {
                secret_hash: code.secret_hash(),
                redirect_uri: new.redirect_uri,
                challenge: new.challenge,
                expires_at: seconds_after(now, lifetimes::CODE_TTL)?,
            },
            expires_at: new.client.grant_end(now)?,
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
        SecurityEvent::GrantCreated.record();
        Ok(code)
    }

    /// Issues tokens. The code or refresh token that they are issued for becomes invalid.
    ///
    /// [`Error::WriteConflict`] if the grant was changed since it was read, or the user was
    /// disabled or changed the password.
    pub async fn issue(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        grant: &Stored<Grant>,
        issuance: &Issuance<'_>,
    ) -> Result<IssuedTokens> {
        let issued = IssuedTokens::generate(grant, issuance)?;
        let GrantTokens { refresh, access } = issuance.apply(grant, &issued)?;
        let changes = Changes::new()
            .set(TTL, grant.expires_at.as_second())?
            .set("refresh", &refresh)?
            .set("access", &access)?;
        Transaction::new(self, actor, "issue tokens")
            .update(grant.key(), changes, Condition::unchanged(grant), || Error::WriteConflict)
            .check(Key::user(user.id), Condition::same_epoch(user.credential_epoch), || {
                Error::WriteConflict
            })
            .commit()
            .await?;
        Ok(issued)
    }

    /// Revokes a grant with all its tokens. Succeeds if it is revoked already.
    ///
    /// The grant may have been changed since it was read: that a code or refresh token was used
    /// before, or belongs to the grant, stays true.
    pub async fn delete_grant(&self, actor: &Actor, grant: &Stored<Grant>) -> Result<()> {
        let deleted = Transaction::new(self, actor, "revoke a grant")
            .delete(grant.key(), Condition::present(), || Error::WriteConflict)
            .commit()
            .await;
        match deleted {
            Err(Error::WriteConflict) => Ok(()),
            outcome => {
                outcome?;
                SecurityEvent::GrantRevoked.record();
                Ok(())
            }
        }
    }

    /// Revokes all access tokens of a grant but the remaining ones.
    ///
    /// [`Error::WriteConflict`] if the grant was changed since it was read.
    pub async fn delete_access(
        &self,
        actor: &Actor,
        grant: &Stored<Grant>,
        remaining: &[GrantAccess],
    ) -> Result<()> {
        let changes = Changes::new().set("access", remaining)?;
        Transaction::new(self, actor, "revoke an access token")
            .update(grant.key(), changes, Condition::unchanged(grant), || Error::WriteConflict)
            .commit()
            .await?;
        SecurityEvent::GrantRevoked.record();
        Ok(())
    }
}
