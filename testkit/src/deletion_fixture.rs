//! An account with many members that is about to be deleted, and everything that is not it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::model::Role;

use crate::{ApiResponse, Person, TestApp};

/// An account that is about to be deleted, with two admins and a crowd.
pub struct DeletionFixture {
    /// Its id.
    pub id: String,
    /// The tokens of its admins; it is the current account of the second one.
    tokens: [String; 2],
    /// The items that have nothing to do with it.
    others: BTreeSet<String>,
}

const CONTACT: &str = "doomed@example.com";

impl DeletionFixture {
    /// Makes the account, with so many members beside the admins.
    pub async fn with_members(app: &TestApp, count: usize) -> Self {
        let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
        let id = Self::made_by(&jane).await.text("id").to_owned();
        app.join(&john, &id, Role::Admin).await;
        let chosen = json!({ "accountId": id });
        let chosen = john.send_json("PUT", "/api/public/v1/current-account", &chosen).await;
        assert_eq!(chosen.status, 200, "{chosen:?}");
        app.crowd(&id, &john, count).await;
        let tokens = [&jane, &john].map(|person| person.token().to_owned());
        let mut fixture = Self { id, tokens, others: BTreeSet::new() };
        fixture.others = fixture.split(app).await.1;
        fixture
    }

    /// Creates the same account again, which needs its slug and its contact address to be free.
    async fn made_by(person: &Person<'_>) -> ApiResponse {
        let input = json!({ "name": "DeletionFixture", "email": CONTACT });
        let made = person.send_json("POST", "/v1/accounts", &input).await;
        assert_eq!(made.status, 200, "{made:?}");
        made
    }

    /// Deletes it in quave's dialect, as the first admin.
    pub async fn delete(&self, app: &TestApp) -> ApiResponse {
        let path = format!("/api/public/v1/account?accountId={}", self.id);
        app.send("DELETE", &path, &[("authorization", &self.tokens[0])], None).await
    }

    /// The event by which the first admin deletes it through golem's function.
    pub fn deletion(&self) -> Value {
        let path = format!("/v1/accounts/{}", self.id);
        json!({
            "version": "2.0",
            "routeKey": "ANY /v1/accounts/{account_id}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": { "authorization": self.tokens[0] },
            "requestContext": {
                "http": {
                    "method": "DELETE",
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test",
                },
                "stage": "$default",
            },
            "isBase64Encoded": false,
        })
    }

    /// Whether it is there: for both admins in every place of every dialect, or in none of them.
    pub async fn is_there(&self, app: &TestApp) -> bool {
        let mut seen = Vec::new();
        for token in &self.tokens {
            for path in [
                format!("/api/public/v1/account?accountId={}", self.id),
                "/api/public/v1/accounts".to_owned(),
                format!("/v1/accounts/{}", self.id),
                "/v1/accounts".to_owned(),
                format!("/v1/accounts?email={CONTACT}"),
            ] {
                let response = app.send("GET", &path, &[("authorization", token)], None).await;
                assert!([200, 404].contains(&response.status), "{path}: {response:?}");
                seen.push(response.body.to_string().contains(&self.id));
            }
            let plan = format!("/v1/accounts/{}/plan", self.id);
            let response = app.send("GET", &plan, &[("authorization", token)], None).await;
            assert!([200, 404].contains(&response.status), "{response:?}");
            seen.push(response.status == 200);
        }
        let current = [("authorization", self.tokens[1].as_str())];
        let response = app.send("GET", "/api/public/v1/current-account", &current, None).await;
        seen.push(response.status == 200 && response.text("accountId") == self.id);
        assert!(seen.iter().all(|one| *one == seen[0]), "half there: {seen:?}");
        // Of one that is there it may be a long list.
        if !seen[0] {
            let users = app.send("GET", "/v2/accounts", &current, None).await;
            assert_eq!(users.status, 403, "{users:?}");
        }
        seen[0]
    }

    /// What is left of it in the table, as pairs of keys.
    pub async fn left(&self, app: &TestApp) -> BTreeSet<String> {
        self.split(app).await.0
    }

    /// Checks that all unrelated items are unchanged.
    pub async fn assert_others_untouched(&self, app: &TestApp) {
        let (_, others) = self.split(app).await;
        assert!(others == self.others, "{:?}", others.symmetric_difference(&self.others));
    }

    /// Checks that nothing of it is left, and that its names are free.
    pub async fn assert_gone_without_a_trace(&self, app: &TestApp) {
        assert!(!self.is_there(app).await);
        assert_eq!(self.left(app).await, BTreeSet::new());
        self.assert_others_untouched(app).await;
        app.assert_consistent().await;
    }

    /// The table's items but for those of audit logs, which outlive what they tell of: the keys of
    /// those that are the account's, and all others.
    async fn split(&self, app: &TestApp) -> (BTreeSet<String>, BTreeSet<String>) {
        let items = app.items().await.into_iter().filter(|item| item["type"]["S"] != "audit");
        let (own, others): (Vec<_>, Vec<_>) = items.partition(|item| self.owns(item));
        let keys = own.iter().map(|item| format!("{} / {}", item["pk"]["S"], item["sk"]["S"]));
        (keys.collect(), others.into_iter().map(without_uses_and_counts).collect())
    }

    /// The current account of a user is an id, which outlives what it names.
    fn owns(&self, item: &Value) -> bool {
        item["type"]["S"] != "user" && item.to_string().contains(&self.id)
    }
}

/// The item but for the hour of the last use, which may strike meanwhile, and for the numbers in
/// which its members and its owner count it.
fn without_uses_and_counts(mut item: Value) -> String {
    if let Some(attributes) = item.as_object_mut() {
        for name in ["lastUsedAt", "accountsOwned", "memberships"] {
            attributes.remove(name);
        }
    }
    item.to_string()
}
