use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess, TokensRead};
use shared::http::{self, Query};
use shared::model::{ApiKey, ApiKeyId};
use shared::rollcall::{Page, Place};
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::AuthRequest;
use crate::view::{ApiKeyView, NewApiKeyView};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApiKeys {
    api_keys: Vec<ApiKeyView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<Place>,
}

const UNKNOWN: Error = Error::NotFound("API key");

/// `GET /rollcall/v1/users/self/api-keys[?limit=…&cursor=…]`: the caller's API keys, oldest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::<Place>::parse(&query)))
        .respond(async |Authorized { caller, input: page, .. }| {
            let user = caller.user();
            let place = |key: &&ApiKey| Place::new(user.id, key.created_at, &key.id);
            let (keys, next_cursor) = page.of(user.api_keys.values(), place);
            let api_keys = keys.into_iter().map(|key| ApiKeyView::new(key, user.id)).collect();
            http::ok(&ApiKeys { api_keys, next_cursor })
        })
        .await
}

/// `POST /rollcall/v1/users/self/api-keys`: makes an API key. Its secret is shown this once.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, fetched: counts, .. }| {
            let user = caller.user();
            let service_key = app.service_keys.current().await?;
            let key = ApiKey::generate(&service_key)?;
            let (owner, id, secret) = (user.id, key.id, key.secret(user.id, &service_key)?);
            let location = format!("/rollcall/v1/users/self/api-keys/{id}");
            let write = app.table.create_api_key(&caller.actor(), user, counts.as_ref(), key)?;
            let view =
                |key| http::created(&NewApiKeyView::new(&key, owner, secret), Some(&location));
            caller.commit(app, write, view).await
        })
        .await
}

/// `DELETE /rollcall/v1/users/self/api-keys/{id}`: the key stops working with the next request.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| http::parse_segment::<ApiKeyId>(id).ok_or(UNKNOWN)))
        .respond(async |Authorized { caller, input: id, .. }| {
            let user = caller.user();
            if !user.api_keys.contains_key(&id.to_string()) {
                return Err(UNKNOWN);
            }
            let write = app.table.delete_api_key(&caller.actor(), user, id);
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
