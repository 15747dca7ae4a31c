use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess};
use shared::e24::{FilesView, Success};
use shared::http::{self, Query};
use shared::model::S3Key;
use shared::{App, Result};

use crate::AuthRequest;
use crate::get::check_preconditions;

#[derive(Serialize)]
struct FilesResponse {
    e24files: FilesView,
}

/// `POST /v2/account/files-new-secret-key`: gives the S3 key a new secret, which only this response
/// shows.
pub(crate) async fn renew(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let service_key = app.service_keys.current().await?;
            let key = S3Key::with_new_secret(user.id, user.s3_key.as_ref(), &service_key)?;
            let secret = key.secret(user.id, &service_key)?;
            let e24files = FilesView::new(user.id, Some(&key), Some(secret));
            let write = app.table.replace_s3_key(&caller.actor(), user, key)?;
            caller.commit(app, write, |_| http::ok(&Success::new(FilesResponse { e24files }))).await
        })
        .await
}
