use std::collections::BTreeSet;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::ClientCredential;
use shared::http::{self, ApiRequest, Fields};
use shared::model::{
    Grant, GrantCredential, GrantTokenKind, Issuance, IssuedTokens, Scope, Timestamp,
    TokenRejection, User, UserNumber,
};
use shared::telemetry::SecurityEvent;
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::{format_scopes, parse_scopes};

/// The body of `POST /api/v1.1/o/token/`.
enum TokenRequest {
    /// Redeems a code.
    Code {
        code: Option<GrantCredential>,
        redirect_uri: Option<String>,
        verifier: Option<String>,
    },
    /// Spends a refresh token, for these scopes.
    Refresh { token: Option<GrantCredential>, scopes: Option<BTreeSet<Scope>> },
}

impl TokenRequest {
    fn parse(fields: Result<Fields>) -> Result<Self> {
        let mut fields = fields?;
        let parsed = match fields.required_non_empty::<String>("grant_type").as_deref() {
            // Known clients send `code`.
            Some("authorization_code" | "code") => {
                let code = fields.required_non_empty::<String>("code");
                let (redirect_uri, verifier) =
                    (fields.non_empty("redirect_uri"), fields.non_empty("code_verifier"));
                code.map(|code| Self::Code {
                    code: GrantCredential::parse(GrantTokenKind::Code, &code).ok(),
                    redirect_uri,
                    verifier,
                })
            }
            Some("refresh_token") => {
                let (token, scope) = (
                    fields.required_non_empty::<String>("refresh_token"),
                    fields.non_empty::<String>("scope"),
                );
                token.map(|token| Self::Refresh {
                    token: GrantCredential::parse(GrantTokenKind::Refresh, &token).ok(),
                    // Unknown scopes are as good as none: neither was granted.
                    scopes: scope.map(|scope| parse_scopes(&scope).unwrap_or_default()),
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
        fields.into_result(parsed)
    }

    const fn presented(&self) -> Option<&GrantCredential> {
        match self {
            Self::Code { code, .. } => code.as_ref(),
            Self::Refresh { token, .. } => token.as_ref(),
        }
    }

    fn decide(&self, grant: &Grant, now: Timestamp) -> Result<Issuance<'_>, TokenRejection> {
        let presented = self.presented().ok_or(TokenRejection::Invalid)?;
        match self {
            Self::Code { redirect_uri, verifier, .. } => {
                grant.redeem(presented, redirect_uri.as_deref(), verifier.as_deref(), now)
            }
            Self::Refresh { scopes, .. } => grant.refresh(presented, scopes.as_ref(), now),
        }
    }
}

/// The error that the client sees. It does not say which tokens were once valid.
const fn rejected(rejection: TokenRejection) -> Error {
    let (code, description) = match rejection {
        TokenRejection::Invalid | TokenRejection::Retry | TokenRejection::Replay => {
            (OAuthCode::InvalidGrant, "the code or refresh token is not or no longer good")
        }
        TokenRejection::OtherRequest => (
            OAuthCode::InvalidGrant,
            "the code was asked for with another redirect_uri or challenge",
        ),
        TokenRejection::ScopeNotGranted => {
            (OAuthCode::InvalidScope, "the scope is more than was granted")
        }
    };
    Error::OAuth { code, description }
}

/// A code or refresh token that comes again matters to security.
fn record(rejection: TokenRejection, request: &TokenRequest) {
    match (rejection, request) {
        (TokenRejection::Replay, TokenRequest::Code { .. }) => SecurityEvent::CodeReplayed.record(),
        (TokenRejection::Replay, TokenRequest::Refresh { .. }) => {
            SecurityEvent::RefreshTokenReplayed.record();
        }
        (TokenRejection::Retry, _) => SecurityEvent::RefreshTokenRetried.record(),
        (
            TokenRejection::Invalid
            | TokenRejection::OtherRequest
            | TokenRejection::ScopeNotGranted,
            _,
        ) => {}
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

impl TokenView {
    fn new(user: &User, scopes: &BTreeSet<Scope>, issued: &IssuedTokens) -> Self {
        Self {
            username: user.username.to_string(),
            user_id: user.number,
            access_token: issued.access.reveal(),
            expires_in: issued.expires_in,
            token_type: "Bearer",
            scope: format_scopes(scopes),
            refresh_token: issued.refresh.reveal(),
        }
    }
}

/// `POST /api/v1.1/o/token/`: tokens for a code, or the next ones for a refresh token. Each works
/// once.
pub(crate) async fn issue(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.fields();
    let credential = ClientCredential::from_request(request, &mut fields)?;
    let token_request = TokenRequest::parse(fields);
    let presented = token_request.as_ref().ok().and_then(TokenRequest::presented);
    let client = credential.authenticate(app, presented).await?;
    let token_request = token_request?;
    let (user, grant) = client.grant().ok_or(rejected(TokenRejection::Invalid))?;
    let issuance = match token_request.decide(grant, Timestamp::now()) {
        Ok(issuance) => issuance,
        Err(rejection) => {
            record(rejection, &token_request);
            if rejection == TokenRejection::Replay {
                app.table.delete_grant(&client.actor(), grant).await?;
            }
            return Err(rejected(rejection));
        }
    };
    let issued = app.table.issue(&client.actor(), user, grant, &issuance).await?;
    let mut response = http::ok(&TokenView::new(user, &issuance.scopes, &issued))?;
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}
