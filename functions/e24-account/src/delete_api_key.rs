use lambda_http::{Body, Response};
use shared::auth::{Credential, Unrestricted};
use shared::e24::Success;
use shared::http::{self, Fields};
use shared::table::{ApiKeyChange, UserChange};
use shared::{App, Error, Result};

use crate::api_key::Named;
use crate::get::as_demanded;
use crate::{Asked, Done};

/// `DELETE /v2/account/api`: an API key stops working at once. A key cannot delete itself.
pub(crate) async fn delete(
    app: &App,
    asked: Asked<'_, Unrestricted>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    let (caller, named, ()) = asked.with(fields.and_then(Named::read), |_| ()).await?;
    let caller = as_demanded(caller)?;
    let user = caller.user();
    let id = named.of(user)?.id;
    if matches!(caller.credential(), Credential::Key(signer) if *signer == id) {
        return Err(Error::Conflict("the API key that signed the request cannot be deleted"));
    }
    let change = UserChange { api_key: Some(ApiKeyChange::Remove(id)), ..UserChange::default() };
    let write = app.table.change_user(user, caller.token_id(), &change)?;
    caller.settle(app, write, |_| http::ok(&Success::of(Done {}))).await
}
