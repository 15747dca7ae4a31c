use lambda_http::{Body, Response};
use shared::auth::{Authorized, Credential, FullAccess};
use shared::e24::Success;
use shared::http::{self, Fields};
use shared::{App, Error, Result};

use crate::api_key::ApiKeyRef;
use crate::get::check_preconditions;
use crate::{AuthRequest, Empty};

/// `DELETE /v2/account/api`: an API key stops working at once. A key cannot delete itself.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(ApiKeyRef::parse))
        .respond(async |Authorized { caller, input: key, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let id = key.find(user)?.id;
            if matches!(caller.credential(), Credential::ApiKey(signer) if signer.key == id) {
                return Err(Error::Conflict(
                    "the API key that signed the request cannot be deleted",
                ));
            }
            let write = app.table.delete_api_key(&caller.actor(), user, id);
            caller.commit(app, write, |()| http::ok(&Success::new(Empty {}))).await
        })
        .await
}
