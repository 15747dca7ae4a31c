//! Accounts: which ones somebody belongs to, and making another one.

use std::collections::HashMap;

use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AccountRead, AccountWrite, AuthRequest, Authorized, SessionCookie};
use shared::http::{ApiRequest, Fields};
use shared::model::{Account, AccountId, Membership, User};
use shared::rollcall::Place;
use shared::table::{NewAccount, fetch};
use shared::{App, Result};

use crate::account_frame::{ACCOUNTS, Failure, account_id, path};
use crate::entry::see_other;
use crate::form::{Field, Form, Input, Target, entered};
use crate::layout::{Screen, Section, act, day, pages, table, titled};
use crate::list::{back, list_page, none, own_query};
use crate::words::{accounts as words, layout};

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "current" => Some(words::CURRENT_IS_SET),
        "deleted" => Some(words::DELETED),
        "left" => Some(words::LEFT),
        _ => None,
    }
}

/// What was entered.
#[derive(Default)]
struct Entered {
    name: String,
    email: String,
}

/// `GET /account/accounts`: the accounts that the user is a member of, in the order of joining.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    show_with(app, request, Entered::default(), Failure::default()).await
}

async fn show_with(
    app: &App,
    request: &ApiRequest,
    typed: Entered,
    mut failure: Failure,
) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<AccountRead, SessionCookie>::from_request(app, request)?
        .input(list_page::<Place>(request))
        .query(|table, user, _| table.memberships(user))
        .respond(async |Authorized { caller, input: page, queried: memberships, .. }| {
            let user = caller.user();
            let place = |own: &Membership| Place::new(user.id, own.joined_at, &own.account);
            let (memberships, next) = page.of(memberships, place);
            let accounts = app.table.accounts(&memberships).await?;
            let mut found: HashMap<AccountId, Account> =
                accounts.into_iter().map(|account| (account.id, account)).collect();
            let own_query = own_query(&page);
            let row = |own: &Membership| {
                Some(row(request, user, own, &found.remove(&own.account)?, &own_query))
            };
            let rows: Vec<_> = memberships.iter().filter_map(row).collect();
            let next = next.map(|next| next.to_string());
            let content = html! {
                p { (words::INTRODUCTION) }
                @if rows.is_empty() { p { (none(&own_query, words::EMPTY)) } }
                @else {
                    (table(
                        layout::ACCOUNTS,
                        &[words::NAME, words::ROLE, words::JOINED, ""],
                        rows,
                    ))
                }
                (pages(ACCOUNTS, query.get("cursor"), next.as_deref()))
                (titled(words::MAKE, &form(request, &typed, &mut failure)))
            };
            let screen = Screen::new(user, Section::Accounts, layout::ACCOUNTS, content);
            Ok(failure.show(screen.done(query.get("done").and_then(done)), request))
        })
        .await
}

fn row(
    request: &ApiRequest,
    user: &User,
    own: &Membership,
    account: &Account,
    query: &str,
) -> Vec<Markup> {
    let is_current = user.current_account == Some(account.id);
    let choose = path(account.id, &format!("/current{query}"));
    vec![
        html! {
            a href=(path(account.id, "")) { bdi { (account.name) } }
            @if is_current { " " strong.badge { (words::CURRENT) } }
        },
        html! { (words::role(own.role)) },
        day(own.joined_at),
        html! { @if !is_current { (act(request, choose, words::MAKE_CURRENT)) } },
    ]
}

fn form<'a>(request: &ApiRequest, typed: &'a Entered, failure: &mut Failure) -> Form<'a> {
    Form {
        target: Some(Target::new(request, ACCOUNTS)),
        fields: vec![
            Field {
                name: "name",
                label: words::NAME,
                value: &typed.name,
                autocomplete: "organization",
                ..Field::default()
            },
            Field {
                name: "email",
                label: words::EMAIL,
                hint: Some(words::EMAIL_HINT),
                input: Input::Email,
                value: &typed.email,
                autocomplete: "off",
                is_optional: true,
                ..Field::default()
            },
        ],
        button: words::MAKE_BUTTON,
        errors: std::mem::take(&mut failure.errors),
        ..Form::default()
    }
}

fn new_account(mut fields: Fields) -> Result<NewAccount> {
    let (name, contact_email) = (fields.required_non_empty("name"), fields.non_empty("email"));
    let account = name.map(|name| NewAccount { name, contact_email, registry: None });
    fields.into_result(account)
}

/// `POST /account/accounts`: the user becomes the new account's owner and admin.
pub(crate) async fn create(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<AccountWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let typed =
        Entered { name: entered(&mut fields, "name"), email: entered(&mut fields, "email") };
    let made = auth
        .input(new_account(fields))
        .fetch(|account| fetch::both(fetch::free_slug(account.name.clone()), fetch::counts()))
        .respond(async |Authorized { caller, input: account, fetched: (slug, counts), .. }| {
            let (actor, user) = (caller.actor(), caller.user());
            let write = app.table.create_account(&actor, account, slug, user, counts.as_ref());
            let write = write.await?;
            let show = |id| see_other(&path(id, "?done=made"));
            caller.commit(app, write, |created| show(created.account.id)).await
        })
        .await;
    match made {
        Err(error) => show_with(app, request, typed, Failure::from_error(error)?).await,
        made => made,
    }
}

/// `POST /account/accounts/{id}/current`: any member may choose the account.
pub(crate) async fn set_current(
    app: &App,
    request: &ApiRequest,
    id: &str,
) -> Result<Response<Body>> {
    AuthRequest::<AccountWrite, SessionCookie>::from_request(app, request)?
        .input(account_id(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            access.member()?;
            let write = app.table.set_current_account(&caller.actor(), caller.user(), id)?;
            caller.commit(app, write, |_| back(request, ACCOUNTS, "current")).await
        })
        .await
}
