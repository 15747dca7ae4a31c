//! Tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::failed;
use crate::model::{
    Scope, SecretHash, Timestamp, TokenCredential, TokenId, TokenKind, User, UserId, UserToken,
};
use crate::table::engine::{
    Attributes, Changes, Condition, Fetch, Item, Items, Key, Keyed, Stored, TOKEN, TTL, Table,
    Transaction, user_partition,
};
use crate::table::write::Write;
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

/// A token of the caller, which may be the one that was presented.
impl Fetch for TokenId {
    type Output = Option<Stored<UserToken>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::token(caller, *self)]
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.see(&Key::token(caller, self))
    }
}

/// Tokens as they were read, oldest first: some may not work any more.
pub struct ReadTokens {
    tokens: Vec<UserToken>,
    ended: bool,
}

/// The tokens of one page, and whether more follow.
pub struct TokenPage {
    /// Oldest first; only those that work.
    pub tokens: Vec<UserToken>,
    /// The one to go on after.
    pub next: Option<TokenId>,
}

impl Transaction<'_> {
    /// Demands that the token that a request was made with, if it was one, is still there.
    pub(in crate::table) fn check_token(self, user: UserId, token: Option<TokenId>) -> Self {
        match token {
            Some(token) => self
                .check(Key::token(user, token), Condition::present(), || Error::InvalidCredential),
            None => self,
        }
    }
}

impl Table {
    /// Makes a token for a user, with a token of that user if `maker` names one. The credential is the only copy of its
    /// secret.
    ///
    /// [`Error::InvalidCredential`] when the user was disabled or the maker revoked meanwhile, or the password changed.
    pub fn create_token(
        &self,
        user: &User,
        maker: Option<TokenId>,
        new: NewToken,
    ) -> Result<Write<'_, (TokenCredential, UserToken)>> {
        let credential = TokenCredential::generate(new.kind, user.id)?;
        let token = new.made(user, credential.id(), credential.secret_hash());
        let transaction = self.making("create a token", user, maker, &token)?;
        Ok(Write::new(transaction, (credential, token)))
    }

    /// Revokes a token: it stops working with the next request. [`Error::NotFound`] if it is gone already.
    pub fn delete_token(&self, user: UserId, token: TokenId) -> Write<'_, ()> {
        let transaction = Transaction::new(self, "revoke a token")
            .delete(Key::token(user, token), Condition::present(), || Error::NotFound("token"))
            .check(Key::user(user), Condition::enabled(), || Error::InvalidCredential);
        Write::new(transaction, ())
    }

    /// Makes a token that takes the place of `old`, with a token of that user if `maker` names one. The old one works for
    /// `overlap` more, and not beyond its own end; without an overlap it is gone, whatever the clocks say.
    ///
    /// [`Error::Conflict`] if it was rotated before, [`Error::InvalidCredential`] as [`Table::create_token`].
    pub fn rotate_token(
        &self,
        user: &User,
        maker: Option<TokenId>,
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
        let new = new.made(user, credential.id(), credential.secret_hash());
        let unchanged = Condition::unchanged(old);
        let transaction =
            self.making("rotate a token", user, maker.filter(|maker| *maker != old.id), &new)?;
        let transaction = if overlap.is_zero() {
            transaction.delete(old.key(), unchanged, || Error::WriteConflict)
        } else {
            let changes = rotated(old, &new, overlap)?;
            transaction.update(old.key(), changes, unchanged, || Error::WriteConflict)
        };
        Ok(Write::new(transaction, (credential, new)))
    }

    /// The making of a token, by a user as it was read and a maker that is still there.
    fn making(
        &self,
        action: &'static str,
        user: &User,
        maker: Option<TokenId>,
        new: &UserToken,
    ) -> Result<Transaction<'_>> {
        Ok(Transaction::new(self, action)
            .put(attributes(new)?, Condition::absent(), || Error::WriteConflict)?
            .check(Key::user(user.id), Condition::same_epoch(user), || Error::WriteConflict)
            .check_token(user.id, maker))
    }

    /// The tokens of a user after this one, as many as a page of `limit` takes. It needs no more than the user's id, so
    /// that they are read beside the credential; [`Table::working_tokens`] makes the page of them.
    pub async fn tokens_after(
        &self,
        user: UserId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<ReadTokens> {
        let last = after.map(|token| Key::token(user, token));
        // One more than the page, which tells whether another one follows.
        let most = i32::from(limit) + 1;
        let (tokens, ended) = self.query_page(user_partition(user), TOKEN, last, most).await?;
        Ok(ReadTokens { tokens, ended })
    }

    /// A page of up to `limit` tokens that work, out of what was read and, if some of that does not work any more, of
    /// what follows: a page is short only at the end.
    pub async fn working_tokens(
        &self,
        user: &User,
        mut read: ReadTokens,
        limit: u8,
    ) -> Result<TokenPage> {
        let (now, most) = (Timestamp::now(), usize::from(limit));
        let mut tokens = Vec::new();
        loop {
            let last = read.tokens.last().map(|token| token.id);
            tokens.extend(read.tokens.into_iter().filter(|token| user.is_active(token, now)));
            if read.ended || last.is_none() || tokens.len() > most {
                break;
            }
            read = self.tokens_after(user.id, last, limit).await?;
        }
        let more = tokens.len() > most;
        tokens.truncate(most);
        let next = tokens.last().map(|token| token.id).filter(|_| more);
        Ok(TokenPage { tokens, next })
    }
}

/// What becomes of a token that another one takes the place of.
fn rotated(old: &UserToken, new: &UserToken, overlap: Duration) -> Result<Changes> {
    let end = new.created_at.checked_add(overlap).map_err(failed("rotate a token"))?;
    let end = old.expires_at.map_or(end, |own| own.min(end));
    Changes::new().set("rotatedTo", new.id)?.set("expiresAt", end)?.set(TTL, end.as_second())
}

/// The attributes of a new token, with the time when the table deletes it.
fn attributes(token: &UserToken) -> Result<Attributes> {
    let mut attributes = token.at(token.key())?;
    if let Some(end) = token.expires_at {
        attributes.insert(TTL.to_owned(), AttributeValue::N(end.as_second().to_string()));
    }
    Ok(attributes)
}
