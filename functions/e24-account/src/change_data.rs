use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, Unrestricted};
use shared::e24::{Name, Phone, Success, UserView};
use shared::http::{self, Fields};
use shared::password::NewPassword;
use shared::table::UserChange;
use shared::{Error, Result};

use crate::get::Account;
use crate::{App, Asked};

/// The most characters of a user's one name.
const LONGEST_NAME: usize = 255;

/// The body of `POST /v2/account/data`; what is absent stays. It has no `Debug`: the password must not be logged.
struct ChangeData {
    first_name: Option<Name>,
    last_name: Option<Name>,
    phone: Option<Phone>,
    password: Option<NewPassword>,
}

impl ChangeData {
    fn read(mut fields: Fields) -> Result<Self> {
        let read = Self {
            first_name: fields.optional("first_name"),
            last_name: fields.optional("last_name"),
            phone: fields.optional_text_or_number("phone"),
            password: fields.optional("password"),
        };
        fields.finish(Some(read))
    }

    /// The one name that is kept, with the parts that were given in place of its own: the first name is what is before
    /// the first space.
    fn full_name(&self, kept: &str) -> Result<Option<String>> {
        let (field, first, last) = match (&self.first_name, &self.last_name) {
            (None, None) => return Ok(None),
            (Some(first), last) => ("first_name", Some(first), last.as_ref()),
            (None, Some(last)) => ("last_name", None, Some(last)),
        };
        let (own_first, own_last) = kept.split_once(' ').unwrap_or((kept, ""));
        let part =
            |given: Option<&Name>, own: &str| given.map_or_else(|| own.to_owned(), Name::to_string);
        let name = format!("{} {}", part(first, own_first), part(last, own_last));
        let name = name.trim();
        if name.chars().count() > LONGEST_NAME {
            let problem = "makes the whole name longer than 255 characters";
            return Err(Error::invalid(field, problem));
        }
        Ok(Some(name.to_owned()))
    }
}

/// `POST /v2/account/data`: changes the caller's names, phone number and password. A new password revokes the caller's
/// OAuth grants and user tokens, but for the one that asks, and no API key.
pub(crate) async fn change(
    app: &App,
    asked: Asked<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    let (caller, body, ()) = asked.with(fields.and_then(ChangeData::read), |_| ()).await?;
    let user = caller.user();
    let full_name = body.full_name(&user.full_name)?;
    let phone = body.phone.map(String::from);
    let change = UserChange { full_name, phone, ..UserChange::default() };
    let user = match body.password {
        Some(password) => {
            caller.demand::<Unrestricted>()?;
            let spared = caller.token().map(|token| token.id);
            app.table.change_password(user, change, &password.hash()?, spared).await?
        }
        None => app.table.change_user(user, change).await?,
    };
    http::ok(&Success::of(Account { account: UserView::of(&user, None) }))
}
