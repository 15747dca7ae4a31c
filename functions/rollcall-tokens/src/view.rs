use std::collections::BTreeSet;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::Result;
use shared::http;
use shared::model::{MakerId, Scope, TokenCredential, TokenId, TokenKind, UserToken, UtcMillis};

/// The fields that every response shows; `null` stands for all scopes, for no expiry, and for a
/// token that no other credential made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    id: TokenId,
    name: String,
    kind: TokenKind,
    scopes: Option<BTreeSet<Scope>>,
    created_at: UtcMillis,
    expires_at: Option<UtcMillis>,
    made_by: Option<MakerId>,
}

/// A token as it is shown at any time.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenView {
    #[serde(flatten)]
    description: Description,
    last_used_at: Option<UtcMillis>,
}

impl From<UserToken> for TokenView {
    fn from(token: UserToken) -> Self {
        let UserToken {
            id,
            name,
            kind,
            scopes,
            created_at,
            expires_at,
            last_used_at,
            user: _,
            secret_hash: _,
            epoch: _,
            rotated_to: _,
            root: _,
            lineage,
        } = token;
        let description = Description {
            id,
            name,
            kind,
            scopes,
            created_at: created_at.into(),
            expires_at: expires_at.map(UtcMillis::from),
            made_by: lineage.made_by,
        };
        Self { description, last_used_at: last_used_at.map(UtcMillis::from) }
    }
}

/// A new token, with the credential itself.
#[derive(Serialize)]
struct NewTokenView {
    #[serde(flatten)]
    description: Description,
    token: String,
}

/// Status 201 with a new token: the one response that shows the credential.
pub(crate) fn created(credential: &TokenCredential, token: UserToken) -> Result<Response<Body>> {
    let TokenView { description, last_used_at: _ } = token.into();
    let location = format!("/rollcall/v1/tokens/{}", description.id);
    http::created(&NewTokenView { description, token: credential.reveal() }, Some(&location))
}
