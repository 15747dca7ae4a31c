//! The second factor: the codes of an app, asked for beside the password, and recovery codes.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use qrcode::{Color, QrCode};
use shared::auth::{AuthRequest, Authorized, FullAccess, ProfileRead, SessionCookie, TotpSetup};
use shared::http::ApiRequest;
use shared::model::{
    FactorCode, RecoveryCode, SecondFactor, Timestamp, TotpCode, TotpSecret, User,
};
use shared::table::fetch;
use shared::{App, Error, FieldError, Result};

use crate::entry::{rejected, see_other};
use crate::form::{Field, Form, Hidden, Input, Target, entered, once};
use crate::layout::{Screen, Section, button, codes, confirm_form, facts, time};
use crate::words::{layout, second_factor as words};

const PATH: &str = "/account/second-factor";
/// The field that takes a code.
pub(crate) const CODE: &str = "code";
/// The hidden field with what is set up.
const SETUP: &str = "setup";

/// What takes a code, with a form of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Renew,
    TurnOff,
}

/// The field that takes a code.
pub(crate) fn code_field<'a>(label: &'a str, hint: &'a str) -> Field<'a> {
    Field {
        name: CODE,
        label,
        hint: Some(hint),
        input: Input::Name,
        autocomplete: "one-time-code",
        ..Field::default()
    }
}

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    (name == "off").then_some(words::TURNED_OFF)
}

/// `GET /account/second-factor`: whether it is on, and what can be done.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").and_then(done);
    AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .fetch(|()| fetch::second_factor())
        .respond(async |Authorized { caller, fetched: factor, .. }| {
            let screen = overview(request, caller.user(), factor.as_deref())?;
            let content = html! { @if done.is_some() { (sessions_stay()) } (screen.content) };
            Ok(Screen { content, ..screen }.done(done).show(request))
        })
        .await
}

/// `POST /account/second-factor/setup`: shows a new secret for an app. Nothing is stored until one
/// of its codes was entered.
pub(crate) async fn set_up(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .fetch(|()| fetch::second_factor())
        .respond(async |Authorized { caller, fetched: factor, .. }| {
            let user = caller.user();
            if let Some(refused) = check_setup(request, user, factor.as_deref())? {
                return Ok(refused);
            }
            let session = caller.session().ok_or(Error::MissingCredential)?;
            let secret = TotpSecret::generate()?;
            let setup = TotpSetup::seal(app, user, session, &secret).await?;
            let once = once()?;
            let content = html! {
                p { (words::SCAN) }
                (qr_code(&secret.uri(request.service_name(), &user.username)))
                p { (words::OR_TYPE) }
                p { code { (grouped(&secret.base32())) } }
                (confirmation(request, &setup, &once, Vec::new()))
            };
            Ok(of_setup(user, content).show(request))
        })
        .await
}

/// `POST /account/second-factor`: turns it on, once a code shows that the app has the secret.
pub(crate) async fn turn_on(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let setup = entered(&mut fields, SETUP);
    let code = fields.required_non_empty::<TotpCode>(CODE);
    let code = fields.into_result(code);
    auth.input(Ok(()))
        .fetch(|()| fetch::second_factor())
        .respond(async |Authorized { caller, fetched: factor, .. }| {
            let user = caller.user().clone();
            if let Some(refused) = check_setup(request, &user, factor.as_deref())? {
                return Ok(refused);
            }
            let session = caller.session().ok_or(Error::MissingCredential)?;
            let Some(secret) = TotpSetup::open(app, &user, session, &setup).await? else {
                let screen = overview(request, &user, None)?;
                return Ok(screen.problem(StatusCode::GONE, words::SETUP_ENDED).show(request));
            };
            let step = code.and_then(|code| {
                secret.step_of(&code, Timestamp::now()).ok_or(Error::Forbidden("a wrong code"))
            });
            let step = match step {
                Ok(step) => step,
                Err(error) => {
                    let once = once()?;
                    let again = |status, errors| {
                        let content = html! {
                            p { (words::SCANNED) }
                            (confirmation(request, &setup, &once, errors))
                        };
                        of_setup(&user, content).with_status(status).show(request)
                    };
                    return rejected(error, CODE, words::NOT_OF_SETUP, again);
                }
            };
            let totp = secret.seal(&*app.service_keys.current().await?, user.id)?;
            let write = app.table.turn_on_second_factor(&caller.actor(), &user, totp, step)?;
            caller.commit(app, write, |codes| Ok(show_codes(request, &user, &codes))).await
        })
        .await
}

