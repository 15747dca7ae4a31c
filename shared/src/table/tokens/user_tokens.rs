//! Tokens of users.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::failed;
use crate::model::{
    Scope, SecretHash, Timestamp, TokenCredential, TokenId, TokenKind, User, UserId, UserToken,
};
use crate::table::engine::{
    Actor, Attributes, Changes, Condition, Fetch, Item, Items, Key, Keyed, Stored, TOKEN, TTL,
    Table, Transaction,
};
use crate::table::pages::{Page, Paged, ReadItems};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// The data of a new token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The kind.
    pub kind: TokenKind,
    /// The name that its user chose.
    pub name: String,
    /// The scopes; without a list, full access.
    pub scopes: Option<BTreeSet<Scope>>,
    /// When it expires, if ever.
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    fn into_token(self, user: &User, id: TokenId, secret_hash: SecretHash) -> UserToken {
        UserToken {
            id,
            user: user.id,
            kind: self.kind,
            name: self.name,
            secret_hash,
            scopes: self.scopes,
            epoch: user.credential_epoch,
            created_at: Timestamp::now(),
            expires_at: self.expires_at,
            last_used_at: None,
            rotated_to: None,
        }
    }
}

/// A token of the caller, possibly the presented one.
pub struct CallerToken(pub(in crate::table) TokenId);

impl Fetch for CallerToken {
    type Output = Option<Stored<UserToken>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::token(caller, self.0)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.peek(&Key::token(caller, self.0))
    }
}

impl Paged for UserToken {
    type Id = TokenId;
    const PREFIX: &'static str = TOKEN;

    fn id(&self) -> TokenId {
        self.id
    }

    fn key_of(user: UserId, id: TokenId) -> Key {
        Key::token(user, id)
    }

    fn is_active(&self, user: &User, now: Timestamp) -> bool {
        user.is_active(self, now)
    }
}

impl Table {
    /// Creates a token for a user. The returned credential is the only copy of the secret.
    ///
    /// [`Error::WriteConflict`] if the user was disabled or changed the password.
    pub fn create_token(
        &self,
        actor: &Actor,
        user: &User,
        new: NewToken,
    ) -> Result<Write<'_, (TokenCredential, UserToken)>> {
        let credential = TokenCredential::generate(new.kind, user.id)?;
        let token = new.into_token(user, credential.id(), credential.secret_hash());
        let transaction = self.token_creation(actor, "create a token", user, &token)?;
        let write = Write::new(transaction, (credential, token));
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Revokes a token, effective with the next request. [`Error::NotFound`] if it does not exist.
    pub fn delete_token(&self, actor: &Actor, user: UserId, token: TokenId) -> Write<'_, ()> {
        let transaction = Transaction::new(self, actor, "revoke a token").delete(
            Key::token(user, token),
            Condition::present(),
            || Error::NotFound("token"),
        );
        Write::new(transaction, ()).recorded_as(SecurityEvent::CredentialRevoked)
    }

    /// Creates a token that replaces `old`. The old one stays valid for `overlap`, but not beyond
    /// its own expiry; without an overlap it is deleted.
    ///
    /// [`Error::Conflict`] if it was rotated before; other errors as in [`Table::create_token`].
    pub fn rotate_token(
        &self,
        actor: &Actor,
        user: &User,
        old: &Stored<UserToken>,
        overlap: Duration,
    ) -> Result<Write<'_, (TokenCredential, UserToken)>> {
        if old.rotated_to.is_some() {
            return Err(Error::Conflict("the token was rotated already"));
        }
        let credential = TokenCredential::generate(old.kind, user.id)?;
        let new = NewToken {
            kind: old.kind,
            name: old.name.clone(),
            scopes: old.scopes.clone(),
            expires_at: old.expires_at,
        };
        let new = new.into_token(user, credential.id(), credential.secret_hash());
        let unchanged = Condition::unchanged(old);
        let transaction = self.token_creation(actor, "rotate a token", user, &new)?;
        let transaction = if overlap.is_zero() {
            transaction.delete(old.key(), unchanged, || Error::WriteConflict)
        } else {
            let changes = rotated(old, &new, overlap)?;
            transaction.update(old.key(), changes, unchanged, || Error::WriteConflict)
        };
        let write = Write::new(transaction, (credential, new));
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    /// The creation of a token, for a user with an unchanged password.
    fn token_creation(
        &self,
        actor: &Actor,
        action: &'static str,
        user: &User,
        new: &UserToken,
    ) -> Result<Transaction<'_>> {
        Ok(Transaction::new(self, actor, action)
            .put(attributes(new)?, Condition::absent(), || Error::WriteConflict)?
            .check(Key::user(user.id), Condition::same_epoch(user.credential_epoch), || {
                Error::WriteConflict
            }))
    }

    /// Reads the tokens of a user after this one, for a page of `limit`. It needs only the user's
    /// id, so it can run beside the read of the credential. [`Table::active_tokens`] makes the
    /// page.
    pub async fn tokens_after(
        &self,
        user: UserId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<ReadItems<UserToken>> {
        self.items_after(user, after, limit).await
    }

    /// A page of up to `limit` active tokens.
    pub async fn active_tokens(
        &self,
        user: &User,
        read: ReadItems<UserToken>,
        limit: u8,
    ) -> Result<Page<UserToken, TokenId>> {
        self.active_items(user, read, limit).await
    }
}

/// The changes to a token that was replaced by another one.
fn rotated(old: &UserToken, new: &UserToken, overlap: Duration) -> Result<Changes> {
    let end = new.created_at.checked_add(overlap).map_err(failed("rotate a token"))?;
    let end = old.expires_at.map_or(end, |own| own.min(end));
    Changes::new().set("rotatedTo", new.id)?.set("expiresAt", end)?.set(TTL, end.as_second())
}

/// The attributes of a new token, with its TTL.
fn attributes(token: &UserToken) -> Result<Attributes> {
    let mut attributes = token.to_attributes(token.key())?;
    if let Some(end) = token.expires_at {
        attributes.insert(TTL.to_owned(), AttributeValue::N(end.as_second().to_string()));
    }
    Ok(attributes)
}
