use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess};
use shared::e24::{Name, NewSecrets, Phone, Success, UserView};
use shared::http::{self, Fields};
use shared::model::{ApiKey, EmailAddress, S3Key, UserId, Username};
use shared::password::NewPassword;
use shared::service_key::ServiceKey;
use shared::table::{FreeNames, NewUser};
use shared::{App, Error, Result};

use crate::AuthRequest;

/// The body of `PUT /v2/accounts`. It has no `Debug`: the password must not be logged.
struct CreateUser {
    email: EmailAddress,
    first_name: Name,
    last_name: Name,
    phone: Option<Phone>,
    password: NewPassword,
    /// Derived from the address if none is wished for.
    username: Option<Username>,
}

impl CreateUser {
    fn parse(mut fields: Fields) -> Result<Self> {
        let email = fields.required("email");
        let (first_name, last_name) = (fields.required("first_name"), fields.required("last_name"));
        let phone = fields.optional_text_or_number("phone");
        let (password, username) = (fields.required("password"), fields.optional("username"));
        let body = || {
            Some(Self {
                email: email?,
                first_name: first_name?,
                last_name: last_name?,
                phone,
                password: password?,
                username,
            })
        };
        fields.into_result(body())
    }

    fn names(&self) -> Result<FreeNames> {
        match &self.username {
            Some(username) => Ok(FreeNames { username: username.clone(), is_derived: false }),
            None => {
                Ok(FreeNames { username: Username::derived_from(&self.email)?, is_derived: true })
            }
        }
    }
}

#[derive(Serialize)]
struct Created {
    user: UserView,
}

/// `PUT /v2/accounts`: an admin of its current account makes a user, who also becomes a member of it. The secrets of
/// the new keys are shown this once.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    let input = fields.and_then(CreateUser::parse).and_then(|body| Ok((body.names()?, body)));
    auth.input(input)
        .fetch(|(names, _)| names.clone())
        .respond(async |Authorized { caller, input: (_, body), fetched: names, .. }| {
            let current = caller
                .user()
                .current_account
                .ok_or(Error::Forbidden("you have no usable current account"))?;
            let access = app.table.access(caller.user().id, current).await?;
            access.role()?;
            let member_of = Some(access.admin()?);
            let (username, slug) = names.ok_or(Error::Conflict("the username is taken"))?;

            let id = UserId::generate();
            let key = app.service_keys.current().await?;
            let (api_key, s3_key) = (ApiKey::generate(&key)?, S3Key::generate(&key)?);
            let secrets = secrets(id, &api_key, &s3_key, &key)?;
            let new = NewUser {
                id,
                password_hash: Some(body.password.hash()?),
                username_is_derived: body.username.is_none(),
                full_name: format!("{} {}", body.first_name, body.last_name),
                first_name: Some(body.first_name.to_string()),
                created_by_token: caller.token_id(),
                phone: body.phone.map(String::from).unwrap_or_default(),
                api_keys: vec![api_key],
                s3_key: Some(s3_key),
                member_of,
                ..NewUser::named(username, body.email)
            };
            let write = app.table.create_user_with(new, slug)?;
            let view = |user| Success::of(Created { user: UserView::of(&user, Some(secrets)) });
            caller.commit(app, write, |user| http::ok(&view(user))).await
        })
        .await
}

fn secrets(
    owner: UserId,
    api_key: &ApiKey,
    s3_key: &S3Key,
    key: &ServiceKey,
) -> Result<NewSecrets> {
    Ok(NewSecrets { api: api_key.secret(owner, key)?, s3: s3_key.secret(owner, key)? })
}
