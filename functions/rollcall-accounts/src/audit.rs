use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::{AuditRead, Authorized};
use shared::http::{self, Query};
use shared::model::AuditLog;
use shared::rollcall::AuditRequest;
use shared::table::fetch;

use crate::{AuthRequest, account_id};

/// `GET /rollcall/v1/accounts/{id}/audit[?limit=…&cursor=…&action=…&actor=…&from=…&to=…]`: an admin
/// sees what was done to the account, newest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, AuditRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let input = query.and_then(|query| Ok((AuditRequest::parse(&query)?, account_id(id)?)));
    auth.input(input)
        .fetch(|(_, id)| fetch::account_access(*id))
        .query(|table, _, (request, id)| request.clone().read(table, AuditLog::Account(*id)))
        .respond(async |Authorized { fetched: access, queried: entries, .. }| {
            access.admin()?;
            http::ok(&entries)
        })
        .await
}
