use lambda_http::{Body, Response};
use serde::Serialize;
use shared::http::{self, ApiRequest};
use shared::model::{
    ClientId, Grant, GrantCredential, GrantTokenKind, Timestamp, User, UserNumber,
};
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::write_scopes;
use crate::client::{ClientCredential, named_token};

/// What a client learns of a token (RFC 7662, section 2.2); of one that does not work, only that.
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

/// `POST /api/v1.1/o/introspect/` (RFC 7662): whether a token of the client's own works, and for what. A token that is
/// another client's looks inactive. Takes a client with a secret: without one anybody could ask.
pub(crate) async fn introspect(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.fields();
    let client = ClientCredential::of(request, &mut fields)?;
    let token = named_token(fields);
    let named = token.as_ref().ok().and_then(Option::as_ref).map(|(_, token)| token);
    let proven = client.check(app, named).await?;
    if proven.client().secret_hash.is_none() {
        return Err(Error::OAuth {
            code: OAuthCode::InvalidClient,
            description: "this takes a client with a secret",
        });
    }
    let active = token?
        .zip(proven.grant())
        .and_then(|((part, token), (user, grant))| active(part, &token, user, grant));
    http::ok(&Introspection { active: active.is_some(), token: active })
}

/// What is to be said of a token that works.
fn active(
    part: GrantTokenKind,
    token: &GrantCredential,
    user: &User,
    grant: &Grant,
) -> Option<ActiveToken> {
    let now = Timestamp::now();
    let (scopes, token_type, iat, exp) = match part {
        GrantTokenKind::Access => {
            let access = grant.active_access(token, now)?;
            (&access.scopes, "Bearer", access.created_at, access.expires_at)
        }
        GrantTokenKind::Refresh => {
            let refresh = grant.refresh.as_ref()?;
            let works = token.matches(&refresh.secret_hash) && now < refresh.expires_at;
            works.then_some((
                &grant.scopes,
                "refresh_token",
                refresh.created_at,
                refresh.expires_at,
            ))?
        }
        GrantTokenKind::Code => return None,
    };
    Some(ActiveToken {
        client_id: grant.client,
        username: user.username.to_string(),
        user_id: user.number,
        scope: write_scopes(scopes),
        token_type,
        iat: iat.as_second(),
        exp: exp.as_second(),
    })
}
