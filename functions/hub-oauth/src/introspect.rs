use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::ClientCredential;
use shared::http::{self, ApiRequest};
use shared::model::{
    ClientId, Grant, GrantCredential, GrantTokenKind, Timestamp, User, UserNumber,
};
use shared::{App, Result};

use crate::authorization::format_scopes;
use crate::client::parse_token;

/// The response about a token (RFC 7662, section 2.2); of an inactive one, only that.
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

#[derive(Serialize)]
struct ActiveToken {
    client_id: ClientId,
    username: String,
    user_id: UserNumber,
    scope: String,
    token_type: &'static str,
    iat: i64,
    exp: i64,
}

/// `POST /api/v1.1/o/introspect/` (RFC 7662): whether a token of the client is active, and for
/// what. Another client's token looks inactive. Only for clients with a secret: anybody can act as
/// one without.
pub(crate) async fn introspect(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.fields();
    let credential = ClientCredential::from_request(request, &mut fields)?;
    let token = parse_token(fields);
    let presented = token.as_ref().ok().and_then(Option::as_ref);
    let client = credential.authenticate(app, presented).await?;
    client.require_secret()?;
    let usable = client.user_of_grant().zip(client.grant());
    let active =
        token?.zip(usable).and_then(|(token, (user, grant))| active_token(&token, user, grant));
    http::ok(&Introspection { active: active.is_some(), token: active })
}

/// The token's data, if it is active.
fn active_token(token: &GrantCredential, user: &User, grant: &Grant) -> Option<ActiveToken> {
    let now = Timestamp::now();
    let (scopes, iat, exp) = match token.kind() {
        GrantTokenKind::Access => {
            let access = grant.active_access(token, now)?;
            (&access.scopes, access.created_at, access.expires_at)
        }
        GrantTokenKind::Refresh => {
            let refresh = grant.active_refresh(token, now)?;
            (&grant.scopes, refresh.created_at, grant.expires_at)
        }
        GrantTokenKind::Code => return None,
    };
    Some(ActiveToken {
        client_id: grant.client,
        username: user.username.to_string(),
        user_id: user.number,
        scope: format_scopes(scopes),
        token_type: "Bearer",
        iat: iat.as_second(),
        exp: exp.as_second(),
    })
}
