use std::time::Duration;

use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::{FullAccess, TokensWrite};
use shared::http::Fields;
use shared::table::Versioned;

use crate::view::{self, TokenView};
use crate::{App, AuthRequest, token_id, working};

/// The longest overlap: 30 days, in seconds.
const MAX: u64 = shared::lifetimes::MAX_ROTATION_OVERLAP;

/// The body of `POST /rollcall/v1/tokens/{id}/rotate`: for how long the old token works beside the new one.
fn overlap(mut fields: Fields) -> Result<Duration> {
    let seconds = fields.optional_number("overlapSeconds", 0..=MAX).unwrap_or_default();
    fields.finish(Some(Duration::from_secs(seconds)))
}

/// `POST /rollcall/v1/tokens/{id}/rotate`: a new token of the same name, scopes and end takes the place of an old one. A
/// token with a list of scopes rotates itself alone, and none gets one that could do more, or for longer.
pub(crate) async fn rotate(
    app: &App,
    auth: AuthRequest<'_, TokensWrite>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    let input = fields.and_then(overlap).and_then(|overlap| Ok((token_id(id)?, overlap)));
    let (caller, (id, overlap), found) = auth.with(input, |(id, _)| *id).await?;
    let old = working(&caller, found)?;
    if caller.token().is_none_or(|token| token.id != id) {
        caller.require::<FullAccess>()?;
    }
    caller.check_delegation(old.scopes.as_ref(), old.expires_at)?;
    let caller = caller.check_if_match(|_| (TokenView::from((*old).clone()), old.versions()))?;
    let write = app.table.rotate_token(&caller.actor(), caller.user(), &old, overlap)?;
    caller.commit(app, write, |(credential, new)| view::created(&credential, new)).await
}
