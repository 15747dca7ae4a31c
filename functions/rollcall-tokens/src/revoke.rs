use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::http::{self, Query};
use shared::model::{TokenId, UserId, UserToken};
use shared::table::{Table, Versioned, fetch};
use shared::{App, Result};

use crate::view::TokenView;
use crate::{AuthRequest, active_token, token_id};

/// Which token to revoke, and whether with all that came from it.
#[derive(Clone, Copy)]
struct Revocation {
    id: TokenId,
    with_descendants: bool,
}

impl Revocation {
    fn parse(query: &Query<'_>, id: &str) -> Result<Self> {
        let with_descendants = query.boolean("descendants")?.unwrap_or_default();
        Ok(Self { id: token_id(id)?, with_descendants })
    }

    /// All tokens of the caller, if descendants are to be found among them.
    async fn candidates(self, table: &Table, user: UserId) -> Result<Vec<UserToken>> {
        if self.with_descendants { table.all_tokens(user).await } else { Ok(Vec::new()) }
    }
}

/// `DELETE /rollcall/v1/tokens/{id}[?descendants=true]`: the token stops working with the next
/// request, and with it on request everything that came from it: tokens, API keys, SSH keys, the S3
/// secret and proofs of addresses. It may be the presented one.
///
/// Another user's token is indistinguishable from one that never existed.
pub(crate) async fn revoke(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Revocation::parse(&query, id)))
        .fetch(|revocation| fetch::both(fetch::token(revocation.id), fetch::counts()))
        .query(|table, user, revocation| revocation.candidates(table, user))
        .respond(async |Authorized { caller, input, fetched: (token, counts), queried: all }| {
            let token = active_token(&caller, token)?;
            let caller =
                caller.check_if_match(|_| (TokenView::from((*token).clone()), token.versions()))?;
            let (actor, user) = (caller.actor(), caller.user());
            let write = if input.with_descendants {
                let (counts, table) = (counts.as_ref(), &app.table);
                let emails = table.emails(user.id).await?;
                table.delete_token_with_descendants(&actor, user, counts, &token, &all, &emails)?
            } else {
                app.table.delete_token(&actor, user.id, token.id)
            };
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
