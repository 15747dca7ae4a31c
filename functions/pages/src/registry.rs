//! The private registry of an account.

use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AccountRead, AccountWrite, AuthRequest, Authorized, SessionCookie};
use shared::http::{ApiRequest, Fields, entity_tag};
use shared::model::{Account, Registry, Role};
use shared::registry::{RegistryFieldNames, RegistryFields};
use shared::seal::SealPublicKey;
use shared::table::{Versioned, fetch};
use shared::{App, Result};

use crate::account_frame::{Failure, Frame, account_id, path};
use crate::entry::see_other;
use crate::form::{Field, Form, Input, Target, VERSION, entered, sent_version};
use crate::layout::{AccountSection, button, confirm_form, facts, titled};
use crate::script::SHOW_PASSWORD;
use crate::words::{layout, registry as words};

const PAGE: (AccountSection, &str) = (AccountSection::Registry, layout::REGISTRY);
const NAMES: RegistryFieldNames = ["server", "email", "username", "password"];
/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "saved" => Some(words::SAVED),
        "deleted" => Some(words::DELETED),
        _ => None,
    }
}

/// Server, address and username.
type Entered = [String; 3];

/// `GET /account/accounts/{id}/registry`: an admin sees which registry the account has, without the
/// password, which nobody is shown.
pub(crate) async fn show(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    show_with(app, request, id, None, Failure::default()).await
}

async fn show_with(
    app: &App,
    request: &ApiRequest,
    id: &str,
    typed: Option<Entered>,
    mut failure: Failure,
) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<AccountRead, SessionCookie>::from_request(app, request)?
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, fetched: access, .. }| {
            let (account, own) = access.membership()?;
            let frame = Frame { user: caller.user(), account: &account, role: own.role };
            if own.role != Role::Admin {
                return Ok(frame.admins_only(request, PAGE));
            }
            let stored = account
                .registry
                .clone()
                .map(|Registry { server, email, username, .. }| [server, email, username]);
            let values = typed.or_else(|| stored.clone()).unwrap_or_default();
            let content = html! {
                p { (words::INTRODUCTION) }
                @match &stored {
                    Some(stored) => (about(request, &account, stored)?),
                    None => p { (words::EMPTY) },
                }
                (titled(words::SET, &form(request, &account, &values, &mut failure)?))
            };
            let screen = frame.screen(PAGE, content).with_script(&SHOW_PASSWORD);
            Ok(failure.show(screen.done(query.get("done").and_then(done)), request))
        })
        .await
}

fn about(
    request: &ApiRequest,
    account: &Account,
    [server, email, username]: &Entered,
) -> Result<Markup> {
    let hidden = vec![(VERSION.to_owned(), entity_tag(&account.registry)?)];
    let path = path(account.id, "/registry/delete");
    let delete = Form { hidden, ..button(request, path, words::DELETE) };
    Ok(html! {
        (facts(&[
            (words::SERVER, html! { bdi { (server) } }),
            (words::EMAIL, html! { bdi { (email) } }),
            (words::USERNAME, html! { bdi { (username) } }),
            (words::PASSWORD, html! { (words::IS_SEALED) }),
        ]))
        (confirm_form(words::DELETE_WHY, &delete))
    })
}

fn form<'a>(
    request: &ApiRequest,
    account: &Account,
    [server, email, username]: &'a Entered,
    failure: &mut Failure,
) -> Result<Form<'a>> {
    let field = |name, label, input, value| Field {
        name,
        label,
        input,
        value,
        autocomplete: "off",
        ..Field::default()
    };
    Ok(Form {
        target: Some(Target::new(request, path(account.id, "/registry"))),
        hidden: vec![(VERSION.to_owned(), entity_tag(&account.registry)?)],
        fields: vec![
            Field {
                hint: Some(words::SERVER_HINT),
                ..field("server", words::SERVER, Input::Url, server)
            },
            field("email", words::EMAIL, Input::Email, email),
            field("username", words::USERNAME, Input::Name, username),
            // Not the password of who signs in here.
            Field {
                hint: Some(words::PASSWORD_HINT),
                autocomplete: "new-password",
                ..field("password", words::PASSWORD, Input::Password, "")
            },
        ],
        button: words::SAVE,
        errors: std::mem::take(&mut failure.errors),
        ..Form::default()
    })
}

fn registry(mut fields: Fields) -> Result<RegistryFields> {
    let registry = RegistryFields::required(&mut fields, NAMES);
    fields.into_result(registry)
}

/// `POST /account/accounts/{id}/registry`: an admin sets the registry, unless somebody else has set
/// another one since the form was shown.
pub(crate) async fn set(
    app: &App,
    sealing: &SealPublicKey,
    request: &ApiRequest,
    id: &str,
) -> Result<Response<Body>> {
    let auth = AuthRequest::<AccountWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let typed = ["server", "email", "username"].map(|name| entered(&mut fields, name));
    let version: Option<String> = fields.optional(VERSION);
    let set = auth
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let admin = access.admin()?;
            let registry = registry(fields)?;
            let (own, versions) = (admin.account().registry.clone(), admin.account().versions());
            let caller = caller.if_match(version.as_deref()).check_if_match(|_| (own, versions))?;
            let registry = registry.sealed(sealing)?;
            let write = app.table.set_registry(&caller.actor(), admin, Some(&registry))?;
            caller.commit(app, write, |()| see_other(&path(id, "/registry?done=saved"))).await
        })
        .await;
    match set {
        Err(error) => show_with(app, request, id, Some(typed), Failure::from_error(error)?).await,
        set => set,
    }
}

/// `POST /account/accounts/{id}/registry/delete`: an admin takes the registry away, unless somebody
/// else has set another one since the page was shown.
pub(crate) async fn delete(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<AccountWrite, SessionCookie>::from_request(app, request)?;
    let version = sent_version(request)?;
    let deleted = auth
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let admin = access.admin()?;
            let done = || see_other(&path(id, "/registry?done=deleted"));
            if admin.account().registry.is_none() {
                return done();
            }
            let (own, versions) = (admin.account().registry.clone(), admin.account().versions());
            let caller = caller.if_match(version.as_deref()).check_if_match(|_| (own, versions))?;
            let write = app.table.set_registry(&caller.actor(), admin, None)?;
            caller.commit(app, write, |()| done()).await
        })
        .await;
    match deleted {
        Err(error) => show_with(app, request, id, None, Failure::from_error(error)?).await,
        deleted => deleted,
    }
}
