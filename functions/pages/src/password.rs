//! The own password.

use lambda_http::http::header::SET_COOKIE;
use lambda_http::{Body, Response};
use maud::html;
use shared::auth::{
    AuthRequest, Authorized, Caller, FullAccess, ProfileRead, ProfileWrite, SessionCookie,
    session_cookie,
};
use shared::http::{ApiRequest, Fields};
use shared::model::{Email, SessionCredential, User};
use shared::password::NewPassword;
use shared::table::PasswordChange;
use shared::{App, Error, FieldError, Result};

use crate::entry::{rejected, see_other};
use crate::form::{Field, Form, Input, Target, entered};
use crate::layout::{Screen, Section};
use crate::script::SHOW_PASSWORD;
use crate::words::password as words;

const PATH: &str = "/account/password";
const CURRENT: &str = "currentPassword";
/// The field whose checkbox ends keys too.
const REVOKE: &str = "revokeKeys";

/// `GET /account/password`: asks for another password.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").filter(|done| *done == "changed").map(|_| words::CHANGED);
    AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            Ok(screen(request, caller.user(), "", Vec::new()).done(done).show(request))
        })
        .await
}

/// `POST /account/password`: changes it. The session goes on, unless somebody else had chosen the
/// password until now.
pub(crate) async fn change(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<ProfileWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let revoke = entered(&mut fields, REVOKE);
    auth.input(Ok(()))
        .query(|table, user, ()| table.emails(user))
        .respond(async |Authorized { caller, queried: addresses, .. }| {
            let user = caller.user();
            let change = match accept(app, &caller, fields, &addresses).await {
                Ok(change) => change,
                Err(error) => {
                    let again = |status, errors| {
                        screen(request, user, &revoke, errors).with_status(status).show(request)
                    };
                    return rejected(error, CURRENT, words::WRONG, again);
                }
            };
            let session = caller.session().ok_or(Error::MissingCredential)?;
            let (actor, table) = (caller.actor(), &app.table);
            let write = table.change_password_in_session(&actor, user, session, change)?;
            let done = |session: Option<SessionCredential>| {
                let mut response = see_other("/account/password?done=changed")?;
                if let Some(session) = session {
                    let cookie = session_cookie(request, &session)?;
                    response.headers_mut().insert(SET_COOKIE, cookie);
                }
                Ok(response)
            };
            caller.commit(app, write, done).await
        })
        .await
}

/// The new password, if it is acceptable and the current one is right. Who has none needs full
/// access.
async fn accept(
    app: &App,
    caller: &Caller<ProfileWrite>,
    mut fields: Fields,
    addresses: &[Email],
) -> Result<PasswordChange> {
    let user = caller.user();
    let has_password = user.password_hash.is_some();
    let current = has_password.then(|| fields.required_non_empty::<String>(CURRENT));
    let new = fields.required_non_empty::<NewPassword>("password");
    let revoke_keys = fields.optional_true(REVOKE);
    let new = fields.into_result(new)?.accept_for(&app.settings.service_name, user, addresses)?;
    match current.flatten() {
        // Boxed: the SDK's futures are large.
        Some(current) => Box::pin(caller.verify_current_password(app, &current)).await?,
        None => caller.require::<FullAccess>()?,
    }
    Ok(PasswordChange { hash: new.hash()?, revoke_keys, is_reused: new.is_reused_by(user)? })
}

fn screen<'a>(
    request: &ApiRequest,
    user: &'a User,
    revoke: &str,
    errors: Vec<FieldError>,
) -> Screen<'a> {
    let current = Field {
        name: CURRENT,
        label: words::CURRENT,
        input: Input::Password,
        autocomplete: "current-password",
        ..Field::default()
    };
    let new = Field::new_password(words::NEW);
    let revoke = Field {
        name: REVOKE,
        label: words::REVOKE,
        hint: Some(words::REVOKE_HINT),
        input: Input::Checkbox,
        value: revoke,
        is_optional: true,
        ..Field::default()
    };
    let current = Some(current).filter(|_| user.password_hash.is_some());
    let fields = current.into_iter().chain([new, revoke]).collect();
    let target = Some(Target::new(request, PATH));
    let form = Form { target, fields, button: words::SET, errors, ..Form::default() };
    let content = html! {
        (form.summary())
        p { (if user.password_is_own { words::WHAT_ENDS } else { words::GIVEN }) }
        (form)
    };
    Screen::new(user, Section::Password, words::HEADING, content).with_script(&SHOW_PASSWORD)
}
