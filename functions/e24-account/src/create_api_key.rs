use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::e24::{ApiKeyView, Success};
use shared::http::{self, Query};
use shared::model::ApiKey;
use shared::table::{ApiKeyChange, UserChange};
use shared::{App, Error, Result};

use crate::AuthRequest;
use crate::api_key::ApiKeyResponse;
use crate::get::check_preconditions;

/// The maximum number of API keys of a user.
const MAX: usize = shared::limits::MAX_API_KEYS;

/// `PUT /v2/account/api`: makes an API key. Its secret is shown this once.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            if user.api_keys.len() >= MAX {
                return Err(Error::Conflict("a user can have at most 20 API keys"));
            }
            let service_key = app.service_keys.current().await?;
            let key = ApiKey::generate(&service_key)?;
            let api = ApiKeyView::new(&key, user.id, Some(key.secret(user.id, &service_key)?));
            let change =
                UserChange { api_key: Some(ApiKeyChange::Put(key)), ..UserChange::default() };
            let write = app.table.change_user(&caller.actor(), user, &change)?;
            caller.commit(app, write, |_| http::ok(&Success::new(ApiKeyResponse { api }))).await
        })
        .await
}