/// `POST /account/second-factor/recovery-codes`: new recovery codes in place of the old ones.
pub(crate) async fn renew(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    by_code(app, request, Act::Renew).await
}

/// `POST /account/second-factor/off`: turns it off.
pub(crate) async fn turn_off(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    by_code(app, request, Act::TurnOff).await
}

/// What takes a code of the app, or a recovery code.
async fn by_code(app: &App, request: &ApiRequest, act: Act) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let code = fields.required_non_empty::<FactorCode>(CODE);
    let code = fields.into_result(code);
    auth.input(Ok(()))
        .fetch(|()| fetch::second_factor())
        .respond(async |Authorized { caller, fetched: factor, .. }| {
            let (user, actor) = (caller.user().clone(), caller.actor());
            let Some(factor) = factor else {
                let screen = overview(request, &user, None)?;
                return Ok(screen.problem(StatusCode::CONFLICT, words::IS_OFF).show(request));
            };
            let proof = match code {
                // Boxed: the SDK's futures are large.
                Ok(code) => Box::pin(caller.verify_code(app, &code)).await,
                Err(error) => Err(error),
            };
            let proof = match proof {
                Ok(proof) => proof,
                Err(error) => {
                    let once = once()?;
                    let again = |status, errors| {
                        let content = manage(request, &factor, once, Some(&(act, errors)));
                        screen(&user, content).with_status(status).show(request)
                    };
                    return rejected(error, CODE, words::WRONG, again);
                }
            };
            if act == Act::TurnOff {
                let write = app.table.turn_off_second_factor(&actor, &user, &proof)?;
                return caller
                    .commit(app, write, |()| see_other(&format!("{PATH}?done=off")))
                    .await;
            }
            let write = app.table.renew_recovery_codes(&actor, &user, &proof)?;
            caller.commit(app, write, |codes| Ok(show_codes(request, &user, &codes))).await
        })
        .await
}

fn screen(user: &User, content: Markup) -> Screen<'_> {
    Screen::new(user, Section::SecondFactor, layout::SECOND_FACTOR, content)
}

fn of_setup(user: &User, content: Markup) -> Screen<'_> {
    Screen::new(user, Section::SecondFactor, words::SET_UP, content)
}

fn overview<'a>(
    request: &ApiRequest,
    user: &'a User,
    factor: Option<&SecondFactor>,
) -> Result<Screen<'a>> {
    let content = if let Some(factor) = factor {
        manage(request, factor, once()?, None)
    } else if !user.password_is_own {
        html! {
            p { (words::INTRODUCTION) }
            p { (words::NOT_OWN) " " a href="/account/password" { (words::CHOOSE_OWN) } "." }
        }
    } else {
        html! {
            p { (words::INTRODUCTION) }
            p { (words::PROGRAMS) " " a href="/account/tokens" { (words::MAKE_TOKENS) } }
            (button(request, format!("{PATH}/setup"), words::SET_UP))
        }
    };
    Ok(screen(user, content))
}

/// What those get who set it up while it is on, or while the password stands that somebody else
/// gave: who did could turn on a factor that the user cannot turn off. Who changes that one first
/// still can.
fn check_setup(
    request: &ApiRequest,
    user: &User,
    factor: Option<&SecondFactor>,
) -> Result<Option<Response<Body>>> {
    if factor.is_none() && user.password_is_own {
        return Ok(None);
    }
    let problem = if factor.is_some() { words::IS_ON } else { words::GIVEN_PASSWORD };
    let screen = overview(request, user, factor)?.problem(StatusCode::CONFLICT, problem);
    Ok(Some(screen.show(request)))
}

