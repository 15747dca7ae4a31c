//! Tokens.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Table;
use super::condition::Condition;
use super::item::{Attributes, Item, Keyed, Stored};
use super::key::{Key, TOKEN, user_partition};
use super::transaction::{Changes, Transaction};
use crate::error::failed;
use crate::model::{
    Scope, SecretHash, Timestamp, TokenCredential, TokenId, TokenKind, User, UserId, UserToken,
};
use crate::{Error, Result};

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What for.
    pub kind: TokenKind,
    /// What its user calls it.
    pub name: String,
    /// What it may do; without a list, everything.
    pub scopes: Option<BTreeSet<Scope>>,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    fn made(self, user: &User, id: TokenId, secret_hash: SecretHash) -> UserToken {
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

/// The tokens of one page, and whether more follow.
pub struct TokenPage {
    /// Oldest first; only those that work.
    pub tokens: Vec<UserToken>,
    /// The one to go on after.
    pub next: Option<TokenId>,
}

impl Table {
    /// Makes a token for a user, with a token of that user if `maker` names one. The credential is the only copy of its
    /// secret.
    ///
    /// [`Error::BadCredential`] when the user was disabled or the maker revoked meanwhile, or the password changed.
    pub async fn create_token(
        &self,
        user: &User,
        maker: Option<TokenId>,
        new: NewToken,
    ) -> Result<(TokenCredential, UserToken)> {
        let credential = TokenCredential::generate(new.kind, user.id)?;
        let token = new.made(user, credential.id(), credential.secret_hash());
        let mut transaction = Transaction::new(self, "create a token")
            .put(attributes(&token)?, Condition::absent(), || Error::Raced)?
            .check(Key::user(user.id), Condition::same_epoch(user), || Error::Raced)?;
        if let Some(maker) = maker {
            transaction =
                transaction.check(Key::token(user.id, maker), Condition::present(), || {
                    Error::BadCredential
                })?;
        }
        transaction.commit().await?;
        Ok((credential, token))
    }

    /// Revokes a token: it stops working with the next request. [`Error::NotFound`] if it is gone already.
    pub async fn delete_token(&self, user: UserId, token: TokenId) -> Result<()> {
        Transaction::new(self, "revoke a token")
            .delete(Key::token(user, token), Condition::present(), || Error::NotFound("token"))?
            .commit()
            .await
    }

    /// Makes a token that takes the place of `old`, which works for `overlap` seconds more, and not beyond its own end.
    ///
    /// [`Error::Conflict`] if it was rotated before.
    pub async fn rotate_token(
        &self,
        user: &User,
        old: &Stored<UserToken>,
        overlap: u32,
    ) -> Result<(TokenCredential, UserToken)> {
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
        let new = new.made(user, credential.id(), credential.secret_hash());
        let end = new.created_at.as_second() + i64::from(overlap);
        let end = old.expires_at.map_or(end, |own| own.as_second().min(end));
        let changes = Changes::new()
            .set("rotatedTo", new.id)?
            .set("expiresAt", Timestamp::from_second(end).map_err(failed("rotate a token"))?)?
            .set("ttl", end)?;
        Transaction::new(self, "rotate a token")
            .put(attributes(&new)?, Condition::absent(), || Error::Raced)?
            .update(old.key(), changes, Condition::unchanged(old), || Error::Raced)?
            .check(Key::user(user.id), Condition::same_epoch(user), || Error::Raced)?
            .commit()
            .await?;
        Ok((credential, new))
    }

    /// Up to `limit` tokens of a user that `works` lets pass, oldest first, after this one.
    pub async fn tokens(
        &self,
        user: UserId,
        after: Option<TokenId>,
        limit: u8,
        works: impl Fn(&UserToken) -> bool,
    ) -> Result<TokenPage> {
        let limit = usize::from(limit);
        let (mut tokens, mut after) = (Vec::new(), after);
        loop {
            let last = after.map(|token| Key::token(user, token));
            let (page, ended) =
                self.query_page::<UserToken>(user_partition(user), TOKEN, last, 100).await?;
            after = page.last().map(|token| token.id);
            tokens.extend(page.into_iter().filter(&works));
            if ended || tokens.len() > limit {
                break;
            }
        }
        let more = tokens.len() > limit;
        tokens.truncate(limit);
        let next = tokens.last().map(|token| token.id).filter(|_| more);
        Ok(TokenPage { tokens, next })
    }
}

/// The attributes of a new token, with the time when the table deletes it.
fn attributes(token: &UserToken) -> Result<Attributes> {
    let mut attributes = token.at(token.key())?;
    if let Some(end) = token.expires_at {
        attributes.insert("ttl".to_owned(), AttributeValue::N(end.as_second().to_string()));
    }
    Ok(attributes)
}
