//! OAuth clients as callers (RFC 6749, section 2.3).

use crate::Result;
use crate::model::{Client, ClientId, Grant, GrantId, User, UserId};
use crate::table::{Actor, ClientAndGrant, Stored, Table};
use crate::telemetry::request::observe;

/// Proof that a client authenticated itself, or has no secret to do so with.
pub struct AuthenticatedClient {
    client: Stored<Client>,
    grant: Option<(Stored<User>, Stored<Grant>)>,
}

impl AuthenticatedClient {
    /// Verifies a client's secret, and reads the grant that its code or token names: one round
    /// trip. `None` without such a client or with the wrong secret.
    pub async fn authenticate(
        table: &Table,
        id: ClientId,
        secret: Option<&str>,
        grant: Option<(UserId, GrantId)>,
    ) -> Result<Option<Self>> {
        let ClientAndGrant { client, user, grant } = table.client_and_grant(id, grant).await?;
        let Some(client) = client else { return Ok(None) };
        let is_authentic = match (&client.secret_hash, secret) {
            (Some(hash), Some(secret)) => hash.matches(secret.as_bytes()),
            (None, None) => true,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_authentic {
            return Ok(None);
        }
        observe(|observed| observed.credential = Some("client"));
        let grant = user.zip(grant).filter(|(user, grant)| grant.belongs_to(&client, user));
        Ok(Some(Self { client, grant }))
    }

    /// The client.
    pub const fn client(&self) -> &Stored<Client> {
        &self.client
    }

    /// The grant that its code or token names, with the user who gave it, if it was given to this
    /// client and its user's password was not changed since.
    pub const fn grant(&self) -> Option<&(Stored<User>, Stored<Grant>)> {
        self.grant.as_ref()
    }

    /// The client as the one who makes a write.
    pub fn actor(&self) -> Actor {
        Actor::client(self.client.id)
    }
}
