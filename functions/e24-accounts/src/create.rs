use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess};
use shared::e24::{Name, NewSecrets, Phone, Success, UserView};
use shared::http::{self, Fields};
use shared::model::{ApiKey, EmailAddress, S3Key, UserId, Username};
use shared::password::{AcceptedPassword, NewPassword};
use shared::service_key::ServiceKey;
use shared::table::{FreeNames, NewUser, fetch, require_current_account};
use shared::{App, Error, Result, Settings};

use crate::AuthRequest;

/// The body of `PUT /v2/accounts`. It has no `Debug`: the password must not be logged.
struct CreateUser {
    email: EmailAddress,
    first_name: Name,
    last_name: Name,
    phone: Option<Phone>,
    password: AcceptedPassword,
    /// The username, or the one to derive it from.
    names: FreeNames,
}

impl CreateUser {
    fn parse(mut fields: Fields, settings: &Settings) -> Result<Self> {
        let service = &settings.service_name;
        let email = fields.required("email");
        let (first_name, last_name) = (fields.required("first_name"), fields.required("last_name"));
        let phone = fields.optional_text_or_number("phone");
        let (password, username) = (fields.required("password"), fields.optional("username"));
        let names =
            email.as_ref().map(|email| names(username, email, service.as_str())).transpose()?;
        let password = password.zip(names.as_ref().zip(email.as_ref()));
        let password = password.and_then(|(password, (names, email)): (NewPassword, _)| {
            let accepted = password.accept(service, &names.username, [email]);
            accepted.map_err(|problem| fields.add_error("password", problem)).ok()
        });
        let body = || {
            Some(Self {
                email: email?,
                first_name: first_name?,
                last_name: last_name?,
                phone,
                password: password?,
                names: names?,
            })
        };
        fields.into_result(body())
    }

    /// The user with a new API key and a new S3 key, and the secrets of these.
    fn into_user(self, username: Username, key: &ServiceKey) -> Result<(NewUser, NewSecrets)> {
        let id = UserId::generate();
        let (api_key, s3_key) = (ApiKey::generate(key)?, S3Key::generate(key)?);
        let secrets = NewSecrets { api: api_key.secret(id, key)?, s3: s3_key.secret(id, key)? };
        let new = NewUser {
            id,
            password_hash: Some(self.password.hash()?),
            username_is_derived: self.names.is_derived,
            full_name: format!("{} {}", self.first_name, self.last_name),
            first_name: Some(self.first_name.into()),
            last_name: Some(self.last_name.into()),
            phone: self.phone.map(String::from).unwrap_or_default(),
            api_keys: vec![api_key],
            s3_key: Some(s3_key),
            ..NewUser::new(username, self.email)
        };
        Ok((new, secrets))
    }
}

/// Fetches the username, which must be free if the request names it.
fn names(
    username: Option<Username>,
    email: &EmailAddress,
    service_name: &str,
) -> Result<FreeNames> {
    match username {
        Some(username) => Ok(fetch::exact_username(username, service_name)),
        None => Ok(fetch::derived_username(Username::derived_from(email)?, service_name)),
    }
}

#[derive(Serialize)]
struct Created {
    user: UserView,
}

/// `PUT /v2/accounts`: an admin of the current account creates a user, who becomes a member of it.
/// The secrets of the new keys are shown only in this response.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(|fields| CreateUser::parse(fields, &app.settings)))
        .fetch(|body| body.names.clone())
        .respond(async |Authorized { caller, input: body, fetched: names, .. }| {
            let current = require_current_account(caller.user())?;
            let access = app.table.access(caller.user().id, current).await?;
            access.role()?;
            let admin = access.admin()?;
            let (username, slug) = names.ok_or(Error::Conflict("the username is taken"))?;
            let key = app.service_keys.current().await?;
            let (new, secrets) = body.into_user(username, &key)?;
            let new = NewUser { member_of: Some(admin), ..new };
            let write = app.table.create_user_with(&caller.actor(), new, slug)?;
            let view = |user| Success::new(Created { user: UserView::new(&user, Some(secrets)) });
            caller.commit(app, write, |user| http::ok(&view(user))).await
        })
        .await
}
