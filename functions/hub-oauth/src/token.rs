use std::collections::BTreeSet;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use lambda_http::{Body, Response};
use serde::Serialize;
use shared::http::{self, ApiRequest, Fields};
use shared::lifetimes::ACCESS_TOKEN_TTL;
use shared::model::{Grant, GrantCredential, GrantTokenKind, Scope, Timestamp, User, UserNumber};
use shared::table::{Actor, Stored};
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::{read_scopes, write_scopes};
use crate::client::ClientCredential;

/// The body of `POST /api/v1.1/o/token/`.
enum TokenRequest {
    /// The first tokens, for a code.
    Code { code: Option<GrantCredential>, redirect_uri: String, verifier: Option<String> },
    /// The next tokens, perhaps for less than was granted.
    Refresh { token: Option<GrantCredential>, scope: Option<String> },
}

impl TokenRequest {
    fn parse(fields: Result<Fields>) -> Result<Self> {
        let mut fields = fields?;
        let read = match fields.required_non_empty::<String>("grant_type").as_deref() {
            // Known clients say `code`.
            Some("authorization_code" | "code") => {
                let (code, redirect_uri) = (
                    fields.required_non_empty::<String>("code"),
                    fields.required_non_empty("redirect_uri"),
                );
                let verifier = fields.non_empty("code_verifier");
                code.zip(redirect_uri).map(|(code, redirect_uri)| Self::Code {
                    code: GrantCredential::parse(GrantTokenKind::Code, &code).ok(),
                    redirect_uri,
                    verifier,
                })
            }
            Some("refresh_token") => {
                let (token, scope) = (
                    fields.required_non_empty::<String>("refresh_token"),
                    fields.non_empty("scope"),
                );
                token.map(|token| Self::Refresh {
                    token: GrantCredential::parse(GrantTokenKind::Refresh, &token).ok(),
                    scope,
                })
            }
            Some(_) => {
                return Err(Error::OAuth {
                    code: OAuthCode::UnsupportedGrantType,
                    description: "only authorization_code and refresh_token are offered",
                });
            }
            None => None,
        };
        fields.into_result(read)
    }

    const fn presented(&self) -> Option<&GrantCredential> {
        match self {
            Self::Code { code, .. } => code.as_ref(),
            Self::Refresh { token, .. } => token.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct TokenView {
    username: String,
    user_id: UserNumber,
    access_token: String,
    expires_in: i64,
    token_type: &'static str,
    scope: String,
    refresh_token: String,
}

const fn invalid_grant(description: &'static str) -> Error {
    Error::OAuth { code: OAuthCode::InvalidGrant, description }
}

const INVALID_GRANT: Error = invalid_grant("the code or refresh token is not or no longer good");

/// `POST /api/v1.1/o/token/`: tokens for a code, or the next ones for a refresh token. Each works once.
pub(crate) async fn issue(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.fields();
    let client = ClientCredential::of(request, &mut fields)?;
    let request = TokenRequest::parse(fields);
    let presented = request.as_ref().ok().and_then(TokenRequest::presented);
    let proven = client.check(app, presented).await?;
    let request = request?;
    let (presented, (user, grant)) =
        request.presented().zip(proven.grant()).ok_or(INVALID_GRANT)?;
    let actor = proven.actor();
    let (spent, scopes) = match &request {
        TokenRequest::Code { redirect_uri, verifier, .. } => {
            redeem(app, &actor, grant, presented, redirect_uri, verifier.as_deref()).await?;
            (None, grant.scopes.clone())
        }
        TokenRequest::Refresh { scope, .. } => {
            refresh(app, &actor, grant, presented).await?;
            (Some(presented), narrowed(grant, scope.as_deref())?)
        }
    };
    let issued = app.table.issue(&actor, user, grant, spent, scopes.clone()).await?;
    let mut answer =
        http::ok(&TokenView::of(user, issued.access.reveal(), issued.refresh.reveal(), &scopes))?;
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(answer)
}

impl TokenView {
    fn of(user: &User, access: String, refresh: String, scopes: &BTreeSet<Scope>) -> Self {
        Self {
            username: user.username.to_string(),
            user_id: user.number,
            access_token: access,
            expires_in: ACCESS_TOKEN_TTL,
            token_type: "Bearer",
            scope: write_scopes(scopes),
            refresh_token: refresh,
        }
    }
}

/// Refuses a code that is not good. One that was used before revokes what it issued: two have it, and nobody knows who
/// was first (RFC 6749, section 4.1.2).
async fn redeem(
    app: &App,
    actor: &Actor,
    grant: &Stored<Grant>,
    code: &GrantCredential,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> Result<()> {
    if !code.matches(&grant.code.secret_hash) {
        return Err(INVALID_GRANT);
    }
    if grant.refresh.is_some() {
        app.table.delete_grant(actor, grant).await?;
        return Err(INVALID_GRANT);
    }
    if grant.code.expires_at <= Timestamp::now() {
        return Err(INVALID_GRANT);
    }
    if !grant.code.verify_redemption(redirect_uri, verifier) {
        return Err(invalid_grant("the code was asked for with another redirect_uri or challenge"));
    }
    Ok(())
}

/// Refuses a refresh token that is not good. One that was spent more than a moment ago revokes its family (RFC 9700,
/// section 4.14.2); within that moment it may be a retry whose answer was lost.
async fn refresh(
    app: &App,
    actor: &Actor,
    grant: &Stored<Grant>,
    token: &GrantCredential,
) -> Result<()> {
    let now = Timestamp::now();
    let Some(kept) = &grant.refresh else { return Err(INVALID_GRANT) };
    if token.matches(&kept.secret_hash) {
        return if now < kept.expires_at { Ok(()) } else { Err(INVALID_GRANT) };
    }
    let is_retry =
        kept.spent.iter().any(|spent| token.matches(&spent.secret_hash) && spent.is_recent(now));
    if token.is_in_family(&kept.family_hash) && !is_retry {
        app.table.delete_grant(actor, grant).await?;
    }
    Err(INVALID_GRANT)
}

/// The scopes that the client wants now: none but those granted (RFC 6749, section 6).
fn narrowed(grant: &Grant, scope: Option<&str>) -> Result<BTreeSet<Scope>> {
    let Some(scope) = scope else { return Ok(grant.scopes.clone()) };
    read_scopes(scope).filter(|scopes| !scopes.is_empty() && scopes.is_subset(&grant.scopes)).ok_or(
        Error::OAuth {
            code: OAuthCode::InvalidScope,
            description: "the scope is more than was granted",
        },
    )
}
