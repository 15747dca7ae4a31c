use lambda_http::{Body, Response};
use shared::auth::Unrestricted;
use shared::e24::{ApiKeyView, Success};
use shared::http::{self, Query};
use shared::model::ApiKey;
use shared::table::{ApiKeyChange, UserChange};
use shared::{Error, Result};

use crate::api_key::Shown;
use crate::{App, Asked};

/// The most API keys that a user can have.
const MOST: usize = 20;

/// `PUT /v2/account/api`: makes an API key. Its secret is shown this once.
pub(crate) async fn create(
    app: &App,
    asked: Asked<'_, Unrestricted>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let (caller, _, ()) = asked.with(query, |_| ()).await?;
    let user = caller.user();
    if user.api_keys.len() >= MOST {
        return Err(Error::Conflict("a user can have at most 20 API keys"));
    }
    let service_key = app.means.current().await?;
    let key = ApiKey::generate(&service_key)?;
    let api = ApiKeyView::of(&key, user.id, Some(key.secret(user.id, &service_key)?));
    let change = UserChange { api_key: Some(ApiKeyChange::Put(key)), ..UserChange::default() };
    app.table.change_user(user, caller.token_id(), change).await?;
    http::ok(&Success::of(Shown { api }))
}
