//! Tokens, which programs use in place of the password.

use std::collections::BTreeSet;
use std::iter;
use std::str::FromStr;
use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie, TokensRead};
use shared::http::{self, ApiRequest, Fields};
use shared::model::{
    ParseError, Scope, Text, Timestamp, TokenCredential, TokenId, TokenKind, User, UserToken,
    parse_rfc3339,
};
use shared::table::{NewToken, Page, Stored, fetch};
use shared::{App, Error, FieldError, Result, limits, rollcall};

use crate::form::{Field, Form, Hidden, Input, Target, entered, once};
use crate::keys::{identified, made_by};
use crate::layout::{Screen, Section, confirm_form, pages, secret, table, time, titled};
use crate::list::{LIMIT, back, none, own_query};
use crate::words::{layout, tokens as words};

const PATH: &str = "/account/tokens";
/// Stands among the scopes for a token without a list.
const EVERYTHING: &str = "everything";

/// The form of a new token.
#[derive(Default)]
struct NewTokenForm {
    name: String,
    kind: String,
    /// What is ticked, with spaces between.
    scopes: String,
    last_day: String,
    errors: Vec<FieldError>,
}

/// The end of a day, as browsers write it.
struct LastDay(Timestamp);

impl FromStr for LastDay {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let end = parse_rfc3339(&format!("{}T23:59:59Z", raw.trim()));
        let end = end.map_err(|_| ParseError::new(words::NO_DAY))?;
        if end < Timestamp::now() { Err(ParseError::new(words::PAST)) } else { Ok(Self(end)) }
    }
}

/// For how long a token works beside the one that replaces it.
struct Overlap(Duration);

impl FromStr for Overlap {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let offered = words::OVERLAPS.into_iter().find(|(seconds, _)| *seconds == raw);
        let seconds = offered.and_then(|(seconds, _)| seconds.parse().ok());
        let seconds = seconds.ok_or_else(|| ParseError::new(words::NO_OVERLAP))?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl NewTokenForm {
    fn entered(fields: &mut Fields) -> Self {
        let all = iter::once(EVERYTHING).chain(Scope::ALL.map(Scope::as_str));
        let ticked: Vec<_> = all.filter(|own| fields.is_ticked(&format!("scope_{own}"))).collect();
        Self {
            name: entered(fields, "name"),
            kind: entered(fields, "kind"),
            scopes: ticked.join(" "),
            last_day: entered(fields, "last_day"),
            errors: Vec::new(),
        }
    }

    /// What was entered, if it is valid. That a token may do everything is chosen, and never what
    /// comes of choosing nothing.
    fn parse(&self, mut fields: Fields) -> Result<NewToken> {
        let name = fields.required_non_empty::<Text<{ limits::MAX_TOKEN_NAME }>>("name");
        let kind = fields.required_non_empty::<TokenKind>("kind");
        let last_day = fields.non_empty::<LastDay>("last_day");
        let scopes: BTreeSet<Scope> =
            self.scopes.split(' ').filter_map(|scope| scope.parse().ok()).collect();
        let may_everything = self.scopes.split(' ').any(|scope| scope == EVERYTHING);
        if scopes.is_empty() && !may_everything {
            fields.add_error("scope", words::NO_SCOPE);
        }
        let new = name.zip(kind).map(|(name, kind)| NewToken {
            kind,
            name: name.into(),
            scopes: Some(scopes).filter(|_| !may_everything),
            expires_at: last_day.map(|day| day.0),
        });
        fields.into_result(new)
    }

    fn show(&self, request: &ApiRequest, once: &Hidden) -> Markup {
        let may = iter::once((EVERYTHING, words::EVERYTHING))
            .chain(Scope::ALL.map(|scope| (scope.as_str(), scope.in_words())));
        let may: Vec<_> = may.collect();
        let fields = vec![
            Field {
                name: "name",
                label: words::NAME,
                value: &self.name,
                autocomplete: "off",
                ..Field::default()
            },
            Field {
                name: "kind",
                label: words::KIND,
                input: Input::Choice(&words::KINDS),
                value: &self.kind,
                ..Field::default()
            },
            Field {
                name: "scope",
                label: words::WHAT_IT_MAY,
                input: Input::Checks(&may),
                value: &self.scopes,
                ..Field::default()
            },
            Field {
                name: "last_day",
                label: words::LAST_DAY,
                hint: Some(words::LAST_DAY_HINT),
                input: Input::Date,
                value: &self.last_day,
                autocomplete: "off",
                is_optional: true,
                ..Field::default()
            },
        ];
        let form = Form {
            target: Some(Target::new(request, PATH)),
            hidden: vec![once.clone()],
            fields,
            button: words::MAKE,
            errors: self.errors.clone(),
            ..Form::default()
        };
        titled(words::MAKE, &form)
    }
}

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "revoked" => Some(words::REVOKED),
        "all-revoked" => Some(words::ALL_REVOKED),
        _ => None,
    }
}

