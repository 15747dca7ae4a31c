//! Golem's own client, and one made from golem's own document. They take long to build, so
//! `cargo xtask verify` runs these tests alone.

use std::process::Command;

use serde_json::{Value, json};
use testkit::unique;

use crate::service::{base_url, new_user, tool, user};

/// What a client prints that walks golem's operations with a new user's token, and what it should.
async fn printed(mut program: Command) -> [Value; 2] {
    let (jane, email) = (new_user().await, format!("{}@example.org", unique("golem")));
    program.args([base_url(), &jane.token, &email]);

    let ran = program.output().unwrap();

    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seen: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let account = |name: &str| {
        let (id, plan) = (&seen["created"]["id"], &seen["created"]["planId"]);
        json!({ "id": id, "name": name, "email": email, "planId": plan })
    };
    let expected = json!({
        "created": account("Golem"),
        "all": [user(0, "username"), jane.username, "Golem"],
        "found": [account("Golem")],
        "got": account("Golem"),
        "updated": account("Renamed"),
        "plan": {
            "planId": seen["created"]["planId"],
            "planData": {
                "projectLimit": 100, "componentLimit": 100, "workerLimit": 10_000,
                "storageLimit": 500_000_000, "monthlyGasLimit": 1_000_000_000_000_i64,
                "monthlyUploadLimit": 1_000_000_000,
            },
        },
        // The document has no 409, so the clients know its status alone.
        "taken": [409],
        "invalid": [400, ["name: must not be empty", "email: must be an e-mail address"]],
        "deleted": {},
        "gone": [404, "account not found"],
        "unauthorized": [401, "the credential is not valid"],
    });
    [seen, expected]
}

#[tokio::test]
async fn golems_own_client_reads_every_response_and_error_of_its_operations() {
    let [seen, expected] = printed(Command::new(tool("ROLLCALL_GOLEM"))).await;

    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_client_made_from_golems_document_reads_every_response_and_error() {
    let mut python = Command::new(tool("ROLLCALL_PYTHON"));
    python.arg(testkit::root().join("tests/clients/golem.py")).arg(tool("ROLLCALL_GOLEM_DOCUMENT"));

    let [seen, expected] = printed(python).await;

    assert_eq!(seen, expected);
}
