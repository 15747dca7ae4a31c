//! Who the client is (RFC 6749, section 2.3).

use shared::auth::{AuthenticatedClient, Basic};
use shared::http::{ApiRequest, Fields};
use shared::model::{ClientId, GrantCredential, GrantTokenKind};
use shared::{App, Error, OAuthCode, Result};

/// What a client says of itself, in the header or in the body.
pub(crate) struct ClientCredential {
    id: Option<ClientId>,
    secret: Option<String>,
}

const fn invalid(description: &'static str) -> Error {
    Error::OAuth { code: OAuthCode::InvalidClient, description }
}

const UNKNOWN: Error = invalid("the client is unknown or did not prove itself");

impl ClientCredential {
    /// Reads it; a client says it in one place only.
    pub(crate) fn of(request: &ApiRequest, fields: &mut Result<Fields>) -> Result<Self> {
        let in_header = Basic::basic_credentials(request).map_err(|_| UNKNOWN)?;
        let (id, secret): (Option<String>, Option<String>) = match fields {
            Ok(fields) => (fields.non_empty("client_id"), fields.non_empty("client_secret")),
            Err(_) => (None, None),
        };
        match (in_header, id, secret) {
            (Some((name, password)), id, None) if id.as_ref().is_none_or(|id| *id == name) => {
                Ok(Self {
                    id: name.parse().ok(),
                    secret: Some(password).filter(|own| !own.is_empty()),
                })
            }
            (None, Some(id), secret) => Ok(Self { id: id.parse().ok(), secret }),
            (None, None, _) => Err(invalid("the client must prove itself")),
            (Some(_), _, _) => Err(Error::OAuth {
                code: OAuthCode::InvalidRequest,
                description: "the client must prove itself in one place only",
            }),
        }
    }

    /// The client, if it is the one it says it is, with the grant that it brings in hand: one round.
    pub(crate) async fn check(
        self,
        app: &App,
        presented: Option<&GrantCredential>,
    ) -> Result<AuthenticatedClient> {
        let id = self.id.ok_or(UNKNOWN)?;
        let grant = presented.map(|presented| (presented.owner(), presented.grant()));
        AuthenticatedClient::authenticate(&app.table, id, self.secret.as_deref(), grant)
            .await?
            .ok_or(UNKNOWN)
    }
}

/// The one field of a body that names a token; the hint of what it is is not needed, since its prefix says it.
pub(crate) fn named_token(
    fields: Result<Fields>,
) -> Result<Option<(GrantTokenKind, GrantCredential)>> {
    let mut fields = fields?;
    let token: Option<String> = fields.required_non_empty("token");
    let token = fields.into_result(token)?;
    Ok([GrantTokenKind::Access, GrantTokenKind::Refresh]
        .into_iter()
        .find_map(|part| Some((part, GrantCredential::parse(part, &token).ok()?))))
}
