use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::e24::Success;
use shared::http::{self, Query};
use shared::table::UserChange;
use shared::{App, Error, Result};

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
            let mut keys = caller.user().ssh_keys.clone();
            let place = keys.iter().position(|key| key.id.to_string() == id);
            keys.remove(place.ok_or(Error::NotFound("SSH key"))?);
            let change = UserChange { ssh_keys: Some(keys), ..UserChange::default() };
            let write = app.table.change_user(&caller.actor(), caller.user(), &change)?;
            caller.commit(app, write, |_| http::ok(&Success::new(Empty {}))).await
        })
        .await
}
