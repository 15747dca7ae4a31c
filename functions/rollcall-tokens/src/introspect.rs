use std::collections::BTreeSet;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{ClientCredential, Credential, IntrospectedToken, Token};
use shared::http::{self, ApiRequest, Fields};
use shared::model::{ClientId, Scope, Timestamp, TokenId, UserId};
use shared::{App, Result};

/// The response about a token (RFC 7662, section 2.2); about one that does not work, `active` alone.
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

#[derive(Serialize)]
struct ActiveToken {
    token_type: &'static str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    sub: UserId,
    username: String,
    iss: String,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// OAuth's access tokens have no id.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<TokenId>,
}

/// `POST /rollcall/v1/introspect` (RFC 7662): whether a user token, an environment token or an
/// OAuth access token works, whose it is and what it may do. For every client with a secret,
/// whoever the token was made for: so the team's other services check tokens.
pub(crate) async fn introspect(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.form();
    let client = ClientCredential::from_request(request, &mut fields)?;
    let token = fields.and_then(parse_token);
    let presented = token.as_ref().ok().and_then(Option::as_ref);
    let found = client.introspect(app, presented).await?;
    token?;
    let token = found.and_then(|found| ActiveToken::new(found, request.base_url().to_string()));
    http::ok(&Introspection { active: token.is_some(), token })
}

/// The token in the body; `None` if it is none of ours. `token_type_hint` is not needed, since the
/// token's prefix tells its kind.
fn parse_token(mut fields: Fields) -> Result<Option<Token>> {
    let token: Option<String> = fields.required_non_empty("token");
    Ok(Token::from_text(&fields.into_result(token)?))
}

impl ActiveToken {
    fn new(IntrospectedToken { user, credential }: IntrospectedToken, iss: String) -> Option<Self> {
        let scope = format_scopes(credential.scopes());
        let (client_id, issued, end, jti) = match credential {
            Credential::Token(token) => (None, token.created_at, token.expires_at, Some(token.id)),
            Credential::OAuth { grant, access, .. } => {
                (Some(grant.client), access.created_at, Some(access.expires_at), None)
            }
            Credential::Password
            | Credential::Code
            | Credential::ApiKey(_)
            | Credential::Session(_)
            | Credential::Passkey(_) => return None,
        };
        Some(Self {
            token_type: "Bearer",
            scope,
            client_id,
            sub: user.id,
            username: user.username.to_string(),
            iss,
            iat: issued.as_second(),
            exp: end.map(Timestamp::as_second),
            jti,
        })
    }
}

/// The scopes, separated by spaces; all of them if there is no list.
fn format_scopes(scopes: Option<&BTreeSet<Scope>>) -> String {
    let all = || Scope::ALL.into_iter().collect();
    let scopes = scopes.cloned().unwrap_or_else(all);
    scopes.into_iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}
