use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, Caller, FullAccess};
use shared::http::{self, Fields, Query};
use shared::model::{FactorCode, Passkey, PasskeyId, SecondFactor, Timestamp, UtcMillis};
use shared::rollcall::{Page, Place};
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::AuthRequest;

/// The id of the app's codes, of which a user has one.
const TOTP: &str = "totp";

const UNKNOWN: Error = Error::NotFound("second factor");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecondFactors {
    second_factors: Vec<FactorView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<Place>,
}

/// The codes of an app, or a passkey; `null` for what only the other one has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactorView {
    id: String,
    kind: &'static str,
    name: Option<String>,
    created_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
    recovery_codes_left: Option<usize>,
}

impl From<&SecondFactor> for FactorView {
    fn from(factor: &SecondFactor) -> Self {
        Self {
            id: TOTP.to_owned(),
            kind: TOTP,
            name: None,
            created_at: factor.since.into(),
            last_used_at: None,
            recovery_codes_left: Some(factor.recovery_codes.len()),
        }
    }
}

impl From<&Passkey> for FactorView {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.to_string(),
            kind: "passkey",
            name: Some(passkey.name.as_str().to_owned()),
            created_at: passkey.created_at.into(),
            last_used_at: passkey.last_used_at.map(UtcMillis::from),
            recovery_codes_left: None,
        }
    }
}

/// What is to go. The app's codes take one of them, or a recovery code: turning the second factor
/// off needs it.
enum Removed {
    Totp(FactorCode),
    Passkey(PasskeyId),
}

impl Removed {
    fn parse(mut fields: Fields, id: &str) -> Result<Self> {
        if id == TOTP {
            let code = fields.required("code");
            return fields.into_result(code.map(Self::Totp));
        }
        fields.into_result(Some(()))?;
        http::parse_segment(id).map(Self::Passkey).ok_or(UNKNOWN)
    }
}

/// `GET /rollcall/v1/users/self/second-factors[?limit=…&cursor=…]`: the codes of the caller's app,
/// if they are on, and its passkeys, oldest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::<Place>::parse(&query)))
        .fetch(|_| fetch::second_factor())
        .query(|table, user, _| table.passkeys(user))
        .respond(async |Authorized { caller, input: page, fetched, queried: passkeys }| {
            let user = caller.user();
            let totp = fetched.as_deref().map(|own| (own.since, FactorView::from(own)));
            let passkeys = passkeys.iter().map(|own| (own.created_at, FactorView::from(own)));
            let place =
                |(since, own): &(Timestamp, FactorView)| Place::new(user.id, *since, &own.id);
            let (factors, next_cursor) = page.of(totp.into_iter().chain(passkeys), place);
            let second_factors = factors.into_iter().map(|(_, own)| own).collect();
            http::ok(&SecondFactors { second_factors, next_cursor })
        })
        .await
}

/// `DELETE /rollcall/v1/users/self/second-factors/{id}`: turns the second factor off, recovery codes
/// and all, or takes a passkey away.
pub(crate) async fn remove(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(|fields| Removed::parse(fields, id)))
        .respond(async |Authorized { caller, input: removed, .. }| match removed {
            Removed::Totp(code) => turn_off(app, caller, &code).await,
            Removed::Passkey(id) => {
                let write = app.table.remove_passkey(&caller.actor(), caller.user(), id);
                caller.commit(app, write, |()| http::no_content()).await
            }
        })
        .await
}

async fn turn_off(
    app: &App,
    caller: Caller<FullAccess>,
    code: &FactorCode,
) -> Result<Response<Body>> {
    caller.user().second_factor_since.ok_or(UNKNOWN)?;
    // Boxed: the SDK's futures are large.
    let used = Box::pin(caller.verify_code(app, code)).await?;
    let write = app.table.turn_off_second_factor(&caller.actor(), caller.user(), &used)?;
    caller.commit(app, write, |()| http::no_content()).await
}
