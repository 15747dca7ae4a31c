use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::{AuditRead, Authorized};
use shared::http::{self, Query};
use shared::model::AuditLog;
use shared::rollcall::AuditRequest;

use crate::AuthRequest;

/// `GET /rollcall/v1/users/self/audit[?limit=…&cursor=…&action=…&actor=…&from=…&to=…]`: what was done
/// to the caller and what belongs to it, newest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, AuditRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| AuditRequest::parse(&query)))
        .query(|table, user, request| request.clone().read(table, AuditLog::User(user)))
        .respond(async |Authorized { queried: entries, .. }| http::ok(&entries))
        .await
}
