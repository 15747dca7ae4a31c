//! Walks golem's account operations with the client that golem publishes.
//!
//! Arguments: the service's base URL, a user's token, an e-mail address. Prints one JSON object:
//! what the client read, and how it takes errors.

use golem_cloud_client::api::{AccountClient, AccountClientLive, AccountError};
use golem_cloud_client::model::AccountData;
use golem_cloud_client::{Context, Error, Security};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base_url, token, email] = arguments.try_into().expect("three arguments");
    let client = |token: &str| AccountClientLive {
        context: Context {
            client: reqwest::Client::new(),
            base_url: base_url.parse().expect("a URL"),
            security_token: Security::bearer(token),
        },
    };
    let golem = client(&token);
    let named = |name: &str| AccountData { name: name.to_owned(), email: email.clone() };

    let created = golem.create_account(&named("Golem")).await.expect("created");
    let id = created.id.as_str();
    let all = golem.find_accounts(None).await.expect("all");
    let found = golem.find_accounts(Some(&email)).await.expect("found");
    let got = golem.get_account(id).await.expect("got");
    let updated = golem.update_account(id, &named("Renamed")).await.expect("updated");
    let plan = golem.get_account_plan(id).await.expect("a plan");
    let taken = golem.create_account(&named("Other")).await;
    let nameless = AccountData { name: String::new(), email: "none".to_owned() };
    let invalid = golem.create_account(&nameless).await;
    let deleted = golem.delete_account(id).await.expect("deleted");

    let seen = json!({
        "created": created,
        "all": all.values.iter().map(|account| &account.name).collect::<Vec<_>>(),
        "found": found.values,
        "got": got,
        "updated": updated,
        "plan": plan,
        "deleted": deleted,
        "taken": error(taken),
        "invalid": error(invalid),
        "gone": error(golem.get_account(id).await),
        "unauthorized": error(client("rcu_x").get_account(id).await),
    });
    println!("{seen}");
}

/// The status, and what the error's own type says; that is missing where the document has none.
fn error<T: std::fmt::Debug>(result: Result<T, Error<AccountError>>) -> Value {
    match result.expect_err("an error") {
        Error::Item(AccountError::Error400(body)) => json!([400, body.errors]),
        Error::Item(AccountError::Error401(body)) => json!([401, body.error]),
        Error::Item(AccountError::Error404(body)) => json!([404, body.error]),
        Error::Unexpected { code, .. } => json!([code]),
        other => panic!("{other:?}"),
    }
}
