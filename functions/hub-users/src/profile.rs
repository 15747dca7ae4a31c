use lambda_http::{Body, Response};
use shared::auth::{Authorized, ProfileRead, ProfileWrite};
use shared::http::{self, Fields, Query};
use shared::model::{GravatarEmail, ProfileLine, ProfileUrl};
use shared::table::{UserChange, Versioned};
use shared::{App, PublicUrl, Result};

use crate::view::UserView;
use crate::{AuthRequest, require_self, user_by_name};

/// The body of `PATCH /api/v1.1/users/{username}/`; an absent field is not changed.
struct UpdateProfile(UserChange);

impl UpdateProfile {
    fn parse(mut fields: Fields) -> Result<Self> {
        let mut line = |name| fields.optional::<ProfileLine>(name).map(String::from);
        let change = UserChange {
            full_name: line("full_name"),
            location: line("location"),
            company: line("company"),
            profile_url: fields.optional::<ProfileUrl>("profile_url").map(String::from),
            gravatar_email: fields.optional::<GravatarEmail>("gravatar_email").map(String::from),
            ..UserChange::default()
        };
        fields.into_result(Some(Self(change)))
    }
}

/// `GET /api/v1.1/users/{username}/`: the caller's profile.
pub(crate) async fn get(
    auth: AuthRequest<'_, ProfileRead>,
    query: Result<Query<'_>>,
    name: &str,
    base_url: &PublicUrl,
) -> Result<Response<Body>> {
    auth.input(query)
        .fetch(|_| user_by_name(name))
        .respond(async |Authorized { caller, fetched: owner, .. }| {
            require_self(&caller, owner)?;
            http::ok_with_etag(&UserView::new((**caller.user()).clone(), base_url))
        })
        .await
}

/// `PATCH /api/v1.1/users/{username}/`: changes the fields in the body.
pub(crate) async fn update(
    app: &App,
    auth: AuthRequest<'_, ProfileWrite>,
    fields: Result<Fields>,
    name: &str,
    base_url: &PublicUrl,
) -> Result<Response<Body>> {
    let body = fields.and_then(UpdateProfile::parse);
    auth.input(body)
        .fetch(|_| user_by_name(name))
        .respond(
            async |Authorized { caller, input: UpdateProfile(change), fetched: owner, .. }| {
                require_self(&caller, owner)?;
                let caller = caller.check_if_match(|user| {
                    (UserView::new((**user).clone(), base_url), user.versions())
                })?;
                let write = app.table.change_user(&caller.actor(), caller.user(), &change)?;
                caller
                    .commit(app, write, |user| http::ok_with_etag(&UserView::new(user, base_url)))
                    .await
            },
        )
        .await
}
