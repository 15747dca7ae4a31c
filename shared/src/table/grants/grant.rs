//! OAuth grants.
//!
//! A grant is one item with the code, the current refresh token and the access tokens. So a code or
//! a refresh token can be used only once, even by concurrent requests, and one deletion revokes
//! all.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::model::{
    AuditAction, Client, ClientId, Counts, Grant, GrantAccess, GrantCode, GrantCredential, GrantId,
    GrantTokenKind, GrantTokens, Issuance, IssuedTokens, Scope, Timestamp, User, UserId,
    seconds_after,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Changes, Condition, GRANT, Item, Key, Keyed, Stored, TTL, Table, Trail, Transaction,
    user_partition,
};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result, lifetimes, limits};

/// One action each, of the 100 that a transaction takes; others are for the counts and the log.
const GRANTS_PER_TRANSACTION: usize = 95;

/// Grants that their clients no longer accept are deleted when another is created, so many at once.
const MAX_REJECTED_DELETED: usize = 90;

/// The data of a new grant.
pub struct NewGrant<'a> {
    /// The client that it is for.
    pub client: &'a Stored<Client>,
    /// The granted scopes.
    pub scopes: BTreeSet<Scope>,
    /// The redirect URI that receives the code.
    pub redirect_uri: String,
    /// Whether the authorization request named the URI.
    pub names_redirect_uri: bool,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
    /// The grant by which the user allowed all of this before, if nobody is asked now: it must still
    /// be there, and the new one ends with it at the latest. Else a client that asks often enough
    /// would keep for ever what was allowed once.
    pub rests_on: Option<&'a Grant>,
}

/// Whether a grant was made or got tokens a moment ago, and when it was made, used, or got tokens
/// last. Of a use the hour is known, and its end counts: a grant that was not used yet is not the
/// later one, unless it is so new that its client can hardly have used it.
fn last_used_by(grant: &Grant, now: Timestamp) -> (bool, Timestamp) {
    let after = |time: Timestamp, seconds: i64| time + Duration::from_secs(seconds.unsigned_abs());
    let used = grant.last_used_at.map(|time| after(time, lifetimes::LAST_USED_PRECISION));
    let issued = grant.access.iter().map(|access| access.created_at).max();
    let issued = issued.max(Some(grant.created_at)).unwrap_or(grant.created_at);
    let is_new = now < after(issued, lifetimes::NEW_GRANT);
    (is_new, used.map_or(issued, |used| used.max(issued)))
}

impl Table {
    /// The grant by which a user allowed a client these scopes, if one works: the one that ends last.
    /// What was given without asking allows nothing: it would outlive what the user revokes.
    /// It costs a round trip if the user has grants to the client.
    ///
    /// [`Error::WriteConflict`] if none does, and one is gone since the counts were read: another
    /// request may have put one in its place that does.
    pub async fn allowing_grant(
        &self,
        user: &User,
        counts: Option<&Stored<Counts>>,
        client: &Client,
        scopes: &BTreeSet<Scope>,
    ) -> Result<Option<Grant>> {
        let (now, counts) = (Timestamp::now(), existing(counts)?);
        let ended = counts.ended_grants(user, now);
        let own = counts.grants.iter().filter(|(_, grant)| grant.client == client.id);
        let own = own.map(|(id, _)| *id).filter(|id| !ended.contains(id));
        let keys: Vec<_> = own.map(|id| Key::grant(user.id, id)).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let mut items = self.batch_get(keys.clone()).await?;
        let (mut allowing, mut is_one_gone) = (Vec::new(), false);
        for key in keys {
            let Some(mut grant): Option<Stored<Grant>> = items.take(&key)? else {
                is_one_gone = true;
                continue;
            };
            grant.item.limit_to(client);
            let works = grant.is_active(user, now) && grant.is_accepted_by(client);
            if works && !grant.is_remembered && grant.scopes.is_superset(scopes) {
                allowing.push(grant.into_inner());
            }
        }
        let allowing = allowing.into_iter().max_by_key(|grant| grant.expires_at);
        if allowing.is_none() && is_one_gone {
            self.check_same_counts(counts).await?;
        }
        Ok(allowing)
    }

