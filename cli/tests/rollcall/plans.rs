//! Putting and assigning plans.

use serde_json::json;
use shared::model::PlanId;

use crate::stage::{Stage, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_put_listed_and_assigned() {
    const PLAN: &str = "11111111-2222-4333-8444-555555555555";
    let stage = Stage::new().await;
    let made = stage.jane();
    let account = text(&made, "accountId");
    let put = |projects: &str| {
        stage.done(&[
            "put-plan",
            "--id",
            PLAN,
            "--project-limit",
            projects,
            "--component-limit",
            "2",
            "--worker-limit",
            "3",
            "--storage-limit",
            "4",
            "--monthly-gas-limit",
            "5",
            "--monthly-upload-limit",
            "6",
        ])
    };
    let plan = json!({
        "id": PLAN, "projectLimit": 1, "componentLimit": 2, "workerLimit": 3, "storageLimit": 4,
        "monthlyGasLimit": 5, "monthlyUploadLimit": 6,
    });

    put("9");
    assert_eq!(put("1"), plan);

    let listed = stage.done(&["list-plans"]);
    assert_eq!(listed["plans"][0]["id"], json!(PlanId::DEFAULT));
    assert_eq!((listed["plans"].as_array().unwrap().len(), &listed["plans"][1]), (2, &plan));
    assert_eq!(
        stage.done(&["assign-plan", "--account", account, "--plan", PLAN]),
        json!({ "accountId": account, "planId": PLAN })
    );
    let memberships = stage.table.memberships(stage.user(&made["id"]).await.id).await.unwrap();
    let accounts = stage.table.accounts(&memberships).await.unwrap();
    assert_eq!(json!(accounts[0].plan), json!(PLAN));
    let nowhere = ["assign-plan", "--account", "5f7b1b7b7b7b7b7b7b7b7b7b", "--plan", PLAN];
    assert!(stage.rejected(&nowhere, "").await.starts_with("error: account not found: "));
    let unknown = "99999999-2222-4333-8444-555555555555";
    let nothing = ["assign-plan", "--account", account, "--plan", unknown];
    assert!(stage.rejected(&nothing, "").await.starts_with("error: plan not found: "));
}
