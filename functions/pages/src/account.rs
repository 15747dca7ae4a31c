//! An account: what it is, what it may use, its name and contact address, and its end.

use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AccountRead, AccountWrite, AuthRequest, Authorized, FullAccess, SessionCookie};
use shared::http::{ApiRequest, Fields, entity_tag};
use shared::model::{Account, EmailAddress, Membership, Plan, PlanId, Role, User};
use shared::table::{AccountChange, fetch};
use shared::{App, Error, Result};

use crate::account_frame::{ACCOUNTS, Failure, Frame, account_id, path, person};
use crate::entry::see_other;
use crate::form::{Field, Form, Input, Target, VERSION, entered};
use crate::layout::{AccountSection, act, confirm_form, day, facts, titled};
use crate::words::{account as words, accounts, layout};

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "made" => Some(words::MADE),
        "saved" => Some(words::SAVED),
        _ => None,
    }
}

/// What was sent and was not done.
#[derive(Default)]
enum Attempt {
    #[default]
    None,
    Change {
        name: String,
        email: String,
    },
    Deletion,
}

/// What the form replaces: name and contact address.
fn replaced<'a>(
    account: &'a Account,
    email: Option<&'a EmailAddress>,
) -> (&'a str, Option<&'a str>) {
    (account.name.as_str(), email.map(EmailAddress::as_entered))
}

/// `GET /account/accounts/{id}`: any member sees the account.
pub(crate) async fn show(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    show_with(app, request, id, Attempt::None, Failure::default()).await
}

async fn show_with(
    app: &App,
    request: &ApiRequest,
    id: &str,
    attempt: Attempt,
    mut failure: Failure,
) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<AccountRead, SessionCookie>::from_request(app, request)?
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, fetched: access, .. }| {
            let user = caller.user();
            let (account, own) = access.membership()?;
            let other = Some(account.owner).filter(|owner| *owner != user.id);
            let (plan, others) =
                tokio::try_join!(app.table.plan(account.plan), app.table.users(other.into_iter()))?;
            let owner = if other.is_some() { others.first() } else { Some(user) };
            let owner = owner.map(|owner| &**owner);
            let email = account.contact_email.as_ref();
            let email = email.or(owner.map(|owner| &owner.primary_email));
            let content = html! {
                (about(request, user, (&account, &own), owner, email))
                section { h2 { (words::PLAN) } (limits(&plan)) }
                @if own.role == Role::Admin {
                    (titled(words::CHANGE, &change_form(
                        request, &account, email, &attempt, &mut failure,
                    )?))
                    (deletion(request, &account, &attempt, &mut failure))
                }
            };
            let frame = Frame { user, account: &account, role: own.role };
            let screen = frame.screen((AccountSection::Overview, layout::OVERVIEW), content);
            Ok(failure.show(screen.done(query.get("done").and_then(done)), request))
        })
        .await
}

fn about(
    request: &ApiRequest,
    user: &User,
    (account, own): (&Account, &Membership),
    owner: Option<&User>,
    email: Option<&EmailAddress>,
) -> Markup {
    let is_current = user.current_account == Some(account.id);
    let owner = html! {
        @match owner {
            Some(owner) => (person(owner)),
            None => (words::NOBODY),
        }
    };
    let scaling = if account.allow_auto_scaling { words::ALLOWED } else { words::NOT_ALLOWED };
    html! {
        (facts(&[
            (accounts::NAME, html! {
                bdi { (account.name) }
                @if is_current { " " strong.badge { (accounts::CURRENT) } }
                @if account.is_verified { " " strong.badge { (words::VERIFIED) } }
            }),
            (words::SLUG, html! { code { (account.slug) } }),
            (accounts::EMAIL, html! {
                @match email { Some(email) => bdi { (email) }, None => (words::NOBODY) }
            }),
            (words::OWNER, owner),
            (accounts::ROLE, html! { (accounts::role(own.role)) }),
            (accounts::JOINED, day(own.joined_at)),
            (words::CREATED, day(account.created_at)),
            (words::SCALING, html! { (scaling) }),
        ]))
        @if !is_current {
            (act(request, path(account.id, "/current"), words::MAKE_CURRENT))
        }
    }
}

fn limits(plan: &Plan) -> Markup {
    let Plan { id, limits } = plan;
    let number = |limit| html! { (words::number(limit)) };
    let bytes = |limit| html! { (words::bytes(limit)) };
    let name = html! {
        @if *id == PlanId::DEFAULT { (words::DEFAULT_PLAN) } @else { code { (id) } }
    };
    facts(&[
        (words::PLAN_NAME, name),
        (words::PROJECTS, number(limits.project_limit)),
        (words::COMPONENTS, number(limits.component_limit)),
        (words::WORKERS, number(limits.worker_limit)),
        (words::MEMORY, bytes(limits.max_memory_per_worker)),
        (words::STORAGE, bytes(limits.storage_limit)),
        (words::UPLOAD, bytes(limits.monthly_upload_limit)),
        (words::GAS, number(limits.monthly_gas_limit)),
    ])
}

