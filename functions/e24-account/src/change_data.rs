use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, Authorized, FullAccess};
use shared::e24::{Name, Phone};
use shared::http::{self, Fields};
use shared::limits::MAX_FULL_NAME;
use shared::model::User;
use shared::password::NewPassword;
use shared::table::UserChange;
use shared::{App, Error, Result};

use crate::AuthRequest;
use crate::get::{check_preconditions, view};

/// The body of `POST /v2/account/data`; an absent field is not changed. Without `Debug`, since the
/// password must not be logged.
struct ChangeData {
    first_name: Option<Name>,
    last_name: Option<Name>,
    phone: Option<Phone>,
    password: Option<NewPassword>,
}

impl ChangeData {
    fn parse(mut fields: Fields) -> Result<Self> {
        let read = Self {
            first_name: fields.optional("first_name"),
            last_name: fields.optional("last_name"),
            phone: fields.optional_text_or_number("phone"),
            password: fields.optional("password"),
        };
        fields.into_result(Some(read))
    }

    /// The full name to store and its first name, with the parts of the body in place of the
    /// user's.
    fn names(&self, user: &User) -> Result<(Option<String>, Option<String>)> {
        if self.first_name.is_none() && self.last_name.is_none() {
            return Ok((None, None));
        }
        let (stored_first, stored_last) = stored_names(user);
        let part = |new: &Option<Name>, stored: &str| {
            new.as_ref().map_or(stored.to_owned(), Name::to_string)
        };
        let (first, last) =
            (part(&self.first_name, stored_first), part(&self.last_name, stored_last));
        let whole = format!("{first} {last}").trim().to_owned();
        if whole.chars().count() > MAX_FULL_NAME {
            let field = if self.first_name.is_some() { "first_name" } else { "last_name" };
            let problem = format!("makes the whole name longer than {MAX_FULL_NAME} characters");
            return Err(Error::invalid(field, problem));
        }
        Ok((Some(whole), Some(first)))
    }
}

/// The stored first and last name. The first is the one that was set, if the full name still starts
/// with it, else what is before the first space.
fn stored_names(user: &User) -> (&str, &str) {
    let whole = user.full_name.as_str();
    let known = user.first_name.as_deref().filter(|first| !first.is_empty());
    let known =
        known.and_then(|first| Some((first, whole.strip_prefix(first)?.strip_prefix(' ')?)));
    known.or_else(|| whole.split_once(' ')).unwrap_or((whole, ""))
}

/// `POST /v2/account/data`: changes the caller's names, phone number and password. A new password
/// revokes the caller's OAuth grants and user tokens, except the presented one, and no API key.
pub(crate) async fn change(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(ChangeData::parse))
        .respond(async |Authorized { caller, input: body, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let (full_name, first_name) = body.names(user)?;
            let phone = body.phone.map(String::from);
            let change = UserChange { full_name, first_name, phone, ..UserChange::default() };
            let write = match body.password {
                Some(password) => {
                    caller.require::<FullAccess>()?;
                    app.table.change_password(&caller.actor(), user, &change, &password.hash()?)?
                }
                None => app.table.change_user(&caller.actor(), user, &change)?,
            };
            caller.commit(app, write, |user| http::ok_with_etag(&view(&user))).await
        })
        .await
}
