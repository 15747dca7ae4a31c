use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, AccountWrite, Authorized};
use shared::http::{self, Fields, Query};
use shared::model::Registry;
use shared::registry::{RegistryFieldNames, RegistryFields};
use shared::seal::SealPublicKey;
use shared::table::{Versioned, fetch};
use shared::{App, Error, Result};

use crate::{AuthRequest, account_id};

const NAMES: RegistryFieldNames = ["server", "email", "username", "password"];

const NONE: Error = Error::NotFound("registry");

/// Access to a private registry, without the password, which nobody is shown.
#[derive(Serialize)]
struct RegistryView {
    server: String,
    email: String,
    username: String,
}

impl From<Registry> for RegistryView {
    fn from(Registry { server, email, username, password: _ }: Registry) -> Self {
        Self { server, email, username }
    }
}

fn registry(mut fields: Fields) -> Result<RegistryFields> {
    let registry = RegistryFields::required(&mut fields, NAMES);
    fields.into_result(registry)
}

/// `GET /rollcall/v1/accounts/{id}/registry`: an admin sees which registry the account has.
pub(crate) async fn get(
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| account_id(id)))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { fetched: access, .. }| {
            let registry = access.admin()?.account().registry.clone().ok_or(NONE)?;
            http::ok_with_etag(&RegistryView::from(registry))
        })
        .await
}

/// `PUT /rollcall/v1/accounts/{id}/registry`: an admin sets the registry, in the place of an earlier
/// one.
pub(crate) async fn set(
    app: &App,
    sealing: &SealPublicKey,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(registry).and_then(|registry| Ok((registry, account_id(id)?)));
    auth.input(body)
        .fetch(|(_, id)| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: (registry, _), fetched: access, .. }| {
            let admin = access.admin()?;
            let versions = admin.account().versions();
            let caller = match admin.account().registry.clone() {
                Some(own) => caller.check_if_match(|_| (RegistryView::from(own), versions)),
                None => caller.check_if_match_absent(versions),
            }?;
            let registry = registry.sealed(sealing)?;
            let write = app.table.set_registry(&caller.actor(), admin, Some(&registry))?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}

/// `DELETE /rollcall/v1/accounts/{id}/registry`: an admin takes the registry away.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| account_id(id)))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, fetched: access, .. }| {
            let admin = access.admin()?;
            let own = admin.account().registry.clone().ok_or(NONE)?;
            let versions = admin.account().versions();
            let caller = caller.check_if_match(|_| (RegistryView::from(own), versions))?;
            let write = app.table.set_registry(&caller.actor(), admin, None)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
