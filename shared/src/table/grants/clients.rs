//! OAuth clients.

use std::collections::BTreeSet;

use crate::model::{AuditAction, Client, ClientId, Grant, GrantId, Scope, User, UserId};
use crate::table::engine::{
    Actor, Changes, Condition, Fetch, Items, Key, OnConditionFailed, Stored, Table, Trail,
    Transaction,
};
use crate::{Error, Result};

/// A client, and the grant and the user of the code or token that it presents.
pub struct ClientAndGrant {
    /// The client.
    pub client: Option<Stored<Client>>,
    /// The user of the grant.
    pub user: Option<Stored<User>>,
    /// The grant of the code or token, with the scopes that the client can still be granted.
    pub grant: Option<Stored<Grant>>,
}

/// What of a client is changed; what is left out stays.
#[derive(Debug, Default)]
pub struct ClientChange {
    /// The scopes that users can grant it.
    pub scopes: Option<BTreeSet<Scope>>,
    /// Scopes of these that what was granted before loses, as if they had been taken from the client
    /// and given back.
    pub lost: BTreeSet<Scope>,
    /// Whether it must use PKCE although it has a secret.
    pub requires_pkce: Option<bool>,
    /// The registered redirect URIs: [`Client::redirect_uri`].
    pub redirect_uris: Option<Vec<String>>,
}

/// A client, beside a credential.
pub struct ClientAt(pub(in crate::table) ClientId);

impl Fetch for ClientAt {
    type Output = Option<Stored<Client>>;

    fn keys(&self, _: UserId) -> Vec<Key> {
        vec![Key::client(self.0)]
    }

    fn extract(self, _: UserId, items: &mut Items) -> Result<Self::Output> {
        items.peek(&Key::client(self.0))
    }
}

impl Table {
    /// Reads a client.
    pub async fn client(&self, id: ClientId) -> Result<Option<Stored<Client>>> {
        let key = Key::client(id);
        self.batch_get(vec![key.clone()]).await?.take(&key)
    }

    /// Reads a client, and the grant of its code or token, in one round trip.
    pub async fn client_and_grant(
        &self,
        id: ClientId,
        grant: Option<(UserId, GrantId)>,
    ) -> Result<ClientAndGrant> {
        let client = Key::client(id);
        let named = grant.map(|(user, grant)| (Key::user(user), Key::grant(user, grant)));
        let mut keys = vec![client.clone()];
        keys.extend(named.iter().flat_map(|(user, grant)| [user.clone(), grant.clone()]));
        let mut items = self.batch_get(keys).await?;
        let client: Option<Stored<Client>> = items.take(&client)?;
        let (user, mut grant): (_, Option<Stored<Grant>>) = match named {
            Some((user, grant)) => (items.take(&user)?, items.take(&grant)?),
            None => (None, None),
        };
        if let (Some(client), Some(grant)) = (&client, &mut grant) {
            grant.item.limit_to(client);
        }
        Ok(ClientAndGrant { client, user, grant })
    }

    /// Registers a client.
    pub async fn create_client(&self, actor: &Actor, client: &Client) -> Result<()> {
        let created = Trail::of_service(client.id, AuditAction::ClientCreated)
            .with_all("scopes", &client.scopes);
        Transaction::new(self, actor, "register a client", created)
            .insert(client, || Error::WriteConflict)?
            .commit()
            .await
    }

    /// Changes what a client may ask for, and where it is answered. Scopes that are taken from it are
    /// gone from what it was granted with the next request, since a client is read with each, and
    /// stay gone from that if it gets them back. [`Error::NotFound`] if there is none,
    /// [`Error::WriteConflict`] if it was changed meanwhile.
    pub async fn change_client(
        &self,
        actor: &Actor,
        client: ClientId,
        change: &ClientChange,
    ) -> Result<()> {
        let mut updated = Trail::of_service(client, AuditAction::ClientUpdated);
        let mut changes = Changes::new();
        let mut condition = Condition::present();
        let mut on_failed: OnConditionFailed = || Error::NotFound("client");
        if let Some(scopes) = &change.scopes {
            updated = updated.changed(["scopes"]).with_all("scopes", scopes);
            updated = updated.with_all("lost", &change.lost);
            let stored = self.client(client).await?.ok_or(Error::NotFound("client"))?;
            let new = stored.with_scopes(scopes.clone(), &change.lost);
            changes = changes
                .set("scopes", &new.scopes)?
                .set("scopeEpoch", new.scope_epoch)?
                .set("scopesSince", &new.scopes_since)?;
            condition = Condition::unchanged(&stored);
            on_failed = || Error::WriteConflict;
        }
        if let Some(requires_pkce) = change.requires_pkce {
            updated = updated.changed(["requiresPkce"]);
            changes = changes.set("requiresPkce", requires_pkce)?;
        }
        if let Some(redirect_uris) = &change.redirect_uris {
            updated = updated.changed(["redirectUris"]);
            changes = changes.set("redirectUris", redirect_uris)?;
        }
        Transaction::new(self, actor, "change a client", updated)
            .update(Key::client(client), changes, condition, on_failed)
            .commit()
            .await
    }

    /// Deletes a client. All its grants stop working with the next request, since a client is read
    /// with each; their items stay until they expire, or their user has no room for another grant.
    /// [`Error::NotFound`] if there is none.
    pub async fn delete_client(&self, actor: &Actor, client: ClientId) -> Result<()> {
        let deleted = Trail::of_service(client, AuditAction::ClientDeleted);
        Transaction::new(self, actor, "delete a client", deleted)
            .delete(Key::client(client), Condition::present(), || Error::NotFound("client"))
            .commit()
            .await
    }

    /// Revokes all grants to a client, any number of them, by incrementing its grant epoch.
    /// [`Error::NotFound`] if there is none.
    pub async fn revoke_grants_to(&self, actor: &Actor, client: ClientId) -> Result<()> {
        let changes = Changes::new().add("grantEpoch", 1);
        let revoked = Trail::of_service(client, AuditAction::ClientGrantsRevoked);
        Transaction::new(self, actor, "revoke the grants to a client", revoked)
            .update(Key::client(client), changes, Condition::present(), || {
                Error::NotFound("client")
            })
            .commit()
            .await
    }
}
