use lambda_http::{Body, Response};
use shared::auth::{Basic, Caller, FullAccess};
use shared::http::ApiRequest;
use shared::model::UserId;
use shared::table::{LoginSubject, NewGrant};
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::AuthorizationRequest;
use crate::consent::Browser;
use crate::page::{Page, SignInError};

/// What a user sends from the page.
struct Decision {
    seal: String,
    username: String,
    password: String,
    allows: bool,
}

impl Decision {
    fn parse(request: &ApiRequest) -> Result<Self> {
        let mut form = request.form()?;
        let text = |value: Option<String>| value.unwrap_or_default();
        let (seal, decision) = (form.optional("seal"), form.required::<String>("decision"));
        let (username, password) = (form.optional("username"), form.optional("password"));
        let allows = match decision.as_deref() {
            Some("allow") => true,
            Some("deny") | None => false,
            Some(_) => {
                form.add_error("decision", "must be allow or deny");
                false
            }
        };
        let (seal, username, password) = (text(seal), text(username), text(password));
        form.into_result(Some(Self { seal, username, password, allows }))
    }
}

/// `GET /api/v1.1/o/authorize/`: shows the page on which a user signs in and decides.
pub(crate) async fn show_consent(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    match AuthorizationRequest::parse(app, &query).await? {
        Ok(authorization) => show(app, request, &authorization, "", None).await,
        Err(refused) => refused.send(),
    }
}

/// `POST /api/v1.1/o/authorize/`: what the user decided. Nobody is asked for anything that is not on the page: the
/// client's request stands in the query, and the seal is over it.
pub(crate) async fn submit_consent(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let (query, decision) = (request.query()?, Decision::parse(request)?);
    let key = app.service_keys.current().await?;
    let was_shown = Browser::of(request)?.was_shown(&key, request, &decision.seal)?;
    let basic = Basic::new(decision.username.clone(), decision.password);
    let named = async {
        if was_shown && decision.allows { basic.resolve(app).await.map(Some) } else { Ok(None) }
    };
    let (authorization, named) = tokio::join!(AuthorizationRequest::parse(app, &query), named);
    let authorization = match authorization? {
        Ok(authorization) => authorization,
        Err(refused) => return refused.send(),
    };
    let signed_in = match named? {
        Some(named) => sign_in(app, &basic, named).await?,
        None if was_shown => {
            return authorization.answer.refuse(OAuthCode::AccessDenied, "the user said no");
        }
        None => Err(SignInError::Stale),
    };
    match signed_in {
        Ok(caller) => grant(app, &caller, authorization).await,
        Err(error) => show(app, request, &authorization, &decision.username, Some(error)).await,
    }
}

/// The user, or what the page says instead.
async fn sign_in(
    app: &App,
    basic: &Basic,
    named: (UserId, LoginSubject),
) -> Result<Result<Caller<FullAccess>, SignInError>> {
    match basic.sign_in(app, named).await {
        Ok(caller) => Ok(Ok(caller)),
        Err(Error::InvalidCredential) => Ok(Err(SignInError::WrongPassword)),
        Err(Error::TooManyAttempts { retry_after: 1 }) => Ok(Err(SignInError::Busy(1))),
        Err(Error::TooManyAttempts { retry_after }) => Ok(Err(SignInError::Locked(retry_after))),
        Err(error) => Err(error),
    }
}

/// Notes what the user grants and tells the client its code.
async fn grant(
    app: &App,
    caller: &Caller<FullAccess>,
    authorization: AuthorizationRequest,
) -> Result<Response<Body>> {
    let AuthorizationRequest { client, scopes, challenge, answer } = authorization;
    let redirect_uri = answer.redirect_uri.clone();
    let new = NewGrant { client: client.id, scopes, redirect_uri, challenge };
    let code = app.table.create_grant(&caller.actor(), caller.user(), new).await?;
    answer.code(&code.reveal())
}

async fn show(
    app: &App,
    request: &ApiRequest,
    authorization: &AuthorizationRequest,
    username: &str,
    error: Option<SignInError>,
) -> Result<Response<Body>> {
    let key = app.service_keys.current().await?;
    let browser = Browser::of(request)?;
    let (seal, cookie) = (browser.seal(&key, request)?, browser.cookie());
    Page { request: authorization, seal: &seal, cookie: &cookie, username, trouble: error }.answer()
}
