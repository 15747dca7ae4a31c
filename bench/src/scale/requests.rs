//! Which requests are sent, and what each may cost.

use super::Price;
use super::measure::note_use;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared::limits::MAX_AUDIT_ENTRIES_READ;
use testkit::{
    ApiResponse, DocumentedOperation, Service, TestApp, TestCredentials, form, operation,
    operations,
};

/// Of the pages after an `offset`.
pub(crate) const LIMIT: u64 = 100;

/// The most that a list of users has.
const MAX_LIMIT: u64 = 1_000;

/// A request, which is prepared again every time.
pub(crate) struct Request {
    name: String,
    operation: DocumentedOperation,
    /// In place of the one that the event has.
    query: Option<fn(&TestCredentials, u64) -> String>,
    per: Option<Per>,
    /// Whether it deletes an account that was created for it, and not the one of the other
    /// requests.
    has_spare: bool,
}

/// What its cost may grow with.
#[derive(Clone, Copy)]
enum Per {
    /// With what the response lists, which is no more than this; the name of one item.
    Listed(u64, &'static str),
    /// With what exists; the name of one item.
    Existing(&'static str),
    /// With what a full page skips; the name of one item.
    Skipped(&'static str),
    /// With what a page reads, which is no more than this; the name of one item.
    Read(u64, &'static str),
}

impl Request {
    fn new(operation: &DocumentedOperation) -> Self {
        let (name, operation) = (operation.name.to_owned(), operation.clone());
        Self { name, operation, query: None, per: None, has_spare: false }
    }

    fn named(self, name: &str) -> Self {
        Self { name: format!("{}, {name}", self.name), ..self }
    }

    fn with_query(self, query: fn(&TestCredentials, u64) -> String) -> Self {
        Self { query: Some(query), ..self }
    }

    fn per(self, per: Per) -> Self {
        Self { per: Some(per), ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn price(&self) -> Price {
        match self.per {
            Some(
                Per::Listed(_, thing)
                | Per::Existing(thing)
                | Per::Skipped(thing)
                | Per::Read(_, thing),
            ) => Price::Per(thing.to_owned()),
            None => Price::Flat,
        }
    }

    /// The event, after what it needs was created.
    pub(crate) async fn event(
        &self,
        app: &TestApp,
        credentials: &TestCredentials,
        size: u64,
    ) -> Result<Value> {
        let mut credentials = credentials.clone();
        if self.has_spare {
            credentials.account = spare_account(app, &credentials).await?;
        }
        // They end what their user signs in with.
        if matches!(&*self.name, "rollcall-rotate-token" | "rollcall-set-password") {
            credentials = spare_user(app).await?;
        }
        let mut event = self.operation.prepared(app, &credentials, &credentials.token).await;
        if self.name.contains("-request-") {
            asked_by(&mut event, &credentials.username);
        }
        if let Some(query) = self.query {
            event["rawQueryString"] = json!(query(&credentials, size));
        }
        Ok(event)
    }

    /// How many things with a price there were, after the response was seen to be the right one.
    pub(crate) fn things(&self, response: &ApiResponse, size: u64) -> Result<u64> {
        ensure!(response.status == self.operation.success(), "{}: {response:?}", self.name);
        let listed = listed(&response.body);
        let (things, must_list) = match self.per {
            Some(Per::Listed(most, _)) => (listed, Some(size.min(most))),
            Some(Per::Skipped(_)) => (size, Some(LIMIT)),
            Some(Per::Existing(_)) => (size, None),
            Some(Per::Read(most, _)) => (size.min(most), None),
            None => (0, None),
        };
        if let Some(Per::Read(most, thing)) = self.per {
            let goes_on = response.body["nextCursor"].is_string();
            ensure!(goes_on == (size >= most), "{}: a page of {size} times {thing}", self.name);
        }
        ensure!(must_list.is_none_or(|most| most == listed), "{}: lists {listed}", self.name);
        Ok(things)
    }
}

/// Mails are counted by network and by name: nobody asks for another one's, or from there.
fn asked_by(event: &mut Value, username: &str) {
    let network = [fastrand::u8(..), fastrand::u8(..)];
    event["requestContext"]["http"]["sourceIp"] =
        json!(format!("10.{}.{}.1", network[0], network[1]));
    if let Some(body) = event["body"].as_str() {
        event["body"] = json!(body.replace("janedoe", username));
    }
}

/// How many the only list of a response has.
fn listed(body: &Value) -> u64 {
    let fields = body.as_object().into_iter().flat_map(serde_json::Map::values);
    fields.filter_map(Value::as_array).map(|list| list.len() as u64).sum()
}

async fn spare_account(app: &TestApp, credentials: &TestCredentials) -> Result<String> {
    let headers =
        [("authorization", credentials.token.as_str()), ("content-type", "application/json")];
    let body =
        json!({ "name": "Spare", "email": format!("{}@example.com", testkit::unique("spare")) });
    let body = body.to_string();
    let made = Service::send(app, "POST", "/v1/accounts", &headers, Some(&body)).await;
    ensure!(made.status == 200, "{made:?}");
    Ok(made.text("id").to_owned())
}

/// A user with a token that was used before in the same hour.
async fn spare_user(app: &TestApp) -> Result<TestCredentials> {
    let credentials = app.person(&testkit::unique("spare")).await.credentials();
    note_use(app, &credentials).await?;
    Ok(credentials)
}

/// Every documented operation, as in its event: its cost must not depend on the size of the table.
pub(crate) fn every_operation() -> Vec<Request> {
    let all = operations();
    let touching = all.iter().filter(|operation| operation.facts.rounds > 0);
    let request = |operation: &DocumentedOperation| Request {
        has_spare: operation.name.ends_with("-delete-account"),
        ..Request::new(operation)
    };
    touching.map(request).collect()
}

/// Requests of the admin of an account. Those that change the number of members come last. Deleting
/// is not among them: its cleanup grows with the members, and the sweep does what exceeds its time.
pub(crate) fn about_members() -> Vec<Request> {
    let mut requests = flat(&[
        "quave-get-account",
        "quave-get-current-account",
        "quave-list-accounts",
        "quave-set-current-account",
        "golem-find-accounts",
        "golem-get-account",
        "golem-get-account-plan",
        "golem-update-account",
        "e24-get-account",
        "e24-update-account-data",
        "hub-get-user",
        "rollcall-create-token",
        "rollcall-get-account",
        "rollcall-list-account-audit-entries",
        "rollcall-send-invitation",
        "rollcall-revoke-invitation",
    ]);
    let list = || Request::new(&operation("e24-list-accounts"));
    requests.extend([
        Request::new(&operation("rollcall-list-members"))
            .with_query(|_, _| format!("limit={LIMIT}"))
            .per(Per::Listed(LIMIT, "member listed")),
        list().named("`limit=1`").with_query(|_, _| "limit=1".to_owned()),
        list()
            .with_query(|_, _| format!("limit={MAX_LIMIT}"))
            .per(Per::Listed(MAX_LIMIT, "user listed")),
        Request::new(&operation("e24-create-account")).named("a member more"),
    ]);
    requests.extend(flat(&[
        "rollcall-get-member",
        "rollcall-update-member",
        "rollcall-remove-member",
    ]));
    requests
}

/// Requests of a user with many accounts.
pub(crate) fn about_accounts() -> Vec<Request> {
    let find = || Request::new(&operation("golem-find-accounts"));
    let mut requests = vec![
        Request::new(&operation("quave-list-accounts"))
            .per(Per::Listed(MAX_LIMIT, "account listed")),
        Request::new(&operation("rollcall-list-accounts"))
            .with_query(|_, _| format!("limit={LIMIT}"))
            .per(Per::Existing("membership looked through")),
        find().with_query(|_, _| String::new()).per(Per::Listed(MAX_LIMIT, "account listed")),
        find()
            .named("by `email`")
            .with_query(|credentials, _| {
                form(&[("email", &format!("{}@example.com", credentials.username))])
            })
            .per(Per::Existing("account looked through")),
    ];
    requests.extend(flat(&[
        "quave-get-account",
        "quave-get-current-account",
        "quave-set-current-account",
        "golem-get-account",
        "golem-get-account-plan",
        "golem-update-account",
        "e24-get-account",
        "hub-get-user",
        "rollcall-create-token",
        // Requests that add accounts come last.
        "quave-create-account",
        "golem-create-account",
        "rollcall-create-account",
        "rollcall-accept-invitation",
    ]));
    let delete = operation("golem-delete-account");
    requests.push(Request { has_spare: true, ..Request::new(&delete) });
    requests
}

/// Requests of a user whose accounts show the addresses of others.
pub(crate) fn about_accounts_of_others() -> Vec<Request> {
    let find = Request::new(&operation("golem-find-accounts"));
    let find = find.named("of other owners").with_query(|_, _| String::new());
    vec![find.per(Per::Listed(MAX_LIMIT, "account listed"))]
}

/// The one list that takes an `offset`.
pub(crate) fn with_offset() -> Vec<Request> {
    let list = Request::new(&operation("e24-list-accounts"));
    let list = list.with_query(|_, offset| format!("limit={LIMIT}&offset={offset}"));
    vec![list.per(Per::Skipped("user left out"))]
}

/// Requests of the admin of an account with invitations that wait. Those that send one come last.
pub(crate) fn about_invitations() -> Vec<Request> {
    let with_all =
        |name| Request::new(&operation(name)).per(Per::Existing("invitation that waits"));
    vec![
        Request::new(&operation("rollcall-list-invitations"))
            .with_query(|_, _| format!("limit={LIMIT}"))
            .per(Per::Listed(LIMIT, "invitation listed")),
        Request::new(&operation("rollcall-list-members")),
        with_all("rollcall-revoke-invitation"),
        with_all("rollcall-send-invitation"),
    ]
}

/// Requests of a user with a long audit log. Those that leave an entry come last.
pub(crate) fn about_entries() -> Vec<Request> {
    let list = || Request::new(&operation("rollcall-list-audit-entries"));
    let most = u64::try_from(MAX_AUDIT_ENTRIES_READ).unwrap_or_default();
    let mut requests = vec![
        list().named("`limit=1`").with_query(|_, _| "limit=1".to_owned()),
        list().with_query(|_, _| format!("limit={LIMIT}")).per(Per::Read(LIMIT, "entry listed")),
        // What no entry is about, so that the whole part is read that a page may read.
        list()
            .named("by `action`")
            .with_query(|_, _| "action=user.enabled".to_owned())
            .per(Per::Read(most, "entry looked through")),
    ];
    requests.extend(flat(&[
        "rollcall-get-user",
        "rollcall-update-user",
        "rollcall-create-token",
        "hub-update-user",
    ]));
    requests
}

fn flat(names: &[&str]) -> Vec<Request> {
    names.iter().map(|name| Request::new(&operation(name))).collect()
}
