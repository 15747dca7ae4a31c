use lambda_http::{Body, Response};
use shared::auth::{Authorized, Caller, FullAccess};
use shared::http::{self, Fields};
use shared::password::NewPassword;
use shared::table::{PasswordChange, UserChange};
use shared::{App, Error, Result};

use crate::AuthRequest;

/// The body of `PUT /rollcall/v1/users/self/password`. Without `Debug`, since passwords must not be
/// logged.
struct SetPassword {
    current: Option<String>,
    new: NewPassword,
    /// Whether API keys, environment tokens, SSH keys and passkeys end with the old password.
    revoke_keys: bool,
}

impl SetPassword {
    fn parse(mut fields: Fields) -> Result<Self> {
        let current = fields.optional("currentPassword");
        let new = fields.required("password");
        let revoke_keys = fields.optional_bool("revokeKeys").unwrap_or_default();
        fields.into_result(new.map(|new| Self { current, new, revoke_keys }))
    }

    /// Verifies the current password, unless the user has none.
    async fn verify_current(&self, app: &App, caller: &Caller<FullAccess>) -> Result<()> {
        if caller.user().password_hash.is_none() {
            return Ok(());
        }
        let current = self.current.as_deref();
        let current = current.ok_or_else(|| Error::invalid("currentPassword", "is required"))?;
        // Boxed: the SDK's futures are large.
        Box::pin(caller.verify_current_password(app, current)).await
    }
}

/// `PUT /rollcall/v1/users/self/password`: sets the caller's password. It revokes the caller's OAuth
/// grants and user tokens, except the presented one, and on request the keys. The first one that the
/// caller sets in place of somebody else's revokes all credentials.
pub(crate) async fn set(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(SetPassword::parse))
        .query(|table, user, _| table.emails(user))
        .respond(async |Authorized { caller, input: body, queried: addresses, .. }| {
            let user = caller.user();
            let new = body.new.accept_for(&app.settings.service_name, user, &addresses)?;
            body.verify_current(app, &caller).await?;
            let change = PasswordChange {
                hash: new.hash()?,
                revoke_keys: body.revoke_keys,
                is_reused: new.is_reused_by(user)?,
            };
            let unchanged = UserChange::default();
            let write = app.table.change_password(&caller.actor(), user, &unchanged, change)?;
            caller.commit(app, write, |_| http::no_content()).await
        })
        .await
}
