use lambda_http::{Body, Response};
use shared::auth::Basic;
use shared::http::Call;
use shared::table::NewGrant;
use shared::{Error, OAuthCode, Result};

use crate::App;
use crate::authorization::Authorization;
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
    match Authorization::read(app, &query).await? {
        Ok(asked) => show(app, call, &asked, "", None).await,
        Err(refused) => refused.send(),
    }
}

/// `POST /api/v1.1/o/authorize/`: what the user decided. Nobody is asked for anything that is not on the page: the
/// client's request stands in the query, and the seal is over it.
pub(crate) async fn decide(app: &App, call: &Call) -> Result<Response<Body>> {
    let (query, decision) = (call.query()?, Decision::read(call)?);
    let key = app.means.service_keys.current().await?;
    let was_shown = Browser::of(call)?.was_shown(&key, call, &decision.seal)?;
    let basic = Basic::new(decision.username.clone(), decision.password);
    let resolved = async {
        if was_shown && decision.allows { basic.resolve(app).await.map(Some) } else { Ok(None) }
    };
    let (asked, resolved) = tokio::join!(Authorization::read(app, &query), resolved);
    let asked = match asked? {
        Ok(asked) => asked,
        Err(refused) => return refused.send(),
    };
    let again = async |trouble| show(app, call, &asked, &decision.username, Some(trouble)).await;
    if !was_shown {
        return again(Trouble::Stale).await;
    }
    let Some(resolved) = resolved? else {
        return asked.answer.refuse(OAuthCode::AccessDenied, "the user said no");
    };
    let user = match basic.sign_in(app, resolved).await {
        Err(Error::BadCredential) => return again(Trouble::WrongPassword).await,
        Err(Error::TooManyAttempts { retry_after }) => {
            return again(Trouble::Locked(retry_after)).await;
        }
        user => user?,
    };
    let new = NewGrant {
        client: asked.client.id,
        scopes: asked.scopes,
        redirect_uri: asked.answer.redirect_uri.clone(),
        challenge: asked.challenge,
    };
    let code = app.table.create_grant(&user, new).await?;
    asked.answer.code(&code.reveal())
}

async fn show(
    app: &App,
    call: &Call,
    asked: &Authorization,
    username: &str,
    trouble: Option<Trouble>,
) -> Result<Response<Body>> {
    let key = app.means.service_keys.current().await?;
    let browser = Browser::of(call)?;
    let (seal, cookie) = (browser.seal(&key, call)?, browser.cookie());
    Page { asked, seal: &seal, cookie: &cookie, username, trouble }.answer()
}
