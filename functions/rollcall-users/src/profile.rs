use lambda_http::{Body, Response};
use shared::auth::{Authorized, ProfileRead, ProfileWrite};
use shared::http::{self, Fields, Query};
use shared::limits::{MAX_FULL_NAME, MAX_PHONE};
use shared::model::{GravatarEmail, OptionalText, ProfileLine, ProfileUrl};
use shared::table::{UserChange, Versioned};
use shared::{App, Result};

use crate::AuthRequest;
use crate::view::UserView;

/// The body of `PATCH /rollcall/v1/users/self`; an absent field is not changed. Fields that nobody
/// can change are ignored, so that a response may be sent back.
fn changes(mut fields: Fields) -> Result<UserChange> {
    let name = fields.optional::<OptionalText<MAX_FULL_NAME>>("name");
    let profile = fields.optional_object("profile", |profile| UserChange {
        location: profile.optional::<ProfileLine>("location").map(String::from),
        company: profile.optional::<ProfileLine>("company").map(String::from),
        profile_url: profile.optional::<ProfileUrl>("url").map(String::from),
        gravatar_email: profile.optional::<GravatarEmail>("gravatarEmail").map(String::from),
        phone: profile.optional::<OptionalText<MAX_PHONE>>("phone").map(String::from),
        ..UserChange::default()
    });
    let full_name = name.map(String::from);
    fields.into_result(Some(UserChange { full_name, ..profile.unwrap_or_default() }))
}

/// `GET /rollcall/v1/users/self`: the caller.
pub(crate) async fn get(
    auth: AuthRequest<'_, ProfileRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            http::ok_with_etag(&UserView::from(&**caller.user()))
        })
        .await
}

/// `PATCH /rollcall/v1/users/self`: changes the caller's name and profile.
pub(crate) async fn update(
    app: &App,
    auth: AuthRequest<'_, ProfileWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(changes))
        .respond(async |Authorized { caller, input: change, .. }| {
            let caller =
                caller.check_if_match(|user| (UserView::from(&**user), user.versions()))?;
            let write = app.table.change_user(&caller.actor(), caller.user(), &change)?;
            caller.commit(app, write, |user| http::ok_with_etag(&UserView::from(&user))).await
        })
        .await
}