/// `GET /account/tokens`: a page of the tokens that work, oldest first.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").and_then(done);
    list(app, request, &NewTokenForm::default(), |screen| screen.done(done)).await
}

async fn list(
    app: &App,
    request: &ApiRequest,
    new: &NewTokenForm,
    say: impl FnOnce(Screen<'_>) -> Screen<'_>,
) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<TokensRead, SessionCookie>::from_request(app, request)?
        .input(rollcall::Page::<TokenId>::parse(&query))
        .query(|table, user, page| table.tokens_after(user, page.after, LIMIT))
        .respond(async |Authorized { caller, input: asked, queried: read, .. }| {
            let user = caller.user();
            let page = app.table.active_tokens(user, read, LIMIT).await?;
            let once = once()?;
            let content = html! {
                p { (words::INTRODUCTION) }
                (tokens(request, &page, &own_query(&asked), &once))
                (new.show(request, &once))
            };
            Ok(say(Screen::new(user, Section::Tokens, layout::TOKENS, content)).show(request))
        })
        .await
}

/// The list again, if it has words for what went wrong.
async fn or_list(
    app: &App,
    request: &ApiRequest,
    mut new: NewTokenForm,
    outcome: Result<Response<Body>>,
) -> Result<Response<Body>> {
    let (status, problem) = match outcome {
        Err(Error::Invalid(errors)) => {
            new.errors = errors;
            (StatusCode::BAD_REQUEST, words::NOT_MADE.to_owned())
        }
        Err(Error::LimitReached(cap)) => (StatusCode::CONFLICT, words::too_many(cap.max)),
        Err(Error::Conflict(_)) => (StatusCode::CONFLICT, words::WAS_ROTATED.to_owned()),
        Err(Error::NotFound(_)) => (StatusCode::NOT_FOUND, words::GONE.to_owned()),
        outcome => return outcome,
    };
    list(app, request, &new, |screen| screen.problem(status, problem)).await
}

/// `POST /account/tokens`: makes a token. It takes full access, as what is made may have it.
pub(crate) async fn create(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let form = NewTokenForm::entered(&mut fields);
    let outcome = auth
        .input(form.parse(fields))
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, input: new, fetched: counts, .. }| {
            let user = caller.user().clone();
            let write = app.table.create_token(&caller.actor(), &user, counts.as_ref(), new)?;
            caller.commit(app, write, |made| Ok(show_secret(request, &user, made))).await
        })
        .await;
    or_list(app, request, form, outcome).await
}

/// `POST /account/tokens/{id}/rotate`: a new token in place of an old one.
pub(crate) async fn rotate(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let overlap = fields.required::<Overlap>("overlap");
    let input = fields.into_result(overlap).and_then(|own| Ok((token_id(id)?, own.0)));
    let outcome = auth
        .input(input)
        .fetch(|(id, _)| fetch::both(fetch::token(*id), fetch::counts()))
        .respond(async |Authorized { caller, input: (_, overlap), fetched, .. }| {
            let (user, (old, counts)) = (caller.user().clone(), fetched);
            let (old, actor) = (active(&user, old)?, caller.actor());
            let write = app.table.rotate_token(&actor, &user, counts.as_ref(), &old, overlap)?;
            caller.commit(app, write, |made| Ok(show_secret(request, &user, made))).await
        })
        .await;
    or_list(app, request, NewTokenForm::default(), outcome).await
}

/// `POST /account/tokens/{id}/revoke`: the token stops working with the next request, and with it on
/// request what came from it.
pub(crate) async fn revoke(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let with_descendants = fields.optional_true("descendants");
    let input = fields.into_result(Some(with_descendants)).and_then(|own| Ok((token_id(id)?, own)));
    let outcome = auth
        .input(input)
        .fetch(|(id, _)| fetch::both(fetch::token(*id), fetch::counts()))
        .query(|table, user, (_, with_descendants)| {
            let is_needed = *with_descendants;
            async move { if is_needed { table.all_tokens(user).await } else { Ok(Vec::new()) } }
        })
        .respond(async |Authorized { caller, input, fetched: (token, counts), queried: all }| {
            let (actor, user, (_, with_descendants)) = (caller.actor(), caller.user(), input);
            let token = active(user, token)?;
            let (write, done) = if with_descendants {
                let (counts, table) = (counts.as_ref(), &app.table);
                let emails = table.emails(user.id).await?;
                let write = table
                    .delete_token_with_descendants(&actor, user, counts, &token, &all, &emails)?;
                (write, "all-revoked")
            } else {
                (app.table.delete_token(&actor, user.id, token.id), "revoked")
            };
            caller.commit(app, write, |()| back(request, PATH, done)).await
        })
        .await;
    or_list(app, request, NewTokenForm::default(), outcome).await
}

