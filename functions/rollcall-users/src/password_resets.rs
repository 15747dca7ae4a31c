use lambda_http::{Body, Response};
use shared::http::{self, ApiRequest, Fields};
use shared::self_service::{self, PasswordResetDetails};
use shared::{App, Result};

/// The body of `POST /rollcall/v1/password-resets/{token}`.
fn details(mut fields: Fields) -> Result<PasswordResetDetails> {
    let password = fields.required("password");
    let keeps_keys = fields.optional_bool("keepApiKeys").unwrap_or_default();
    let code = fields.optional("code");
    let details = password.map(|password| PasswordResetDetails { password, keeps_keys, code });
    fields.into_result(details)
}

/// `POST /rollcall/v1/password-resets`: sends a link to whom the name belongs to, if they have
/// proved an address.
pub(crate) async fn request(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let name = request.json().and_then(self_service::reset_name)?;
    self_service::request_password_reset(app, request, name.as_str()).await?;
    http::accepted()
}

/// `POST /rollcall/v1/password-resets/{token}`: sets the password.
pub(crate) async fn complete(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let new = request.json().and_then(details);
    self_service::reset_password(app, request, token, new).await?;
    http::no_content()
}
