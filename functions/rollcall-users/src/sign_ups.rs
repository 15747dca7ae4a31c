use lambda_http::{Body, Response};
use serde::Serialize;
use shared::http::{self, ApiRequest, Fields};
use shared::model::EmailAddress;
use shared::self_service::{self, SignUpDetails};
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
    let details = request.json().and_then(SignUpDetails::read);
    let user = self_service::sign_up(app, request, token, details).await?;
    http::created(&UserView::from(&user), Some("/rollcall/v1/users/self"))
}
