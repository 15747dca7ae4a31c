use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess, TokensRead};
use shared::http::{self, Fields, Query};
use shared::model::SshKey;
use shared::openssh::{KeyName, PublicKey};
use shared::rollcall::{Page, Place};
use shared::{App, Result};

use crate::AuthRequest;
use crate::view::SshKeyView;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SshKeys {
    ssh_keys: Vec<SshKeyView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<Place>,
}

/// The body of `POST /rollcall/v1/users/self/ssh-keys`.
fn new_key(mut fields: Fields) -> Result<(KeyName, PublicKey)> {
    let (name, public) = (fields.required("name"), fields.required("publicKey"));
    fields.into_result(name.zip(public))
}

/// `GET /rollcall/v1/users/self/ssh-keys[?limit=…&cursor=…]`: the caller's SSH keys, oldest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::<Place>::parse(&query)))
        .respond(async |Authorized { caller, input: page, .. }| {
            let user = caller.user();
            let place = |key: &&SshKey| Place::new(user.id, key.created_at, &key.id);
            let (keys, next_cursor) = page.of(&user.ssh_keys, place);
            let ssh_keys = keys.into_iter().cloned().map(SshKeyView::from).collect();
            http::ok(&SshKeys { ssh_keys, next_cursor })
        })
        .await
}

/// `POST /rollcall/v1/users/self/ssh-keys`: adds a public key.
pub(crate) async fn add(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(new_key))
        .respond(async |Authorized { caller, input: (name, public), .. }| {
            let user = caller.user();
            let key = public.to_stored(name, user)?;
            let location = format!("/rollcall/v1/users/self/ssh-keys/{}", key.id);
            let write = app.table.add_ssh_key(&caller.actor(), user, key)?;
            let view = |key| http::created(&SshKeyView::from(key), Some(&location));
            caller.commit(app, write, view).await
        })
        .await
}

/// `DELETE /rollcall/v1/users/self/ssh-keys/{id}`. A malformed id is an unknown one.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            let write = app.table.delete_ssh_key(&caller.actor(), caller.user(), id)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