/// The token id in a path; a malformed id belongs to no token.
fn token_id(segment: &str) -> Result<TokenId> {
    http::parse_segment(segment).ok_or(Error::NotFound("token"))
}

/// A token of this user, if it works.
fn active(user: &User, token: Option<Stored<UserToken>>) -> Result<Stored<UserToken>> {
    let now = Timestamp::now();
    token.filter(|token| user.is_active(token, now)).ok_or(Error::NotFound("token"))
}

/// The one page that shows the token itself.
fn show_secret(
    request: &ApiRequest,
    user: &User,
    (credential, token): (TokenCredential, UserToken),
) -> Response<Body> {
    let content = html! {
        p { (words::NAME) ": " bdi { (token.name) } }
        (secret(words::TOKEN, "token.txt", &credential.reveal()))
        p { a href=(PATH) { (words::BACK) } }
    };
    Screen::new(user, Section::Tokens, words::NEW, content).with_secret().show(request)
}

/// The tokens of a page of the list, which has this query.
fn tokens(
    request: &ApiRequest,
    page: &Page<UserToken, TokenId>,
    query: &str,
    once: &Hidden,
) -> Markup {
    let row = |token: &UserToken| {
        vec![
            html! {
                (identified(&html! { bdi { (token.name) } }, &token.id))
                @if token.kind == TokenKind::Environment {
                    " " strong.badge { (words::ENVIRONMENT) }
                }
                @if token.rotated_to.is_some() { " " strong.badge { (words::REPLACED) } }
            },
            html! {
                @match &token.scopes {
                    Some(list) => (scopes(list)),
                    None => (words::EVERYTHING),
                }
            },
            html! { (time(token.created_at)) (made_by(token.lineage.made_by)) },
            moment(token.expires_at),
            moment(token.last_used_at),
            html! {
                @if token.rotated_to.is_none() { (rotation(request, token.id, query, once)) }
                (revocation(request, token.id, query))
            },
        ]
    };
    let columns = [words::NAME, words::MAY, words::MADE, words::ENDS, words::LAST_USED, ""];
    let next = page.next.map(|next| next.to_string());
    html! {
        @if page.items.is_empty() { p { (none(query, words::EMPTY)) } }
        @else { (table(layout::TOKENS, &columns, page.items.iter().map(row).collect())) }
        (pages(PATH, (!query.is_empty()).then_some(query), next.as_deref()))
    }
}

/// Scopes, in words.
pub(crate) fn scopes(scopes: &BTreeSet<Scope>) -> Markup {
    html! { ul { @for scope in scopes { li { (scope.in_words()) } } } }
}

/// A moment that may never come.
pub(crate) fn moment(moment: Option<Timestamp>) -> Markup {
    html! { @match moment { Some(at) => (time(at)), None => (layout::NEVER) } }
}

fn rotation(request: &ApiRequest, id: TokenId, query: &str, once: &Hidden) -> Markup {
    let overlap = Field {
        name: "overlap",
        // Whose response is lost has the old one still.
        value: "3600",
        label: words::OVERLAP,
        input: Input::Choice(&words::OVERLAPS),
        ..Field::default()
    };
    let (hidden, fields) = (vec![once.clone()], vec![overlap]);
    let form = Form { hidden, fields, button: words::ROTATE, ..Form::default() };
    of_token(request, id, &format!("rotate{query}"), words::ROTATE_WHY, form)
}

fn revocation(request: &ApiRequest, id: TokenId, query: &str) -> Markup {
    let descendants = Field {
        name: "descendants",
        label: words::DESCENDANTS,
        hint: Some(words::DESCENDANTS_HINT),
        input: Input::Checkbox,
        ..Field::default()
    };
    let form = Form { fields: vec![descendants], button: words::REVOKE, ..Form::default() };
    of_token(request, id, &format!("revoke{query}"), words::REVOKE_WHY, form)
}

/// A form that does something to a token, which says first what comes of it.
fn of_token(
    request: &ApiRequest,
    id: TokenId,
    path: &str,
    consequence: &str,
    form: Form<'_>,
) -> Markup {
    let own = id.to_string();
    let target = Some(Target::new(request, format!("{PATH}/{id}/{path}")));
    confirm_form(consequence, &Form { id: &own, target, ..form })
}
