//! OAuth clients as callers (RFC 6749, section 2.3).

use std::borrow::Cow;

use super::header::basic_credentials;
use super::permission::Credential;
use super::source::request_context;
use super::token::Token;
use crate::http::{ApiRequest, Fields};
use crate::model::{Client, ClientId, Grant, GrantCredential, User};
use crate::table::{Actor, ClientAndGrant, RequestContext, Stored, fetch};
use crate::telemetry::request::observe;
use crate::telemetry::{SecurityEvent, observe_client};
use crate::{App, Error, OAuthCode, Result};

/// The id and secret of a client, in the header or in the body.
pub struct ClientCredential {
    id: Option<ClientId>,
    secret: Option<String>,
    request_context: RequestContext,
}

/// Proof that a client authenticated itself, or has no secret to do so with.
pub struct AuthenticatedClient {
    client: Stored<Client>,
    user: Option<Stored<User>>,
    grant: Option<Stored<Grant>>,
    request_context: RequestContext,
}

/// A token that a client asks about, and that works.
pub struct IntrospectedToken {
    /// Its user.
    pub user: Stored<User>,
    /// The token as it is stored.
    pub credential: Credential,
}

const fn invalid(description: &'static str) -> Error {
    Error::OAuth { code: OAuthCode::InvalidClient, description: Cow::Borrowed(description) }
}

const UNKNOWN: Error = invalid("the client is unknown or did not prove itself");

impl ClientCredential {
    /// Parses them. A client sends them in one place only.
    pub fn from_request(request: &ApiRequest, fields: &mut Result<Fields>) -> Result<Self> {
        let request_context = request_context(request);
        let in_header = basic_credentials(request).map_err(|_| UNKNOWN)?;
        let in_header = in_header.map(|(id, secret)| (form_decoded(id), form_decoded(secret)));
        let (id, secret): (Option<String>, Option<String>) = match fields {
            Ok(fields) => {
                fields.check_single(&["client_id", "client_secret"])?;
                (fields.non_empty("client_id"), fields.non_empty("client_secret"))
            }
            Err(_) => (None, None),
        };
        match (in_header, id, secret) {
            (Some((name, password)), id, None) if id.as_ref().is_none_or(|id| *id == name) => {
                let secret = Some(password).filter(|secret| !secret.is_empty());
                Ok(Self { id: name.parse().ok(), secret, request_context })
            }
            (None, Some(id), secret) => Ok(Self { id: id.parse().ok(), secret, request_context }),
            (None, None, _) => Err(match fields {
                Err(Error::UnsupportedMediaType(taken)) => Error::OAuth {
                    code: OAuthCode::InvalidClient,
                    description: Cow::Owned(format!(
                        "the client must prove itself, in the header or in a body that is {taken}"
                    )),
                },
                _ => invalid("the client must prove itself"),
            }),
            (Some(_), _, _) => Err(Error::OAuth {
                code: OAuthCode::InvalidRequest,
                description: Cow::Borrowed("the client must prove itself in one place only"),
            }),
        }
    }

    /// Authenticates the client and reads the grant of the code or token that it presents: one
    /// round trip.
    pub async fn authenticate(
        self,
        app: &App,
        presented: Option<&GrantCredential>,
    ) -> Result<AuthenticatedClient> {
        let id = self.id.ok_or_else(rejected)?;
        let named = presented.map(|presented| (presented.owner(), presented.grant()));
        let ClientAndGrant { client, user, grant } = app.table.client_and_grant(id, named).await?;
        let client = self.verify(client)?;
        let grant = grant.filter(|grant| grant.is_accepted_by(&client));
        if let Some(grant) = &grant {
            observe(|observed| observed.user = Some(grant.user.to_string()));
        }
        Ok(AuthenticatedClient { client, user, grant, request_context: self.request_context })
    }

    /// Authenticates a client that has a secret, and tells whether a token works, whoever has it:
    /// the checks are those of a request that presents the token. One round trip.
    pub async fn introspect(
        self,
        app: &App,
        token: Option<&Token>,
    ) -> Result<Option<IntrospectedToken>> {
        let id = self.id.ok_or_else(rejected)?;
        let Some(token) = token else {
            let client = app.table.client(id).await?;
            with_secret(&*self.verify(client)?)?;
            return Ok(None);
        };
        let (user, key) = token.key();
        let (stored, user, client) =
            app.table.fetch_with_credential(user, key, fetch::client(id)).await?;
        with_secret(&*self.verify(client)?)?;
        match token.verify_stored(&app.table, user.as_ref(), stored).await {
            Ok(credential) => Ok(user.map(|user| {
                observe(|observed| observed.user = Some(user.id.to_string()));
                IntrospectedToken { user, credential }
            })),
            Err(Error::InvalidCredential) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The client, if it exists and the secret is its own.
    fn verify(&self, client: Option<Stored<Client>>) -> Result<Stored<Client>> {
        let client = client.ok_or_else(rejected)?;
        observe_client(client.id);
        let is_authentic = match (&client.secret_hash, &self.secret) {
            (Some(hash), Some(secret)) => hash.matches(secret.as_bytes()),
            (None, None) => true,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_authentic {
            return Err(rejected());
        }
        observe(|observed| observed.credential = Some("client"));
        Ok(client)
    }
}

/// The client is unknown or its secret is wrong: the log and the client are not told which.
fn rejected() -> Error {
    SecurityEvent::ClientRejected.record();
    UNKNOWN
}

/// Anybody can act as a client without a secret.
fn with_secret(client: &Client) -> Result<()> {
    let secret = client.secret_hash.as_ref();
    secret.map(|_| ()).ok_or(invalid("this takes a client with a secret"))
}

/// The id or secret in a header, where it is encoded as in a form (RFC 6749, section 2.3.1). One
/// with a form's separators is not encoded.
fn form_decoded(text: String) -> String {
    if text.contains(['&', '=']) {
        return text;
    }
    let decoded = form_urlencoded::parse(text.as_bytes()).next();
    decoded.map_or_else(String::new, |(decoded, _)| decoded.into_owned())
}

impl AuthenticatedClient {
    /// The client.
    pub const fn client(&self) -> &Stored<Client> {
        &self.client
    }

    /// Rejects a client without a secret: anybody can act as one.
    pub fn require_secret(&self) -> Result<()> {
        with_secret(&self.client)
    }

    /// The grant that its code or token names, if it was given to this client, whose grants were
    /// not revoked since. Its user may be disabled, for a while only: what revokes it must work all
    /// the same.
    pub const fn grant(&self) -> Option<&Stored<Grant>> {
        self.grant.as_ref()
    }

    /// The user who gave the grant, if it stands: what uses it requires that.
    pub fn user_of_grant(&self) -> Option<&Stored<User>> {
        let grant = self.grant.as_ref()?;
        self.user.as_ref().filter(|user| grant.stands(user))
    }

    /// The client as the one who makes a write.
    pub fn actor(&self) -> Actor {
        Actor::client(self.client.id, self.request_context.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_and_secret_in_the_header_are_decoded_as_a_form_encodes_them() {
        for (sent, decoded) in [
            ("rcs_a-b_c", "rcs_a-b_c"),
            ("rcs%5Fa%2Db+c", "rcs_a-b c"),
            ("%C3%A9", "é"),
            ("", ""),
            ("rcs_a&b", "rcs_a&b"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(form_decoded(sent.to_owned()), decoded, "{sent}");
        }
    }
}
