//! Putting and assigning plans.

use serde_json::json;
use shared::model::{Plan, PlanId};
use shared::table::Actor;

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
        "monthlyGasLimit": 5, "monthlyUploadLimit": 6, "maxMemoryPerWorker": 1_073_741_824,
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

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_keeps_its_memory_limit_if_no_other_is_given() {
    const PLAN: &str = "11111111-2222-4333-8444-555555555555";
    const LIMITS: [&str; 6] = [
        "--project-limit",
        "--component-limit",
        "--worker-limit",
        "--storage-limit",
        "--monthly-gas-limit",
        "--monthly-upload-limit",
    ];
    let stage = Stage::new().await;
    let put = |number: &str, memory: &[&str]| {
        let limits = LIMITS.into_iter().flat_map(|name| [name, number]);
        let arguments = ["put-plan", "--id", PLAN].into_iter().chain(limits);
        stage.done(&arguments.chain(memory.iter().copied()).collect::<Vec<_>>())
    };
    let new = put("1", &[]);
    let given = put("2", &["--max-memory-per-worker", "7"]);

    let kept = put("3", &[]);

    let memory = [&new, &given, &kept].map(|plan| plan["maxMemoryPerWorker"].as_i64().unwrap());
    assert_eq!(memory, [1_073_741_824, 7, 7]);
    assert_eq!(stage.done(&["list-plans"])["plans"][1], kept);
    assert_eq!(kept["storageLimit"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_limit_that_is_given_at_the_same_time_is_not_lost() {
    let stage = Stage::new().await;
    let mut plan = Plan::default_plan();
    let without = plan.clone();
    plan.limits.max_memory_per_worker = 7;
    let operator = Actor::operator();

    for _ in 0..5 {
        let (given, kept) = tokio::join!(
            stage.table.put_plan(&operator, &plan, false),
            stage.table.put_plan(&operator, &without, true)
        );
        given.unwrap();
        kept.unwrap();

        let stored = stage.table.plan(plan.id).await.unwrap();
        assert_eq!(stored.limits.max_memory_per_worker, 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_clients_cannot_read_is_rejected() {
    const LIMITS: [&str; 7] = [
        "--project-limit",
        "--component-limit",
        "--worker-limit",
        "--storage-limit",
        "--monthly-upload-limit",
        "--max-memory-per-worker",
        "--monthly-gas-limit",
    ];
    let stage = Stage::new().await;
    let put = |large: &str, limit: &'static str| {
        let limits = LIMITS
            .into_iter()
            .flat_map(|name| [name.to_owned(), if name == large { limit } else { "1" }.to_owned()]);
        let plan = ["put-plan", "--id", "11111111-2222-4333-8444-555555555555"];
        plan.map(str::to_owned).into_iter().chain(limits).collect::<Vec<_>>()
    };

    for name in LIMITS {
        let [most, more] = match name {
            "--monthly-gas-limit" => ["9007199254740991", "9007199254740992"],
            _ => ["2147483647", "2147483648"],
        };
        let [fits, too_large] = [most, more].map(|limit| put(name, limit));
        stage.done(&fits.iter().map(String::as_str).collect::<Vec<_>>());
        let too_large: Vec<_> = too_large.iter().map(String::as_str).collect();
        let output = stage.run(&too_large, "");
        assert_eq!(output.status.code(), Some(2), "the arguments are wrong");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(name) && error.contains(most), "{error}");
    }
}
