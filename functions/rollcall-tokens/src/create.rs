use std::collections::BTreeSet;
use std::str::FromStr;

use lambda_http::{Body, Response};
use shared::auth::{Authorized, TokensWrite};
use shared::http::Fields;
use shared::model::{ParseError, Scope, Timestamp, parse_rfc3339, parse_shown};
use shared::table::{NewToken, fetch};
use shared::{App, Error, Result};

use crate::{AuthRequest, view};

/// The name of a token.
struct TokenName(String);

/// When a token expires. Whether that is in the future is checked later, so that a repeated request
/// stays the same.
struct Expiry(Timestamp);

impl FromStr for TokenName {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        parse_shown(raw, shared::limits::MAX_TOKEN_NAME).map(Self)
    }
}

impl FromStr for Expiry {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        parse_rfc3339(raw).map(Self)
    }
}

/// The body of `POST /rollcall/v1/tokens`.
fn parse_new_token(mut fields: Fields) -> Result<NewToken> {
    let (name, kind) = (fields.required::<TokenName>("name"), fields.required("kind"));
    // Responses show these two as `null`.
    fields.allow_null("scopes");
    fields.allow_null("expiresAt");
    let scopes = fields.optional_list("scopes").map(BTreeSet::<Scope>::from_iter);
    if scopes.as_ref().is_some_and(BTreeSet::is_empty) {
        fields.add_error("scopes", "must not be empty; without a list the token may do everything");
    }
    let expires_at = fields.optional::<Expiry>("expiresAt").map(|end| end.0);
    let body = || Some(NewToken { name: name?.0, kind: kind?, scopes, expires_at });
    fields.into_result(body())
}

/// `POST /rollcall/v1/tokens`: a token with no more permissions, and no later expiry, than the
/// credential that creates it.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, TokensWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(parse_new_token))
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, input: new, fetched: counts, .. }| {
            if new.expires_at.is_some_and(|end| end <= Timestamp::now()) {
                return Err(Error::invalid("expiresAt", "must be in the future"));
            }
            caller.check_delegation(new.scopes.as_ref(), new.expires_at)?;
            let (actor, user) = (caller.actor(), caller.user());
            let write = app.table.create_token(&actor, user, counts.as_ref(), new)?;
            caller.commit(app, write, |(credential, token)| view::created(&credential, token)).await
        })
        .await
}
