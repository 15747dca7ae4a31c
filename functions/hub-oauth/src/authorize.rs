use lambda_http::{Body, Response};
use shared::auth::Basic;
use shared::http::Call;
use shared::model::{User, UserId};
use shared::table::{Guessed, NewGrant, Stored};
use shared::{Error, OAuthCode, Result};

use crate::App;
use crate::authorization::AuthorizationRequest;
use crate::consent::Browser;
use crate::page::{Page, Trouble};

/// What a user sends from the page.
struct Decision {
    seal: String,
    username: String,
    password: String,
    allows: bool,
}

impl Decision {
    fn read(call: &Call) -> Result<Self> {
        let mut form = call.form()?;
        let text = |value: Option<String>| value.unwrap_or_default();
        let (seal, decision) = (form.optional("seal"), form.required::<String>("decision"));
        let (username, password) = (form.optional("username"), form.optional("password"));
        let allows = match decision.as_deref() {
            Some("allow") => true,
            Some("deny") | None => false,
            Some(_) => {
                form.problem("decision", "must be allow or deny");
                false
            }
        };
        let (seal, username, password) = (text(seal), text(username), text(password));
        form.finish(Some(Self { seal, username, password, allows }))
    }
}

/// `GET /api/v1.1/o/authorize/`: shows the page on which a user signs in and decides.
pub(crate) async fn ask(app: &App, call: &Call) -> Result<Response<Body>> {
    let query = call.query()?;
    match AuthorizationRequest::read(app, &query).await? {
        Ok(request) => show(app, call, &request, "", None).await,
        Err(refused) => refused.send(),
    }
}

/// `POST /api/v1.1/o/authorize/`: what the user decided. Nobody is asked for anything that is not on the page: the
/// client's request stands in the query, and the seal is over it.
pub(crate) async fn decide(app: &App, call: &Call) -> Result<Response<Body>> {
    let (query, decision) = (call.query()?, Decision::read(call)?);
    let key = app.service_keys.current().await?;
    let was_shown = Browser::of(call)?.was_shown(&key, call, &decision.seal)?;
    let basic = Basic::new(decision.username.clone(), decision.password);
    let named = async {
        if was_shown && decision.allows { basic.resolve(app).await.map(Some) } else { Ok(None) }
    };
    let (request, named) = tokio::join!(AuthorizationRequest::read(app, &query), named);
    let request = match request? {
        Ok(request) => request,
        Err(refused) => return refused.send(),
    };
    let signed_in = match named? {
        Some(named) => sign_in(app, &basic, named).await?,
        None if was_shown => {
            return request.answer.refuse(OAuthCode::AccessDenied, "the user said no");
        }
        None => Err(Trouble::Stale),
    };
    match signed_in {
        Ok(user) => grant(app, &user, request).await,
        Err(trouble) => show(app, call, &request, &decision.username, Some(trouble)).await,
    }
}

/// The user, or what the page says instead.
async fn sign_in(
    app: &App,
    basic: &Basic,
    named: (UserId, Guessed),
) -> Result<Result<Stored<User>, Trouble>> {
    match basic.sign_in(app, named).await {
        Ok(user) => Ok(Ok(user)),
        Err(Error::BadCredential) => Ok(Err(Trouble::WrongPassword)),
        Err(Error::TooManyAttempts { retry_after: 1 }) => Ok(Err(Trouble::Busy(1))),
        Err(Error::TooManyAttempts { retry_after }) => Ok(Err(Trouble::Locked(retry_after))),
        Err(error) => Err(error),
    }
}

/// Notes what the user grants and tells the client its code.
async fn grant(
    app: &App,
    user: &Stored<User>,
    request: AuthorizationRequest,
) -> Result<Response<Body>> {
    let AuthorizationRequest { client, scopes, challenge, answer } = request;
    let redirect_uri = answer.redirect_uri.clone();
    let new = NewGrant { client: client.id, scopes, redirect_uri, challenge };
    let code = app.table.create_grant(user, new).await?;
    answer.code(&code.reveal())
}

async fn show(
    app: &App,
    call: &Call,
    request: &AuthorizationRequest,
    username: &str,
    trouble: Option<Trouble>,
) -> Result<Response<Body>> {
    let key = app.service_keys.current().await?;
    let browser = Browser::of(call)?;
    let (seal, cookie) = (browser.seal(&key, call)?, browser.cookie());
    Page { request, seal: &seal, cookie: &cookie, username, trouble }.answer()
}
