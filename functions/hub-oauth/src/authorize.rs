use lambda_http::{Body, Response};
use shared::auth::{Basic, Caller, FullAccess};
use shared::http::ApiRequest;
use shared::model::{Counts, Timestamp, UserId};
use shared::table::{Login, NewGrant, Stored, fetch};
use shared::telemetry::SecurityEvent;
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::AuthorizationRequest;
use crate::consent::Browser;
use crate::page::{Page, SignInError};

/// The form that a user submits.
struct Decision {
    csrf_token: String,
    username: String,
    password: String,
    allows: bool,
}

impl Decision {
    fn parse(request: &ApiRequest) -> Result<Self> {
        let mut form = request.form()?;
        let text = |value: Option<String>| value.unwrap_or_default();
        let (csrf_token, decision) =
            (form.optional("csrf_token"), form.required::<String>("decision"));
        let (username, password) = (form.optional("username"), form.optional("password"));
        let allows = match decision.as_deref() {
            Some("allow") => true,
            Some("deny") | None => false,
            Some(_) => {
                form.add_error("decision", "must be allow or deny");
                false
            }
        };
        let (csrf_token, username, password) = (text(csrf_token), text(username), text(password));
        form.into_result(Some(Self { csrf_token, username, password, allows }))
    }
}

/// `GET /api/v1.1/o/authorize/`: the page on which a user signs in and allows or denies the
/// request.
pub(crate) async fn show_consent(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    match AuthorizationRequest::parse(app, request, &query).await? {
        Ok(authorization) => show(app, request, &authorization, "", None).await,
        Err(error) => error.send(),
    }
}

/// `POST /api/v1.1/o/authorize/`: the user's decision. The client's request is in the query, and
/// the CSRF token is bound to it and to the scopes shown: a user can allow only what the page
/// showed.
pub(crate) async fn submit_consent(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let (query, decision) = (request.query()?, Decision::parse(request)?);
    let key = app.service_keys.current().await?;
    let shown = Browser::from_request(request)?.verify(&key, request, &decision.csrf_token)?;
    let basic = Basic::new(request, decision.username.clone(), decision.password);
    let named = async {
        if shown.is_ok() && decision.allows { basic.resolve(app).await.map(Some) } else { Ok(None) }
    };
    let parsed = AuthorizationRequest::parse(app, request, &query);
    let (authorization, named) = tokio::join!(parsed, named);
    let authorization = match authorization? {
        Ok(authorization) => authorization,
        Err(error) => return error.send(),
    };
    let signed_in = match (shown, named?) {
        (Ok(shown), Some(named)) if shown.is_of(&authorization.scopes) => {
            sign_in(app, &basic, named).await?
        }
        (Ok(_), Some(_)) => Err(SignInError::Changed),
        (Ok(_), None) => {
            return authorization.target.with_error(OAuthCode::AccessDenied, "the user said no");
        }
        (Err(error), _) => {
            SecurityEvent::FormRejected.record();
            Err(error)
        }
    };
    match signed_in {
        Ok((caller, counts)) => grant(app, &caller, counts.as_ref(), authorization).await,
        Err(error) => show(app, request, &authorization, &decision.username, Some(error)).await,
    }
}

/// The user, and what the user has of that which is limited.
type SignedIn = (Caller<FullAccess>, Option<Stored<Counts>>);

/// Signs the user in, or tells what the page shows instead.
async fn sign_in(
    app: &App,
    basic: &Basic,
    named: (UserId, Login),
) -> Result<Result<SignedIn, SignInError>> {
    match basic.sign_in(app, named, fetch::counts()).await {
        Ok(signed_in) => Ok(Ok(signed_in)),
        Err(Error::InvalidCredential) => Ok(Err(SignInError::WrongPassword)),
        Err(Error::AttemptsInProgress) => Ok(Err(SignInError::Busy)),
        Err(Error::TooManyAttempts { retry_after }) => Ok(Err(SignInError::Locked(retry_after))),
        Err(error) => Err(error),
    }
}

/// Stores the grant and sends the client its code.
async fn grant(
    app: &App,
    caller: &Caller<FullAccess>,
    counts: Option<&Stored<Counts>>,
    authorization: AuthorizationRequest,
) -> Result<Response<Body>> {
    let AuthorizationRequest { client, scopes, challenge, target } = authorization;
    let (redirect_uri, names_redirect_uri) = (target.redirect_uri.clone(), target.is_named);
    let new = NewGrant { client: &client, scopes, redirect_uri, names_redirect_uri, challenge };
    let code = app.table.create_grant(&caller.actor(), caller.user(), counts, new).await?;
    target.with_code(&code.reveal())
}

async fn show(
    app: &App,
    request: &ApiRequest,
    authorization: &AuthorizationRequest,
    username: &str,
    error: Option<SignInError>,
) -> Result<Response<Body>> {
    let key = app.service_keys.current().await?;
    let browser = Browser::from_request(request)?;
    let csrf_token = browser.csrf_token(&key, request, &authorization.scopes)?;
    let cookie = browser.cookie();
    Page {
        request,
        settings: &app.settings,
        authorization,
        granted_until: authorization.client.grant_end(Timestamp::now())?,
        csrf_token: &csrf_token,
        cookie: &cookie,
        username,
        error,
    }
    .into_response()
}