/// What is to be said of a factor that is on, and done about it; what was wrong with one of the
/// forms.
fn manage(
    request: &ApiRequest,
    factor: &SecondFactor,
    once: Hidden,
    wrong: Option<&(Act, Vec<FieldError>)>,
) -> Markup {
    let form = |act: Act, id: &'static str, below: &str, button: &'static str| {
        let own = wrong.filter(|(own, _)| *own == act);
        Form {
            id,
            target: Some(Target::new(request, format!("{PATH}{below}"))),
            fields: vec![code_field(words::CODE, words::CODE_HINT)],
            button,
            errors: own.map(|(_, errors)| errors.clone()).unwrap_or_default(),
            ..Form::default()
        }
    };
    let mut renew = form(Act::Renew, "renew", "/recovery-codes", words::RENEW);
    renew.hidden.push(once);
    let turn_off = form(Act::TurnOff, "off", "/off", words::TURN_OFF);
    let section = |heading: &str, why: &str, form: &Form<'_>| {
        html! {
            section {
                h2 { (heading) }
                (form.summary())
                (confirm_form(why, form))
            }
        }
    };
    html! {
        p { (words::ON) }
        (facts(&[
            (words::SINCE, time(factor.since)),
            (words::CODES_LEFT, html! { (factor.recovery_codes.len()) }),
        ]))
        (section(words::CODES, words::RENEW_WHY, &renew))
        (section(words::TURN_OFF, words::TURN_OFF_WHY, &turn_off))
    }
}

/// The form that takes the first code of the app.
fn confirmation(
    request: &ApiRequest,
    setup: &str,
    once: &Hidden,
    errors: Vec<FieldError>,
) -> Markup {
    let form = Form {
        target: Some(Target::new(request, PATH)),
        hidden: vec![(SETUP.to_owned(), setup.to_owned()), once.clone()],
        fields: vec![code_field(words::APP_CODE, words::APP_CODE_HINT)],
        button: words::TURN_ON,
        errors,
        ..Form::default()
    };
    html! { (form.summary()) (form) }
}

/// No change of what signs in ends a session, but for that of the password.
pub(crate) fn sessions_stay() -> Markup {
    html! { p { (words::SESSIONS_STAY) " " a href="/account/sessions" { (words::END_SESSIONS) } } }
}

/// The one page that shows recovery codes.
fn show_codes(request: &ApiRequest, user: &User, new: &[RecoveryCode]) -> Response<Body> {
    let new: Vec<_> = new.iter().map(ToString::to_string).collect();
    let content = html! {
        p { (words::WHAT_CODES_DO) }
        (codes(words::CODES, "recovery-codes.txt", &new.join("\n")))
        (sessions_stay())
        p { a href=(PATH) { (words::BACK) } }
    };
    Screen::new(user, Section::SecondFactor, words::NEW_CODES, content).with_secret().show(request)
}

/// The QR code of a text; nothing if no code can hold it, as the secret can be typed as well.
fn qr_code(text: &str) -> Markup {
    let Ok(code) = QrCode::new(text) else { return Markup::default() };
    let (width, edge) = (code.width(), 4);
    let mut lines = Vec::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(PartialEq::eq) {
            if run.first() == Some(&Color::Dark) {
                lines.push(format!("M{} {}h{}", x + edge, y + edge, run.len()));
            }
            x += run.len();
        }
    }
    let side = width + 2 * edge;
    html! {
        div.qr role="img" aria-label=(words::QR) {
            svg viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
                rect width=(side) height=(side) fill="#fff" {}
                path transform="translate(0 .5)" stroke="#000" d=(lines.concat()) {}
            }
        }
    }
}

/// The text in groups of four, as people type it.
fn grouped(text: &str) -> String {
    let mut grouped = String::new();
    for (place, letter) in text.char_indices() {
        if place > 0 && place % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(letter);
    }
    grouped
}
