use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::model::{Plan, PlanId, PlanLimits};
use shared::table::fetch;
use shared::{App, Result};

use crate::account_id;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanView {
    plan_id: PlanId,
    plan_data: PlanData,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanData {
    project_limit: i64,
    component_limit: i64,
    worker_limit: i64,
    storage_limit: i64,
    monthly_gas_limit: i64,
    monthly_upload_limit: i64,
    max_memory_per_worker: i64,
}

impl From<Plan> for PlanView {
    fn from(Plan { id, limits }: Plan) -> Self {
        let PlanLimits {
            project_limit,
            component_limit,
            worker_limit,
            storage_limit,
            monthly_gas_limit,
            monthly_upload_limit,
            max_memory_per_worker,
        } = limits;
        let plan_data = PlanData {
            project_limit,
            component_limit,
            worker_limit,
            storage_limit,
            monthly_gas_limit,
            monthly_upload_limit,
            max_memory_per_worker,
        };
        Self { plan_id: id, plan_data }
    }
}

/// `GET /v1/accounts/{account_id}/plan`: any member sees what the account may use.
pub(crate) async fn plan(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| account_id(id)))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { fetched: access, .. }| {
            let plan = app.table.plan(access.member()?.plan).await?;
            http::ok_with_etag(&PlanView::from(plan))
        })
        .await
}
