use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::e24::{ApiKeyView, Success};
use shared::http::{self, Fields};
use shared::table::fetch;
use shared::{App, Result};

use crate::AuthRequest;
use crate::api_key::{ApiKeyRef, ApiKeyResponse};
use crate::get::check_preconditions;

/// `POST /v2/account/api-new-secret-key`: gives an API key a new secret, which only this response
/// shows. The old one stops working at once.
pub(crate) async fn renew(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(ApiKeyRef::parse))
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, input: key, fetched: counts, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let service_key = app.service_keys.current().await?;
            let key = key.find(user)?.renewed(&service_key)?;
            let api = ApiKeyView::new(&key, user.id, Some(key.secret(user.id, &service_key)?));
            let write = app.table.renew_api_key(&caller.actor(), user, counts.as_ref(), key)?;
            caller.commit(app, write, |_| http::ok(&Success::new(ApiKeyResponse { api }))).await
        })
        .await
}
