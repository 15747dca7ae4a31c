//! A user's own view of the grants to OAuth clients.

use crate::model::{
    AuditAction, Client, ClientId, Counts, Grant, GrantId, Timestamp, User, UserId,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Condition, Fetch, GRANT, Items, Key, Stored, Table, Trail, Transaction,
};
use crate::table::pages::{Page, Paged, ReadItems};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// A grant of the caller, if its client still accepts it.
pub struct CallerGrant(pub(in crate::table) GrantId);

impl Fetch for CallerGrant {
    type Output = Option<Stored<Grant>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::grant(caller, self.0), Key::client(self.0.client())]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        let grant: Option<Stored<Grant>> = items.peek(&Key::grant(caller, self.0))?;
        let client: Option<Stored<Client>> = items.peek(&Key::client(self.0.client()))?;
        let accepts =
            |grant: &Stored<Grant>| client.is_some_and(|client| grant.is_accepted_by(&client));
        Ok(grant.filter(accepts))
    }
}

impl Paged for Grant {
    type Id = GrantId;
    const PREFIX: &'static str = GRANT;

    fn id(&self) -> GrantId {
        self.id
    }

    fn key_of(user: UserId, id: GrantId) -> Key {
        Key::grant(user, id)
    }

    fn is_active(&self, user: &User, now: Timestamp) -> bool {
        self.is_active(user, now)
    }
}

impl Table {
    /// Reads the grants of a user after this one, for a page of `limit`. It needs only the user's
    /// id, so it can run beside the read of the credential. [`Table::active_grants`] makes the
    /// page.
    pub async fn grants_after(
        &self,
        user: UserId,
        after: Option<GrantId>,
        limit: u8,
    ) -> Result<ReadItems<Grant>> {
        self.items_after(user, after, limit).await
    }

    /// A page of up to `limit` active grants: one round trip for their clients. A client that was
    /// deleted, or whose grants were all revoked, makes a page shorter. Each grant has the scopes
    /// that its client can still be granted.
    pub async fn active_grants(
        &self,
        user: &User,
        read: ReadItems<Grant>,
        limit: u8,
    ) -> Result<Page<Grant, GrantId>> {
        let Page { items, next } = self.active_items(user, read, limit).await?;
        Ok(Page { items: self.accepted_grants(items).await?, next })
    }

    /// Those of these grants that their clients accept, each with the scopes that its client can
    /// still be granted: one round trip for the clients.
    pub async fn accepted_grants(&self, grants: Vec<Grant>) -> Result<Vec<Grant>> {
        let keys = grants.iter().map(|grant| Key::client(grant.client)).collect();
        let clients = self.batch_get(keys).await?;
        let mut accepted = Vec::new();
        for mut grant in grants {
            let client: Option<Stored<Client>> = clients.peek(&Key::client(grant.client))?;
            if let Some(client) = client.filter(|client| grant.is_accepted_by(client)) {
                grant.limit_to(&client);
                accepted.push(grant);
            }
        }
        Ok(accepted)
    }

    /// Revokes a grant of a user: its code and all its tokens are rejected from the next request
    /// on. [`Error::NotFound`] if it does not exist.
    pub fn revoke_grant(&self, actor: &Actor, user: UserId, grant: GrantId) -> Write<'_, ()> {
        let revoked = Trail::of_user(user, AuditAction::GrantRevoked).to(grant);
        let transaction = Transaction::new(self, actor, "revoke a grant", revoked)
            .delete(Key::grant(user, grant), Condition::present(), || Error::NotFound("grant"))
            .uncount_grant(user, grant);
        Write::new(transaction, ()).recorded_as(SecurityEvent::GrantRevoked)
    }

    /// Revokes all grants of a user to a client in one write: there are few. [`Error::NotFound`] if
    /// there is none.
    ///
    /// [`Error::WriteConflict`] if one was made or revoked meanwhile.
    pub fn revoke_grants_of(
        &self,
        actor: &Actor,
        user: &User,
        counts: Option<&Stored<Counts>>,
        client: ClientId,
    ) -> Result<Write<'_, ()>> {
        let counts = existing(counts)?;
        let all = counts.grants.keys().copied().filter(|id| id.client() == client);
        let all: Vec<GrantId> = all.collect();
        if all.is_empty() {
            return Err(Error::NotFound("grant"));
        }
        let ended = counts.ended_grants(user, Timestamp::now());
        let revoked = Trail::of_user(user.id, AuditAction::GrantRevoked).with_all("grants", &all);
        let transaction = Transaction::new(self, actor, "revoke the grants to an app", revoked);
        let transaction = all.iter().fold(transaction, |transaction, id| {
            // What has ended may be deleted already; another may have got the place of what has not.
            let is_there =
                if ended.contains(id) { Condition::always() } else { Condition::present() };
            transaction.delete(Key::grant(user.id, *id), is_there, || Error::WriteConflict)
        });
        let transaction = transaction.uncount_read_grants(counts, &all);
        Ok(Write::new(transaction, ()).recorded_as(SecurityEvent::GrantRevoked))
    }
}