    /// [`Error::WriteConflict`] if the counts have changed since they were read: one round trip.
    async fn check_same_counts(&self, counts: &Stored<Counts>) -> Result<()> {
        let key = counts.key();
        let stored: Option<Stored<Counts>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        let is_same = stored.is_some_and(|stored| stored.version == counts.version);
        if is_same { Ok(()) } else { Err(Error::WriteConflict) }
    }

    /// Creates a grant; its code is the outcome. If the client has as many of the user's grants as are
    /// allowed, the new one replaces the one that was not used for longest, which costs a round
    /// trip. If the user has as many as are allowed for all clients, another one finds those that
    /// their clients no longer accept.
    ///
    /// [`Error::LimitReached`] if the user has as many as are allowed for all clients,
    /// [`Error::WriteConflict`] if the user was disabled or changed the password meanwhile, or the
    /// client was changed or deleted, or its grants were revoked, or the one that it rests on.
    pub async fn create_grant<'t>(
        &'t self,
        actor: &Actor,
        user: &Stored<User>,
        counts: Option<&Stored<Counts>>,
        new: NewGrant<'_>,
    ) -> Result<Write<'t, GrantCredential>> {
        let (now, counts) = (Timestamp::now(), existing(counts)?);
        let ended = counts.ended_grants(user, now);
        let (rejected, replaced) = self.grants_to_delete(counts, &ended, new.client).await?;
        let end = new.client.grant_end(now)?;
        let id = GrantId::generate(new.client.id)?;
        let code = GrantCredential::generate(GrantTokenKind::Code, user.id, id)?;
        let grant = Grant {
            id,
            user: user.id,
            client: new.client.id,
            client_name: new.client.name.clone(),
            client_epoch: new.client.grant_epoch,
            client_scope_epoch: new.client.scope_epoch,
            scopes: new.scopes,
            // In the place of the one that it rests on, it counts as that did.
            is_remembered: new.rests_on.is_some_and(|allowing| replaced != Some(allowing.id)),
            epoch: user.credential_epoch,
            code: GrantCode {
                secret_hash: code.secret_hash(),
                redirect_uri: new.redirect_uri,
                names_redirect_uri: new.names_redirect_uri,
                challenge: new.challenge,
                expires_at: seconds_after(now, lifetimes::CODE_TTL)?,
            },
            expires_at: new.rests_on.map_or(end, |allowing| end.min(allowing.expires_at)),
            refresh: None,
            access: Vec::new(),
            created_at: now,
            last_used_at: None,
        };
        let mut attributes = grant.to_attributes(grant.key())?;
        let end = grant.code.expires_at.as_second().to_string();
        attributes.insert(TTL.to_owned(), AttributeValue::N(end));
        let deleted = || rejected.iter().copied().chain(replaced);
        let gone: Vec<GrantId> = ended.into_iter().chain(deleted()).collect();
        let created = Trail::of_user(user.id, AuditAction::GrantCreated)
            .to(grant.id)
            .with("client", &grant.client)
            .with_all("scopes", &grant.scopes)
            .with_all("replaced", deleted());
        let transaction = Transaction::new(self, actor, "create a grant", created)
            .put(attributes, Condition::absent(), || Error::WriteConflict)?
            .check(Key::user(user.id), Condition::same_epoch(user.credential_epoch), || {
                Error::WriteConflict
            })
            .check(Key::client(new.client.id), Condition::unchanged(new.client), || {
                Error::WriteConflict
            })
            .count_grant(counts, &grant, &gone)?;
        let transaction = deleted().fold(transaction, |transaction, old| {
            let key = Key::grant(user.id, old);
            transaction.delete(key, Condition::always(), || Error::WriteConflict)
        });
        let transaction = match new.rests_on {
            // It may be the one that is replaced.
            Some(allowing) => transaction
                .require_or(allowing.key(), Condition::present(), || Error::WriteConflict),
            None => transaction,
        };
        Ok(Write::new(transaction, code).recorded_as(SecurityEvent::GrantCreated))
    }

    /// The grants that a new one deletes, beside those that ended: those that their clients no
    /// longer accept, and the one that it replaces. The clients of the others are read only if
    /// there is no room otherwise.
    async fn grants_to_delete(
        &self,
        counts: &Counts,
        ended: &[GrantId],
        client: &Client,
    ) -> Result<(Vec<GrantId>, Option<GrantId>)> {
        let mut rejected = counts.rejected_grants(client.id, Some(client));
        let gone = [ended, &rejected].concat();
        let replaced = self.replaced_grant(counts, &gone, client.id).await?;
        let is_gone = |id: &GrantId| gone.contains(id) || replaced == Some(*id);
        if counts.grants.keys().filter(|id| !is_gone(id)).count() >= limits::GRANTS.max as usize {
            let others: BTreeSet<_> = counts.grants.values().map(|grant| grant.client).collect();
            let mut items =
                self.batch_get(others.iter().copied().map(Key::client).collect()).await?;
            for other in others.into_iter().filter(|other| *other != client.id) {
                let stored: Option<Stored<Client>> = items.take(&Key::client(other))?;
                rejected.extend(counts.rejected_grants(other, stored.as_deref()));
            }
        }
        rejected.retain(|id| !ended.contains(id));
        rejected.truncate(MAX_REJECTED_DELETED);
        Ok((rejected, replaced))
    }

    /// The grant that a further one to this client replaces, if it has as many as are allowed.
    async fn replaced_grant(
        &self,
        counts: &Counts,
        ended: &[GrantId],
        client: ClientId,
    ) -> Result<Option<GrantId>> {
        let same = counts.grants.iter().filter(|(_, grant)| grant.client == client);
        let same: Vec<GrantId> = same.map(|(id, _)| *id).filter(|id| !ended.contains(id)).collect();
        if same.len() < limits::MAX_GRANTS_PER_CLIENT {
            return Ok(None);
        }
        let key = |id: &GrantId| Key::grant(counts.user, *id);
        let mut items = self.batch_get(same.iter().map(key).collect()).await?;
        let (now, mut by_use) = (Timestamp::now(), Vec::new());
        for id in same {
            let grant: Option<Stored<Grant>> = items.take(&key(&id))?;
            let last = grant.map(|grant| last_used_by(&grant, now));
            by_use.push((last, id));
        }
        Ok(by_use.into_iter().min().map(|(_, id)| id))
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
        let issued_to = Trail::of_user(user.id, AuditAction::GrantTokensIssued).to(grant.id);
        Transaction::new(self, actor, "issue tokens", issued_to)
            .update(grant.key(), changes, Condition::unchanged(grant), || Error::WriteConflict)
            .count_grant_end(grant, grant.expires_at)?
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
    /// `cause` is what its client did, if that revokes it.
    pub async fn delete_grant(
        &self,
        actor: &Actor,
        grant: &Stored<Grant>,
        cause: Option<SecurityEvent>,
    ) -> Result<()> {
        let revoked = Trail::of_user(grant.user, AuditAction::GrantRevoked).to(grant.id);
        let revoked = match cause {
            Some(cause) => revoked.with("cause", cause.as_str()),
            None => revoked,
        };
        let deleted = Transaction::new(self, actor, "revoke a grant", revoked)
            .delete(grant.key(), Condition::present(), || Error::WriteConflict)
            .uncount_grant(grant.user, grant.id)
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

    /// All grants of a user, working or not.
    pub async fn all_grants(&self, user: UserId) -> Result<Vec<Grant>> {
        self.query(user_partition(user), GRANT).await
    }

    /// Revokes these grants of a user. Those that are revoked already stay so.
    pub async fn delete_grants(&self, actor: &Actor, user: UserId, all: &[Grant]) -> Result<()> {
        for grants in all.chunks(GRANTS_PER_TRANSACTION) {
            let always = || Condition::absent().or(Condition::present());
            let revoked = Trail::of_user(user, AuditAction::GrantRevoked)
                .with_all("grants", grants.iter().map(|grant| grant.id));
            let deletion = Transaction::new(self, actor, "revoke the grants of a user", revoked);
            let deletion = grants.iter().fold(deletion, |deletion, grant| {
                deletion.delete(grant.key(), always(), || Error::WriteConflict)
            });
            let ids = grants.iter().map(|grant| grant.id);
            deletion.uncount_grants(user, ids).commit().await?;
        }
        Ok(())
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
        let revoked = Trail::of_user(grant.user, AuditAction::GrantTokensRevoked).to(grant.id);
        Transaction::new(self, actor, "revoke an access token", revoked)
            .update(grant.key(), changes, Condition::unchanged(grant), || Error::WriteConflict)
            .commit()
            .await?;
        SecurityEvent::GrantRevoked.record();
        Ok(())
    }
}
