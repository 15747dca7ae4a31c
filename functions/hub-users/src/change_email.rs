use lambda_http::{Body, Response};
use shared::auth::{Authorized, EmailWrite};
use shared::http::{self, Fields};
use shared::model::{Email, EmailAddress};
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::emails::conflict_of;
use crate::view::EmailView;
use crate::{AuthRequest, require_self, user_by_name};

/// The body of `PATCH /api/v1.1/users/{username}/emails/`.
struct ChangeEmail {
    email: EmailAddress,
    verified: bool,
    primary: bool,
}

impl ChangeEmail {
    fn parse(mut fields: Fields) -> Result<Self> {
        let email = fields.required("email");
        let is_given = fields.has("verified") || fields.has("primary");
        let (verified, primary) =
            (fields.optional_true("verified"), fields.optional_true("primary"));
        if !is_given {
            for name in ["verified", "primary"] {
                fields.add_error(name, "must be true; verified and primary cannot both be absent");
            }
        }
        fields.into_result(email.map(|email| Self { email, verified, primary }))
    }
}

/// `PATCH /api/v1.1/users/{username}/emails/`: marks an address as verified, or primary, or both.
pub(crate) async fn change(
    app: &App,
    auth: AuthRequest<'_, EmailWrite>,
    fields: Result<Fields>,
    name: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(ChangeEmail::parse);
    auth.input(body)
        .fetch(|body| fetch::both(user_by_name(name), fetch::email(body.email.clone())))
        .respond(async |Authorized { caller, input: body, fetched: (owner, email), .. }| {
            require_self(&caller, owner)?;
            let email = email.ok_or(Error::NotFound("e-mail address"))?;
            let user = caller.user();
            let (actor, verified, primary) = (caller.actor(), body.verified, body.primary);
            let write = app.table.change_email(&actor, user, email, verified, primary);
            let write = write.map_err(|error| conflict_of("primary", error))?;
            let mut after = (**user).clone();
            let view = |email: Email| {
                if body.primary {
                    after.primary_email = email.address.clone();
                }
                http::ok(&EmailView::new(&email, &after))
            };
            caller.commit(app, write, view).await
        })
        .await
}
