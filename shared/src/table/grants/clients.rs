//! OAuth clients.

use crate::model::{Client, ClientId, Grant, GrantId, User, UserId};
use crate::table::engine::{
    Actor, Changes, Condition, Fetch, Items, Key, Stored, Table, Transaction,
};
use crate::{Error, Result};

/// A client, and the grant and the user of the code or token that it presents.
pub struct ClientAndGrant {
    /// The client.
    pub client: Option<Stored<Client>>,
    /// The user of the grant.
    pub user: Option<Stored<User>>,
    /// The grant of the code or token.
    pub grant: Option<Stored<Grant>>,
}

/// A client, beside a credential.
pub(crate) struct ClientAt(pub(in crate::table) ClientId);

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
        let (user, grant) = match named {
            Some((user, grant)) => (items.take(&user)?, items.take(&grant)?),
            None => (None, None),
        };
        Ok(ClientAndGrant { client: items.take(&client)?, user, grant })
    }

    /// Registers a client.
    pub async fn create_client(&self, actor: &Actor, client: &Client) -> Result<()> {
        Transaction::new(self, actor, "register a client")
            .insert(client, || Error::WriteConflict)?
            .commit()
            .await
    }

    /// Deletes a client. All its grants stop working with the next request, since a client is read
    /// with each; their items stay until they expire, or their user has no room for another grant.
    /// [`Error::NotFound`] if there is none.
    pub async fn delete_client(&self, actor: &Actor, client: ClientId) -> Result<()> {
        Transaction::new(self, actor, "delete a client")
            .delete(Key::client(client), Condition::present(), || Error::NotFound("client"))
            .commit()
            .await
    }

    /// Revokes all grants to a client, any number of them, by incrementing its grant epoch.
    /// [`Error::NotFound`] if there is none.
    pub async fn revoke_grants_to(&self, actor: &Actor, client: ClientId) -> Result<()> {
        let changes = Changes::new().add("grantEpoch", 1);
        Transaction::new(self, actor, "revoke the grants to a client")
            .update(Key::client(client), changes, Condition::present(), || {
                Error::NotFound("client")
            })
            .commit()
            .await
    }
}
