//! Client authentication (RFC 6749, section 2.3).

use shared::auth::{AuthenticatedClient, Basic};
use shared::http::{ApiRequest, Fields};
use shared::model::{ClientId, GrantCredential, GrantTokenKind};
use shared::{App, Error, OAuthCode, Result};

/// The id and secret of a client, in the header or in the body.
pub(crate) struct ClientCredential {
    id: Option<ClientId>,
    secret: Option<String>,
}

const fn invalid(description: &'static str) -> Error {
    Error::OAuth { code: OAuthCode::InvalidClient, description }
}

const UNKNOWN: Error = invalid("the client is unknown or did not prove itself");

impl ClientCredential {
    /// Parses them. A client sends them in one place only.
    pub(crate) fn from_request(request: &ApiRequest, fields: &mut Result<Fields>) -> Result<Self> {
        let in_header = Basic::basic_credentials(request).map_err(|_| UNKNOWN)?;
        let (id, secret): (Option<String>, Option<String>) = match fields {
            Ok(fields) => (fields.non_empty("client_id"), fields.non_empty("client_secret")),
            Err(_) => (None, None),
        };
        match (in_header, id, secret) {
            (Some((name, password)), id, None) if id.as_ref().is_none_or(|id| *id == name) => {
                Ok(Self {
                    id: name.parse().ok(),
                    secret: Some(password).filter(|secret| !secret.is_empty()),
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

    /// Authenticates the client and reads the grant of the code or token that it presents: one
    /// round trip.
    pub(crate) async fn authenticate(
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

/// The access or refresh token in the field `token`; `None` if it is neither. `token_type_hint` is
/// not needed, since the token's prefix tells its kind.
pub(crate) fn parse_token(fields: Result<Fields>) -> Result<Option<GrantCredential>> {
    let mut fields = fields?;
    let token: Option<String> = fields.required_non_empty("token");
    let token = fields.into_result(token)?;
    Ok([GrantTokenKind::Access, GrantTokenKind::Refresh]
        .into_iter()
        .find_map(|kind| GrantCredential::parse(kind, &token).ok()))
}
