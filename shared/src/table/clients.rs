//! OAuth clients.

use super::Table;
use super::item::Stored;
use super::key::Key;
use super::transaction::Transaction;
use crate::model::{Client, ClientId, Grant, GrantId, User, UserId};
use crate::telemetry::request::observe;
use crate::{Error, Result};

/// A client, and what it brings in hand: a grant, if there is one, and its user.
pub struct ClientAndGrant {
    /// The client.
    pub client: Option<Stored<Client>>,
    /// The user whom the code or token names.
    pub user: Option<Stored<User>>,
    /// The grant that it names.
    pub grant: Option<Stored<Grant>>,
}

impl Table {
    /// A client.
    pub async fn client(&self, id: ClientId) -> Result<Option<Stored<Client>>> {
        let key = Key::client(id);
        self.batch_get(vec![key.clone()]).await?.take(&key)
    }

    /// A client, and the grant that its code or token names: one round.
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
        observe(|observed| observed.credential = Some("client"));
        Ok(ClientAndGrant { client: items.take(&client)?, user, grant })
    }

    /// Registers a client.
    pub async fn create_client(&self, client: &Client) -> Result<()> {
        Transaction::new(self, "register a client")
            .insert(client, || Error::WriteConflict)?
            .commit()
            .await
    }
}
