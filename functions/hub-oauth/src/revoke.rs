use lambda_http::{Body, Response};
use serde::Serialize;
use shared::http::{self, ApiRequest};
use shared::model::GrantTokenKind;
use shared::{App, Result};

use crate::client::{ClientCredential, named_token};

#[derive(Serialize)]
struct Revoked {}

/// `POST /api/v1.1/o/revoke_token/` (RFC 7009): an access token alone, or with a refresh token all that came from one
/// grant. A token that is unknown or another client's is answered the same, and nothing is done.
pub(crate) async fn revoke(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.fields();
    let client = ClientCredential::of(request, &mut fields)?;
    let token = named_token(fields);
    let named = token.as_ref().ok().and_then(Option::as_ref).map(|(_, token)| token);
    let proven = client.check(app, named).await?;
    if let (Some((part, token)), Some((_, grant))) = (token?, proven.grant())
        && let Some(refresh) = &grant.refresh
    {
        match part {
            GrantTokenKind::Refresh if token.is_in_family(&refresh.family_hash) => {
                app.table.delete_grant(&proven.actor(), grant).await?;
            }
            GrantTokenKind::Access
                if grant.access.iter().any(|access| token.matches(&access.secret_hash)) =>
            {
                app.table.delete_access(&proven.actor(), grant, &token).await?;
            }
            GrantTokenKind::Code | GrantTokenKind::Refresh | GrantTokenKind::Access => {}
        }
    }
    http::ok(&Revoked {})
}
