use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess, ProfileWrite};
use shared::e24::{Name, Phone};
use shared::http::{self, Fields};
use shared::limits::MAX_FULL_NAME;
use shared::model::{Email, User, UserId};
use shared::password::NewPassword;
use shared::table::{PasswordChange, Table, UserChange};
use shared::{App, Error, Result, Settings};

use crate::AuthRequest;
use crate::get::{check_preconditions, view};

/// The body of `POST /v2/account/data`; an absent field is not changed. Without `Debug`, since the
/// password must not be logged.
struct ChangeData {
    first_name: Option<Name>,
    last_name: Option<Name>,
    phone: Option<Phone>,
    password: Option<NewPassword>,
    /// Whether API keys, environment tokens, SSH keys and passkeys end with the old password.
    revoke_keys: bool,
    /// The password until now, where `REQUIRE_CURRENT_PASSWORD` says so.
    current_password: Option<String>,
}

impl ChangeData {
    fn parse(mut fields: Fields, settings: &Settings) -> Result<Self> {
        let takes_current = settings.require_current_password && fields.has("password");
        if takes_current && !fields.has("current_password") {
            fields.add_error("current_password", "is required");
        }
        let read = Self {
            current_password: fields.optional("current_password").filter(|_| takes_current),
            first_name: fields.optional("first_name"),
            last_name: fields.optional("last_name"),
            phone: fields.optional_text_or_number("phone"),
            password: fields.optional("password"),
            revoke_keys: fields.optional_bool("revoke_keys").unwrap_or_default(),
        };
        if read.revoke_keys && !fields.has("password") {
            fields.add_error("revoke_keys", "takes a new password");
        }
        fields.into_result(Some(read))
    }

    /// The full name to store, with the parts of the body in place of the user's; none if the body
    /// has neither.
    fn full_name(&self, user: &User) -> Result<Option<String>> {
        if self.first_name.is_none() && self.last_name.is_none() {
            return Ok(None);
        }
        let given_first = self.first_name.as_ref().map(Name::as_str);
        let given_last = self.last_name.as_ref().map(Name::as_str);
        let (first, last) = user.name_parts(given_first, given_last);
        let (first, last) = (given_first.unwrap_or(first), given_last.unwrap_or(last));
        let whole = format!("{first} {last}").trim().to_owned();
        if whole.chars().count() > MAX_FULL_NAME {
            let field = if self.first_name.is_some() { "first_name" } else { "last_name" };
            let problem = format!("makes the whole name longer than {MAX_FULL_NAME} characters");
            return Err(Error::invalid(field, problem));
        }
        Ok(Some(whole))
    }
}

/// The addresses of a user, which no new password may be.
async fn addresses(table: &Table, user: UserId, sets_password: bool) -> Result<Vec<Email>> {
    if sets_password { table.emails(user).await } else { Ok(Vec::new()) }
}

/// `POST /v2/account/data`: changes the caller's names, phone number and password. A new password
/// revokes the caller's OAuth grants and user tokens, except the presented one, and on request the
/// keys. The first one that the caller sets in place of somebody else's revokes all credentials.
pub(crate) async fn change(
    app: &App,
    auth: AuthRequest<'_, ProfileWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    let input = fields.and_then(|fields| ChangeData::parse(fields, &app.settings));
    auth.input(input)
        .query(|table, user, body| addresses(table, user, body.password.is_some()))
        .respond(async |Authorized { caller, input: body, queried: addresses, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let change = UserChange {
                full_name: body.full_name(user)?,
                first_name: body.first_name.map(String::from),
                last_name: body.last_name.map(String::from),
                phone: body.phone.map(String::from),
                ..UserChange::default()
            };
            let write = match body.password {
                Some(password) => {
                    caller.require::<FullAccess>()?;
                    let password =
                        password.accept_for(&app.settings.service_name, user, &addresses)?;
                    if let Some(current) = &body.current_password {
                        // Boxed: the SDK's futures are large.
                        Box::pin(caller.verify_current_password(app, current)).await?;
                    }
                    let password = PasswordChange {
                        hash: password.hash()?,
                        revoke_keys: body.revoke_keys,
                        is_reused: password.is_reused_by(user)?,
                    };
                    app.table.change_password(&caller.actor(), user, &change, password)?
                }
                None => app.table.change_user(&caller.actor(), user, &change)?,
            };
            caller.commit(app, write, |user| http::ok_with_etag(&view(&user))).await
        })
        .await
}
