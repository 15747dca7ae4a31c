use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, Asked};
use shared::http::{self, Query};
use shared::model::{Plan, PlanId, PlanLimits};
use shared::{App, Result};

use crate::account_id;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanView {
    plan_id: PlanId,
    plan_data: PlanLimits,
}

/// `GET /v1/accounts/{account_id}/plan`: any member sees what the account may use.
pub(crate) async fn plan(
    app: &App,
    asked: Asked<'_, AccountRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let (_, _, access) = asked.with(query.and_then(|_| account_id(id)), |id| *id).await?;
    let Plan { id, limits } = app.table.plan(access.member()?.plan).await?;
    http::ok(&PlanView { plan_id: id, plan_data: limits })
}
