use lambda_http::{Body, Response};
use serde::Serialize;
use shared::http::{self, ApiRequest, Fields};
use shared::limits::MAX_FULL_NAME;
use shared::model::{EmailAddress, OptionalText};
use shared::self_service::{self, NewIdentity};
use shared::{App, Result};

use crate::view::UserView;

/// What a link signs up with.
#[derive(Serialize)]
struct SignUpView {
    email: String,
}

/// The body of `POST /rollcall/v1/sign-ups`.
fn address(mut fields: Fields) -> Result<EmailAddress> {
    let email = fields.required("email");
    fields.into_result(email)
}

/// The body of `POST /rollcall/v1/sign-ups/{token}`.
fn identity(mut fields: Fields) -> Result<NewIdentity> {
    let username = fields.required("username");
    let name = fields.optional::<OptionalText<MAX_FULL_NAME>>("name");
    let password = fields.required("password");
    let full_name = name.map(String::from).unwrap_or_default();
    let identity = username.zip(password);
    let identity =
        identity.map(|(username, password)| NewIdentity { username, full_name, password });
    fields.into_result(identity)
}

/// `POST /rollcall/v1/sign-ups`: sends a link to sign up to an address.
pub(crate) async fn request(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    self_service::check_sign_up(app)?;
    let address = request.json().and_then(address)?;
    self_service::request_sign_up(app, request, address).await?;
    http::accepted()
}

/// `GET /rollcall/v1/sign-ups/{token}`: what the link signs up with. It works on.
pub(crate) async fn get(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    request.query()?;
    let address = self_service::address_to_sign_up(app, token).await?;
    http::ok(&SignUpView { email: address.to_string() })
}

/// `POST /rollcall/v1/sign-ups/{token}`: makes the user, with the address, which is proved by it.
pub(crate) async fn complete(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let identity = request.json().and_then(identity);
    let user = self_service::sign_up(app, request, token, identity).await?;
    http::created(&UserView::from(&user), Some("/rollcall/v1/users/self"))
}
