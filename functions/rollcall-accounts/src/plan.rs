use lambda_http::{Body, Response};
use shared::auth::{AccountRead, Authorized};
use shared::http::{self, Query};
use shared::table::fetch;
use shared::{App, Result};

use crate::{AuthRequest, account_id};

/// `GET /rollcall/v1/accounts/{id}/plan`: any member sees what the account may use.
pub(crate) async fn get(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| account_id(id)))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { fetched: access, .. }| {
            http::ok_with_etag(&app.table.plan(access.member()?.plan).await?)
        })
        .await
}
