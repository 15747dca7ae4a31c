use std::time::Duration;

use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess, TokensWrite};
use shared::http::Fields;
use shared::table::{Versioned, fetch};
use shared::{App, Result};

use crate::view::{self, TokenView};
use crate::{AuthRequest, active_token, token_id};

/// The longest overlap: 30 days, in seconds.
const MAX: u64 = shared::lifetimes::MAX_ROTATION_OVERLAP;

/// The body of `POST /rollcall/v1/tokens/{id}/rotate`: for how long the old token works beside the
/// new one.
fn overlap(mut fields: Fields) -> Result<Duration> {
    let seconds = fields.optional_number("overlapSeconds", 0..=MAX).unwrap_or_default();
    fields.into_result(Some(Duration::from_secs(seconds)))
}

/// `POST /rollcall/v1/tokens/{id}/rotate`: a new token with the same name, scopes and expiry
/// replaces an old one. A token with a list of scopes can rotate only itself, and no credential
/// gets more permissions or a later expiry.
pub(crate) async fn rotate(
    app: &App,
    auth: AuthRequest<'_, TokensWrite>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    let input = fields.and_then(overlap).and_then(|overlap| Ok((token_id(id)?, overlap)));
    auth.input(input)
        .fetch(|(id, _)| fetch::both(fetch::token(*id), fetch::counts()))
        .respond(async |Authorized { caller, input: (id, overlap), fetched, .. }| {
            let (fetched, counts) = fetched;
            let old = active_token(&caller, fetched)?;
            if caller.token().is_none_or(|token| token.id != id) {
                caller.require::<FullAccess>()?;
            }
            caller.check_delegation(old.scopes.as_ref(), old.expires_at)?;
            let caller =
                caller.check_if_match(|_| (TokenView::from((*old).clone()), old.versions()))?;
            let (actor, user) = (caller.actor(), caller.user());
            let write = app.table.rotate_token(&actor, user, counts.as_ref(), &old, overlap)?;
            caller.commit(app, write, |(credential, new)| view::created(&credential, new)).await
        })
        .await
}
