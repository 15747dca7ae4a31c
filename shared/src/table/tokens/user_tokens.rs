//! Tokens of users.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::failed;
use crate::model::{
    AuditAction, Counts, Email, Lineage, MakerId, Scope, Timestamp, TokenCredential, TokenId,
    TokenKind, User, UserId, UserToken,
};
use crate::table::cleanup::CleanupTask;
use crate::table::counts::{Replaced, existing};
use crate::table::engine::{
    Actor, Attributes, Changes, Condition, Fetch, Item, Items, Key, Keyed, Stored, TOKEN, TTL,
    Table, Trail, Transaction, user_partition,
};
use crate::table::pages::{Page, Paged, ReadItems};
use crate::table::write::{FollowUp, Write};
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
    fn into_token(self, user: &User, credential: &TokenCredential) -> UserToken {
        UserToken {
            id: credential.id(),
            user: user.id,
            kind: self.kind,
            name: self.name,
            secret_hash: credential.secret_hash(),
            scopes: self.scopes,
            epoch: user.credential_epoch,
            created_at: Timestamp::now(),
            expires_at: self.expires_at,
            last_used_at: None,
            rotated_to: None,
            root: None,
            lineage: Lineage::default(),
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

/// An entry on a new token, with its kind and its scopes.
fn of_token(token: &UserToken, action: AuditAction) -> Trail {
    Trail::of_user(token.user, action)
        .to(token.id)
        .with("kind", token.kind.as_str())
        .with_all("scopes", token.scopes.iter().flatten())
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
    /// [`Error::LimitReached`] if the user has as many as are allowed, [`Error::WriteConflict`] if
    /// the user was disabled or changed the password.
    pub fn create_token(
        &self,
        actor: &Actor,
        user: &User,
        counts: Option<&Stored<Counts>>,
        new: NewToken,
    ) -> Result<Write<'_, (TokenCredential, UserToken)>> {
        let counts = existing(counts)?;
        let credential = TokenCredential::generate(new.kind, user.id)?;
        let mut token = new.into_token(user, &credential);
        let exists = |maker: &MakerId| counts.has_maker(user, maker);
        token.lineage = Lineage::made_by(actor.maker_for(user.id), exists);
        let created = of_token(&token, AuditAction::TokenCreated);
        let transaction = self
            .token_creation(actor, "create a token", user, &token, created)?
            .count_token(user, counts, &token, &Replaced::Nothing)?;
        let write = Write::new(transaction, (credential, token));
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Revokes a token, effective with the next request. [`Error::NotFound`] if it does not exist.
    pub fn delete_token(&self, actor: &Actor, user: UserId, token: TokenId) -> Write<'_, ()> {
        let revoked = Trail::of_user(user, AuditAction::TokenRevoked).to(token);
        let transaction = Transaction::new(self, actor, "revoke a token", revoked)
            .delete_token(user, token)
            .uncount_token(user, token);
        Write::new(transaction, ()).recorded_as(SecurityEvent::CredentialRevoked)
    }

    /// Revokes a token with everything that came from it or from another one of its rotations:
    /// tokens, API keys, SSH keys and the S3 secret, which is replaced; also the proofs of
    /// addresses, and the invitations that the user sent, by whatever credential. `all` are the tokens
    /// of the user; `emails` are its addresses, read after the user.
    ///
    /// One transaction revokes all of it: the user, which every credential is read with, names the
    /// other tokens until their items are deleted. [`Error::WriteConflict`] if a credential was
    /// made since these were read.
    pub fn delete_token_with_descendants(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        counts: Option<&Stored<Counts>>,
        token: &UserToken,
        all: &[UserToken],
        emails: &[Email],
    ) -> Result<Write<'_, ()>> {
        let counts = existing(counts)?;
        let proved: Vec<_> = emails.iter().filter(|email| email.is_proved_through(token)).collect();
        let mut known: BTreeSet<TokenId> = all.iter().map(|token| token.id).collect();
        // Those that ended are counted until the next one is created, and their items are deleted.
        known.extend(counts.ended_tokens(user, Timestamp::now()));
        // The tokens are read by another call than the counts, perhaps before it.
        if counts.tokens.keys().any(|id| !known.contains(id)) {
            return Err(Error::WriteConflict);
        }
        let others: Vec<TokenId> = all
            .iter()
            .filter(|other| other.id != token.id && other.comes_from(token))
            .map(|other| other.id)
            .filter(|id| counts.tokens.contains_key(id))
            .collect();
        let mut changes = without_keys_from(user, token)?.add("invitationEpoch", 1);
        let gone: Vec<TokenId> = others.iter().copied().chain([token.id]).collect();
        let revoked = Trail::of_user(user.id, AuditAction::TokenRevoked)
            .to(token.id)
            .with_all("descendants", &others)
            .with_all("apiKeys", user.api_keys_from(token))
            .with_all("sshKeys", user.ssh_keys_from(token))
            .changed(user.s3_key_from(token).map(|_| "s3Key"))
            .changed((!proved.is_empty()).then_some("emailProofs"))
            .changed(["invitations"]);
        let action = "revoke a token with its descendants";
        let mut transaction = Transaction::new(self, actor, action, revoked)
            .delete_token(user.id, token.id)
            .uncount_tokens(counts, &gone);
        transaction = proved.into_iter().fold(transaction, Transaction::end_email_proof);
        let mut follow_up = FollowUp::Nothing;
        if !others.is_empty() {
            changes = changes
                .add_to_set("revokedTokens", others.iter().map(TokenId::to_string).collect());
            transaction = transaction.record_cleanup(&CleanupTask::tokens(user.id, token.id))?;
            let revoked = others.into_iter().chain(user.revoked_tokens.iter().copied()).collect();
            follow_up = FollowUp::DeleteTokens { user: user.id, token: token.id, revoked };
        }
        let unchanged = Condition::same_credentials(user);
        let transaction =
            transaction.update(user.key(), changes, unchanged, || Error::WriteConflict);
        let write = Write::followed_by(transaction, (), follow_up);
        Ok(write.recorded_as(SecurityEvent::CredentialRevoked))
    }

    /// All tokens of a user, working or not. It needs only the user's id, so it can run beside the
    /// read of the credential.
    pub async fn all_tokens(&self, user: UserId) -> Result<Vec<UserToken>> {
        self.query(user_partition(user), TOKEN).await
    }

    /// Creates a token that replaces `old`. The old one stays valid for `overlap`, but not beyond
    /// its own expiry; without an overlap it is deleted.
    ///
    /// The new token comes from what the old one came from, and from the token that rotates it if
    /// that is another one. [`Error::Conflict`] if it was rotated before; other errors as in
    /// [`Table::create_token`].
    pub fn rotate_token(
        &self,
        actor: &Actor,
        user: &User,
        counts: Option<&Stored<Counts>>,
        old: &Stored<UserToken>,
        overlap: Duration,
    ) -> Result<Write<'_, (TokenCredential, UserToken)>> {
        if old.rotated_to.is_some() {
            return Err(Error::Conflict("the token was rotated already"));
        }
        let counts = existing(counts)?;
        let credential = TokenCredential::generate(old.kind, user.id)?;
        let new = NewToken {
            kind: old.kind,
            name: old.name.clone(),
            scopes: old.scopes.clone(),
            expires_at: old.expires_at,
        };
        let mut new = new.into_token(user, &credential);
        let (maker, root) = (actor.maker_for(user.id), MakerId::Token(old.root()));
        let exists = |maker: &MakerId| counts.has_maker(user, maker);
        new.lineage = old.lineage.renewed_by(maker, root, exists);
        new.root = Some(old.root());
        let unchanged = Condition::unchanged(old);
        let rotated = of_token(&new, AuditAction::TokenRotated).with("replaced", &old.id);
        let transaction = self.token_creation(actor, "rotate a token", user, &new, rotated)?;
        let transaction =
            if overlap.is_zero() {
                transaction.delete(old.key(), unchanged, || Error::WriteConflict).count_token(
                    user,
                    counts,
                    &new,
                    &Replaced::Deleted(old.id),
                )?
            } else {
                let end = end_of(old, &new, overlap)?;
                let changes = Changes::new()
                    .set("rotatedTo", new.id)?
                    .set("expiresAt", end)?
                    .set(TTL, end.as_second())?;
                transaction
                    .update(old.key(), changes, unchanged, || Error::WriteConflict)
                    .count_token(user, counts, &new, &Replaced::Ending(old, end))?
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
        trail: Trail,
    ) -> Result<Transaction<'_>> {
        Ok(Transaction::new(self, actor, action, trail)
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

/// A user without the keys that came from a token.
fn without_keys_from(user: &User, token: &UserToken) -> Result<Changes> {
    let keys = user.api_keys_from(token);
    let mut changes =
        keys.fold(Changes::of_credentials(), |changes, key| changes.remove_entry("apiKeys", key));
    if let Some(kept) = user.ssh_keys_without(token) {
        changes = changes.set("sshKeys", kept)?;
    }
    if let Some(key) = user.s3_key_from(token) {
        changes = changes.set("s3Key", key.renewed()?)?;
    }
    Ok(changes)
}

impl Transaction<'_> {
    /// Ends the proof of an address of a user whose proofs are unchanged since before it was read.
    fn end_email_proof(self, email: &Email) -> Self {
        let attributes = ["provedAt", "proofEpoch", "proofLineage"];
        let changes = attributes.into_iter().fold(Changes::new(), Changes::remove);
        self.update(email.key(), changes, Condition::present(), || Error::WriteConflict)
    }

    fn delete_token(self, user: UserId, token: TokenId) -> Self {
        self.delete(Key::token(user, token), Condition::present(), || Error::NotFound("token"))
    }
}

/// When a token ends that was replaced by another one.
fn end_of(old: &UserToken, new: &UserToken, overlap: Duration) -> Result<Timestamp> {
    let end = new.created_at.checked_add(overlap).map_err(failed("rotate a token"))?;
    Ok(old.expires_at.map_or(end, |own| own.min(end)))
}

/// The attributes of a new token, with its TTL.
fn attributes(token: &UserToken) -> Result<Attributes> {
    let mut attributes = token.to_attributes(token.key())?;
    if let Some(end) = token.expires_at {
        attributes.insert(TTL.to_owned(), AttributeValue::N(end.as_second().to_string()));
    }
    Ok(attributes)
}
