use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::e24::{ApiKeyView, Success};
use shared::http::{self, Query};
use shared::model::ApiKey;
use shared::table::fetch;
use shared::{App, Result};

use crate::AuthRequest;
use crate::api_key::ApiKeyResponse;
use crate::get::check_preconditions;

/// `PUT /v2/account/api`: makes an API key. Its secret is shown this once.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, fetched: counts, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let service_key = app.service_keys.current().await?;
            let key = ApiKey::generate(&service_key)?;
            let api = ApiKeyView::new(&key, user.id, Some(key.secret(user.id, &service_key)?));
            let write = app.table.create_api_key(&caller.actor(), user, counts.as_ref(), key)?;
            caller.commit(app, write, |_| http::ok(&Success::new(ApiKeyResponse { api }))).await
        })
        .await
}
