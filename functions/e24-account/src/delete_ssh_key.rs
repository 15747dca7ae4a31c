use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::e24::Success;
use shared::http::{self, Query};
use shared::{App, Result};

use crate::get::check_preconditions;
use crate::{AuthRequest, Empty};

/// `DELETE /v2/account/{ssh_id}/sshkey`. A malformed id is an unknown one.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            let caller = check_preconditions(caller)?;
            let write = app.table.delete_ssh_key(&caller.actor(), caller.user(), id)?;
            caller.commit(app, write, |()| http::ok(&Success::new(Empty {}))).await
        })
        .await
}
