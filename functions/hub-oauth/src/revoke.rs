use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::ClientCredential;
use shared::http::{self, ApiRequest};
use shared::model::Revocation;
use shared::{App, Result};

use crate::client::parse_token;

#[derive(Serialize)]
struct Revoked {}

/// `POST /api/v1.1/o/revoke_token/` (RFC 7009): revokes an access token alone, or with a refresh
/// token all tokens of its grant. A token that is unknown or another client's gets the same
/// response, and nothing is revoked. One of a disabled user is revoked too: the user may be enabled
/// again.
pub(crate) async fn revoke(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.fields();
    let credential = ClientCredential::from_request(request, &mut fields)?;
    let token = parse_token(fields);
    let presented = token.as_ref().ok().and_then(Option::as_ref);
    let client = credential.authenticate(app, presented).await?;
    if let (Some(token), Some(grant)) = (token?, client.grant()) {
        match grant.revoke(&token) {
            Some(Revocation::Grant) => app.table.delete_grant(&client.actor(), grant, None).await?,
            Some(Revocation::AccessToken { remaining }) => {
                app.table.delete_access(&client.actor(), grant, &remaining).await?;
            }
            None => {}
        }
    }
    http::ok(&Revoked {})
}
