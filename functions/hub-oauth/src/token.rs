use std::borrow::Cow;
use std::collections::BTreeSet;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::ClientCredential;
use shared::http::{self, ApiRequest, Fields};
use shared::model::{
    CodeVerifier, Grant, GrantCredential, GrantRejection, GrantTokenKind, Issuance, IssuedTokens,
    Scope, Timestamp, User, UserNumber,
};
use shared::telemetry::SecurityEvent;
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::{format_scopes, invalid_scope, parse_scopes};

/// The body of `POST /api/v1.1/o/token/`.
enum TokenRequest {
    /// Redeems a code.
    Code {
        code: Option<GrantCredential>,
        redirect_uri: Option<String>,
        verifier: Option<CodeVerifier>,
    },
    /// Spends a refresh token, for these scopes.
    Refresh { token: Option<GrantCredential>, scope: Option<String> },
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
                    scope,
                })
            }
            Some(_) => {
                return Err(Error::OAuth {
                    code: OAuthCode::UnsupportedGrantType,
                    description: "only authorization_code and refresh_token are offered".into(),
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

    fn decide(&self, grant: &Grant, now: Timestamp) -> Result<Issuance<'_>, GrantRejection> {
        let presented = self.presented().ok_or(GrantRejection::Invalid)?;
        match self {
            Self::Code { redirect_uri, verifier, .. } => {
                grant.redeem(presented, redirect_uri.as_deref(), verifier.as_ref(), now)
            }
            Self::Refresh { scope, .. } => {
                // No scope at all is as good as one that was not granted.
                let scopes = scope.as_deref().map(|scope| parse_scopes(scope, &grant.scopes));
                grant.refresh(presented, scopes.map(Option::unwrap_or_default).as_ref(), now)
            }
        }
    }

    /// The scopes that it asks for.
    fn scope(&self) -> &str {
        match self {
            Self::Refresh { scope, .. } => scope.as_deref().unwrap_or_default(),
            Self::Code { .. } => "",
        }
    }
}

const fn invalid_grant(description: &'static str) -> Error {
    Error::OAuth { code: OAuthCode::InvalidGrant, description: Cow::Borrowed(description) }
}

const NO_LONGER_GOOD: Error = invalid_grant("the code or refresh token is not or no longer good");

/// The error that the client sees. It does not say which tokens were once valid.
fn rejected(rejection: GrantRejection, request: &TokenRequest, grant: &Grant) -> Error {
    match rejection {
        GrantRejection::Invalid | GrantRejection::Retry | GrantRejection::Replay => NO_LONGER_GOOD,
        GrantRejection::OtherRequest => {
            invalid_grant("the code was asked for with another redirect_uri or challenge")
        }
        GrantRejection::ScopeNotGranted => Error::OAuth {
            code: OAuthCode::InvalidScope,
            description: invalid_scope(request.scope(), &grant.scopes).into(),
        },
    }
}

/// A code or refresh token that comes again matters to security.
const fn event(rejection: GrantRejection, request: &TokenRequest) -> Option<SecurityEvent> {
    match (rejection, request) {
        (GrantRejection::Replay, TokenRequest::Code { .. }) => Some(SecurityEvent::CodeReplayed),
        (GrantRejection::Replay, TokenRequest::Refresh { .. }) => {
            Some(SecurityEvent::RefreshTokenReplayed)
        }
        (GrantRejection::Retry, _) => Some(SecurityEvent::RefreshTokenRetried),
        (
            GrantRejection::Invalid
            | GrantRejection::OtherRequest
            | GrantRejection::ScopeNotGranted,
            _,
        ) => None,
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
    let grant = client.grant().ok_or(NO_LONGER_GOOD)?;
    let decided = token_request.decide(grant, Timestamp::now());
    let event = decided.as_ref().err().and_then(|rejection| event(*rejection, &token_request));
    if let Some(event) = event {
        event.record();
    }
    // Also while the user is disabled, since that may end.
    if let Err(GrantRejection::Replay) = decided {
        app.table.delete_grant(&client.actor(), grant, event).await?;
    }
    let user = client.user_of_grant().ok_or(NO_LONGER_GOOD)?;
    let issuance = decided.map_err(|rejection| rejected(rejection, &token_request, grant))?;
    let issued = app.table.issue(&client.actor(), user, grant, &issuance).await?;
    let mut response = http::ok(&TokenView::new(user, &issuance.scopes, &issued))?;
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}
