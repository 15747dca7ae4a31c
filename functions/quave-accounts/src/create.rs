use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, AuthRequest, Authorized};
use shared::http::{self, Fields};
use shared::model::{AccountId, AccountName};
use shared::registry::{RegistryFieldNames, RegistryFields};
use shared::seal::SealPublicKey;
use shared::table::{NewAccount, fetch};
use shared::{App, Result};

const REGISTRY: RegistryFieldNames =
    ["registryServer", "registryEmail", "registryUsername", "registryPassword"];

/// The body of `POST /api/public/v1/account`.
struct CreateAccount {
    name: AccountName,
    registry: Option<RegistryFields>,
}

impl CreateAccount {
    fn parse(mut fields: Fields) -> Result<Self> {
        let name = fields.required("name");
        let registry = RegistryFields::optional(&mut fields, REGISTRY);
        fields.into_result(name.map(|name| Self { name, registry }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    account_id: AccountId,
}

/// `POST /api/public/v1/account`: the caller becomes the new account's owner and admin.
pub(crate) async fn create(
    app: &App,
    sealing: &SealPublicKey,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    let body = fields.and_then(CreateAccount::parse);
    auth.input(body)
        .fetch(|body| fetch::both(fetch::free_slug(body.name.clone()), fetch::counts()))
        .respond(async |Authorized { caller, input: body, fetched: (slug, counts), .. }| {
            let registry = body.registry.map(|fields| fields.sealed(sealing)).transpose()?;
            let account = NewAccount { name: body.name, contact_email: None, registry };
            let (actor, user) = (caller.actor(), caller.user());
            let write =
                app.table.create_account(&actor, account, slug, user, counts.as_ref()).await?;
            caller
                .commit(app, write, |created| http::ok(&Created { account_id: created.account.id }))
                .await
        })
        .await
}
