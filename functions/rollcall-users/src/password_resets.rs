use lambda_http::{Body, Response};
use shared::http::{self, ApiRequest, Fields};
use shared::password::NewPassword;
use shared::{App, Result, self_service};

/// The body of `POST /rollcall/v1/password-resets/{token}`: the password, and whether API keys,
/// environment tokens and SSH keys stay.
fn new_password(mut fields: Fields) -> Result<(NewPassword, bool)> {
    let password = fields.required("password");
    let keeps_keys = fields.optional_bool("keepApiKeys").unwrap_or_default();
    fields.into_result(password.map(|password| (password, keeps_keys)))
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
    let new = request.json().and_then(new_password);
    self_service::reset_password(app, request, token, new).await?;
    http::no_content()
}