/// The form with what was entered, if it was sent, else with what is stored.
fn change_form<'a>(
    request: &ApiRequest,
    account: &'a Account,
    email: Option<&'a EmailAddress>,
    attempt: &'a Attempt,
    failure: &mut Failure,
) -> Result<Form<'a>> {
    let stored = replaced(account, email);
    let (name, shown, errors) = if let Attempt::Change { name, email } = attempt {
        (name.as_str(), email.as_str(), std::mem::take(&mut failure.errors))
    } else {
        (stored.0, stored.1.unwrap_or_default(), Vec::new())
    };
    Ok(Form {
        target: Some(Target::new(request, path(account.id, ""))),
        hidden: vec![(VERSION.to_owned(), entity_tag(&stored)?)],
        fields: vec![
            Field {
                name: "name",
                label: accounts::NAME,
                value: name,
                autocomplete: "organization",
                ..Field::default()
            },
            Field {
                name: "email",
                label: accounts::EMAIL,
                input: Input::Email,
                value: shown,
                autocomplete: "off",
                ..Field::default()
            },
        ],
        button: words::SAVE,
        errors,
        ..Form::default()
    })
}

/// The end of the account, for which its name is entered.
fn deletion(
    request: &ApiRequest,
    account: &Account,
    attempt: &Attempt,
    failure: &mut Failure,
) -> Markup {
    let is_tried = matches!(attempt, Attempt::Deletion);
    let errors = if is_tried { std::mem::take(&mut failure.errors) } else { Vec::new() };
    let confirmation = Field {
        name: "confirmation",
        label: words::CONFIRMATION,
        input: Input::Name,
        autocomplete: "off",
        ..Field::default()
    };
    let form = Form {
        target: Some(Target::new(request, path(account.id, "/delete"))),
        fields: vec![confirmation],
        button: words::DELETE,
        errors,
        ..Form::default()
    };
    html! {
        section {
            h2 { (words::DELETE) }
            (form.summary())
            (confirm_form(words::DELETE_WHY, &form))
        }
    }
}

fn change(mut fields: Fields) -> Result<AccountChange> {
    let name = fields.required_non_empty("name");
    let email = fields.required_non_empty("email");
    let both = name.zip(email);
    fields.into_result(
        both.map(|(name, email)| AccountChange { name: Some(name), email: Some(email) }),
    )
}

/// `POST /account/accounts/{id}`: an admin changes name and contact address, unless somebody else
/// has changed them since the form was shown.
pub(crate) async fn update(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<AccountWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let (name, email) = (entered(&mut fields, "name"), entered(&mut fields, "email"));
    let version: Option<String> = fields.optional(VERSION);
    let changed = auth
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let admin = access.admin()?;
            let change = change(fields)?;
            let shown = app.table.account_with_email(admin.account(), caller.user()).await?;
            let caller = caller.if_match(version.as_deref()).check_if_match(|_| {
                (replaced(&shown.account, shown.email.as_ref()), shown.versions.clone())
            })?;
            let write = app.table.change_account(&caller.actor(), admin, shown, change)?;
            caller.commit(app, write, |_| see_other(&path(id, "?done=saved"))).await
        })
        .await;
    match changed {
        Err(error) => {
            let attempt = Attempt::Change { name, email };
            show_with(app, request, id, attempt, Failure::from_error(error)?).await
        }
        changed => changed,
    }
}

/// `POST /account/accounts/{id}/delete`: an admin who enters the account's name deletes it, however
/// many members it has.
pub(crate) async fn delete(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let typed = entered(&mut request.optional_form()?, "confirmation");
    let deleted = auth
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let admin = app.table.admin_for_deletion(id, access).await?;
            // Browsers show several spaces as one, and any white space looks like one.
            if !typed.split_whitespace().eq(admin.account().name.as_str().split_whitespace()) {
                return Err(Error::invalid("confirmation", words::OTHER_NAME));
            }
            let write = app.table.delete_account(&caller.actor(), admin)?;
            caller.commit(app, write, |()| see_other(&format!("{ACCOUNTS}?done=deleted"))).await
        })
        .await;
    match deleted {
        Err(error) => {
            show_with(app, request, id, Attempt::Deletion, Failure::from_error(error)?).await
        }
        deleted => deleted,
    }
}
