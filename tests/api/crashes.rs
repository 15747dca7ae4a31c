//! A function killed at each step of work of many steps: what it leaves is invisible, and a later
//! request or the sweep cleans it up.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::{Role, TokenKind};
use shared::table::Swept;
use testkit::{ApiResponse, CallCutoff, DeletionFixture, Fault, TestApp};

/// More than one transaction deletes.
const MEMBERS: usize = 100;

/// Kills the work after this many calls went through; returns none if it was killed.
async fn killed_after<T>(
    cutoff: &CallCutoff,
    calls: usize,
    work: impl Future<Output = T>,
) -> Option<T> {
    cutoff.after(calls);
    let ended = tokio::select! {
        ended = work => Some(ended),
        () = cutoff.reached() => None,
    };
    cutoff.quiet().await;
    ended
}

/// Finishes an interrupted deletion, each time in another way.
async fn finish(app: &TestApp, fixture: &DeletionFixture, turn: usize) {
    match turn % 4 {
        0 => drop(app.sweep().await.unwrap()),
        1 => {
            let runs = join_all([app.sweep(), app.sweep()]).await;
            assert!(runs.iter().all(Result::is_ok), "{runs:?}");
        }
        2 => {
            let (swept, again) = tokio::join!(app.sweep(), fixture.delete(app));
            assert_eq!((swept.is_ok(), again.status), (true, 404), "{again:?}");
        }
        _ => {
            // The sweep has the last word on an account of which nothing is left but the note.
            assert_eq!(fixture.delete(app).await.status, 404);
            assert!(fixture.left(app).await.len() <= 1);
            app.sweep().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_killed_at_any_step_is_all_or_nothing_and_finished_later() {
    let mut half_done = 0;
    for calls in 0.. {
        let mut app = TestApp::start().await;
        let fixture = DeletionFixture::with_members(&app, MEMBERS).await;
        let whole = fixture.left(&app).await;
        let cutoff = app.cutoff().await;

        let ended = killed_after(&cutoff, calls, fixture.delete(&app)).await;
        app.mend();

        fixture.assert_others_untouched(&app).await;
        if let Some(response) = ended {
            assert_eq!(response.status, 200, "{response:?}");
            fixture.assert_gone_without_a_trace(&app).await;
            assert!(half_done > 4, "{half_done}");
            return;
        }
        if fixture.is_there(&app).await {
            app.sweep().await.unwrap();
            assert_eq!(fixture.left(&app).await, whole, "after {calls} calls");
            assert_eq!(fixture.delete(&app).await.status, 200);
        } else {
            half_done += 1;
            finish(&app, &fixture, calls).await;
        }
        fixture.assert_gone_without_a_trace(&app).await;
    }
}

/// An account whose deletion was killed before anything was cleaned up.
async fn left_behind() -> (TestApp, DeletionFixture) {
    let mut app = TestApp::start().await;
    let fixture = DeletionFixture::with_members(&app, MEMBERS).await;
    let cutoff = app.cutoff().await;
    // The read, the write and the list of members.
    assert!(killed_after(&cutoff, 3, fixture.delete(&app)).await.is_none());
    app.mend();
    assert!(!fixture.is_there(&app).await);
    // Both sides of all members but the calling admin, and the cleanup task.
    assert_eq!(fixture.left(&app).await.len(), 2 * (MEMBERS + 1) + 1);
    (app, fixture)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_killed_at_any_step_is_finished_by_the_next_one() {
    // The first sixteen only read lists.
    for calls in [0, 8].into_iter().chain(15..) {
        let (mut app, fixture) = left_behind().await;
        let cutoff = app.cutoff().await;

        let ended = killed_after(&cutoff, calls, app.sweep()).await;
        app.mend();

        assert!(!fixture.is_there(&app).await);
        fixture.assert_others_untouched(&app).await;
        if let Some(swept) = ended {
            assert_eq!(swept.unwrap(), Swept { finished: 1, ..Swept::default() });
            fixture.assert_gone_without_a_trace(&app).await;
            assert!(calls > 20, "{calls}");
            return;
        }
        finish(&app, &fixture, calls).await;
        fixture.assert_gone_without_a_trace(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_and_requests_for_one_deletion_may_run_concurrently() {
    let (app, fixture) = left_behind().await;

    let sweeps = join_all((0..2).map(|_| app.sweep()));
    let requests = join_all((0..2).map(|_| fixture.delete(&app)));
    let (sweeps, requests) = tokio::join!(sweeps, requests);

    assert!(sweeps.iter().all(Result::is_ok), "{sweeps:?}");
    assert!(requests.iter().all(|response| response.status == 404), "{requests:?}");
    app.sweep().await.unwrap();
    fixture.assert_gone_without_a_trace(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_not_killed_may_be_swept_at_the_same_time() {
    let app = TestApp::start().await;
    let fixture = DeletionFixture::with_members(&app, MEMBERS).await;

    let (deleted, one, other) = tokio::join!(fixture.delete(&app), app.sweep(), app.sweep());

    assert_eq!((deleted.status, one.is_ok(), other.is_ok()), (200, true, true), "{deleted:?}");
    app.sweep().await.unwrap();
    fixture.assert_gone_without_a_trace(&app).await;
}

#[tokio::test]
async fn names_of_a_deleted_account_are_free_at_once_and_the_sweep_spares_the_next_owner() {
    let (app, fixture) = left_behind().await;
    let mary = app.person("maryroe").await;
    let input = json!({ "name": "DeletionFixture", "email": "doomed@example.com" });

    let next = mary.send_json("POST", "/v1/accounts", &input).await;

    assert_eq!(next.status, 200, "{next:?}");
    let before = items(&app, |item| item.to_string().contains(next.text("id"))).await;
    app.sweep().await.unwrap();
    assert_eq!(items(&app, |item| item.to_string().contains(next.text("id"))).await, before);
    assert_eq!(fixture.left(&app).await, BTreeSet::new());
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_restored_account_keeps_its_members_despite_cleanup_tasks() {
    let app = TestApp::start().await;
    let fixture = DeletionFixture::with_members(&app, MEMBERS).await;
    let (whole, all) = (fixture.left(&app).await, app.items().await);
    assert_eq!(fixture.delete(&app).await.status, 200);
    let note = json!({
        "pk": { "S": format!("CLEANUPS#{}", fixture.id.chars().last().unwrap()) },
        "sk": { "S": format!("CLEANUP#ACCOUNT#{}", fixture.id) },
        "type": { "S": "cleanup" },
        "version": { "N": "1" },
        "kind": { "S": "members" },
        "account": { "S": fixture.id },
        "since": { "S": "2026-01-01T00:00:00Z" },
    });
    for item in all.iter().chain([&note]) {
        app.engine("PutItem", json!({ "Item": item })).await;
    }

    let swept = app.sweep().await.unwrap();

    assert_eq!(swept, Swept { finished: 1, ..Swept::default() });
    assert_eq!(fixture.left(&app).await, whole);
    assert!(fixture.is_there(&app).await);
}

#[tokio::test]
async fn a_failed_cleanup_task_is_logged_delays_no_other_and_is_retried() {
    let (app, fixture) = left_behind().await;
    app.proxy().disturb("TransactWriteItems", Fault::Rejected("ValidationException"));

    let failed = app.sweep().await;

    assert_eq!(failed.unwrap_err().to_string(), "could not clean up");
    assert!(fixture.left(&app).await.len() > 1);
    app.sweep().await.unwrap();
    fixture.assert_gone_without_a_trace(&app).await;
}

#[tokio::test]
async fn a_shard_that_cannot_be_read_does_not_delay_the_others() {
    let (app, fixture) = left_behind().await;
    app.proxy().disturb("Query", Fault::Rejected("ValidationException"));

    let swept = app.table().sweep(Duration::from_mins(1)).await;

    assert_eq!((swept.failed, swept.timed_out), (1, 0));
    app.sweep().await.unwrap();
    fixture.assert_gone_without_a_trace(&app).await;
}

#[tokio::test]
async fn a_run_without_time_budget_touches_nothing_and_reports_it() {
    let (app, fixture) = left_behind().await;
    let left = fixture.left(&app).await;

    let swept = app.table().sweep(Duration::ZERO).await;

    assert_eq!(swept, Swept { timed_out: 16, ..Swept::default() });
    assert_eq!(fixture.left(&app).await, left);
}

/// The cleanup task of a deleted account, in the shard of the last digit of its id.
pub(crate) fn members_task(account: &str) -> Value {
    let shard = &account[account.len() - 1..];
    let text = |text: &str| json!({ "S": text });
    json!({
        "pk": text(&format!("CLEANUPS#{shard}")), "sk": text(&format!("CLEANUP#ACCOUNT#{account}")),
        "type": text("cleanup"), "kind": text("members"), "account": text(account),
        "since": text("2026-01-01T00:00:00Z"), "version": { "N": "1" },
    })
}

#[tokio::test]
async fn a_task_that_takes_too_long_leaves_time_to_those_behind_it() {
    let app = TestApp::start().await;
    let tasks = ["11111111111111111111111a", "22222222222222222222222a"].map(members_task);
    app.import(tasks.iter().map(Value::to_string).collect()).await.unwrap();
    // The first one's account is never read.
    app.proxy().before("BatchGetItem", std::future::pending());

    let swept = app.table().sweep(Duration::from_secs(2)).await;

    assert_eq!(swept, Swept { finished: 1, failed: 0, timed_out: 1 });
    let left = app.items_of("cleanup").await;
    assert_eq!(left, tasks[..1]);
    assert_eq!(app.sweep().await.unwrap().finished, 1);
}

#[tokio::test]
async fn a_sweep_without_work_makes_sixteen_consistent_reads_and_nothing_else() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    app.proxy().record();

    assert_eq!(app.sweep().await.unwrap(), Swept::default());

    let calls = app.proxy().calls();
    assert_eq!(calls.len(), 16, "{calls:?}");
    assert!(calls.iter().all(|call| call.operation == "Query"), "{calls:?}");
    assert_eq!(app.proxy().eventual_reads(), Vec::<String>::new());
}

#[tokio::test]
async fn an_account_with_one_member_leaves_no_cleanup_task() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let is_note = |item: &Value| item["type"]["S"] == "cleanup";

    assert_eq!(jane.send("DELETE", &path).await.status, 200);

    assert_eq!(items(&app, is_note).await, BTreeSet::new());
    app.assert_consistent().await;
}

/// The items that are meant, but for the hour of a last use, which may strike meanwhile.
async fn items(app: &TestApp, meant: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let mut all = app.items().await;
    for item in &mut all {
        item.as_object_mut().unwrap().remove("lastUsedAt");
    }
    all.into_iter().filter(meant).map(|item| item.to_string()).collect()
}

/// A user with tokens and a grant who changes the password.
struct Changing {
    /// The token that makes the change, and stays valid.
    token: String,
    /// User tokens and an access token: they end with the change.
    ending: Vec<String>,
    /// The unrelated items.
    others: BTreeSet<String>,
}

/// More than a batch.
const TOKENS: usize = 26;
/// The grant, and the session in which it was allowed, end too.
const ENDING: usize = TOKENS + 2;

impl Changing {
    async fn start(app: &TestApp) -> Self {
        let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
        let mut ending = Vec::new();
        for _ in 0..TOKENS {
            ending.push(jane.new_token(TokenKind::User, None, None).await);
        }
        jane.new_token(TokenKind::Environment, None, None).await;
        let client = app.new_client("https://client.example.com/callback", true).await;
        let access = client.tokens(app, &jane.credentials(), "profile_read").await.access;
        ending.push(access);
        client.tokens(app, &john.credentials(), "profile_read").await;
        let token = jane.token().to_owned();
        let mut changing = Self { token, ending, others: BTreeSet::new() };
        changing.others = changing.others(app).await;
        changing
    }

    async fn change(&self, app: &TestApp) -> ApiResponse {
        let headers =
            [("authorization", self.token.as_str()), ("content-type", "application/json")];
        let body = json!({ "password": "another horse battery" }).to_string();
        app.send("POST", "/v2/account/data", &headers, Some(&body)).await
    }

    /// Whether the password is the old one: all tokens are valid, or only the caller's.
    async fn is_unchanged(&self, app: &TestApp) -> bool {
        assert_eq!(status(app, "/v1/accounts", &self.token).await, 200);
        let mut works = Vec::new();
        for token in &self.ending {
            works.push(status(app, "/api/v1.1/users/janedoe/", token).await);
        }
        let expected = if works[0] == 200 { 200 } else { 401 };
        assert_eq!(works, vec![expected; works.len()]);
        expected == 200
    }

    /// How many of those that end are still in the table.
    async fn left(&self, app: &TestApp) -> usize {
        let all = app.items().await;
        all.iter().filter(|item| self.ends(item)).count()
    }

    async fn others(&self, app: &TestApp) -> BTreeSet<String> {
        let is_jane =
            |item: &Value| item["type"]["S"] == "user" && item["username"]["S"] == "janedoe";
        let is_note = |item: &Value| item["type"]["S"] == "cleanup" || item["type"]["S"] == "audit";
        items(app, |item| !self.ends(item) && !is_jane(item) && !is_note(item)).await
    }

    fn ends(&self, item: &Value) -> bool {
        let ids = self.ending.iter().filter_map(|token| testkit::token_id(token));
        let is_token = ids.into_iter().any(|id| item["id"]["S"] == id);
        let is_other = ["grant", "session"].into_iter().any(|kind| item["type"]["S"] == kind);
        is_token || is_other && item["user"]["S"] == self.user()
    }

    fn user(&self) -> String {
        let token: shared::model::TokenCredential = self.token.parse().unwrap();
        token.owner().to_string()
    }
}

async fn status(app: &TestApp, path: &str, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    app.send("GET", path, &[("authorization", &authorization)], None).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_change_killed_at_any_step_is_all_or_nothing_and_finished_later() {
    let mut half_done = 0;
    for calls in 0.. {
        let mut app = TestApp::start().await;
        let changing = Changing::start(&app).await;
        let cutoff = app.cutoff().await;

        let ended = killed_after(&cutoff, calls, changing.change(&app)).await;
        app.mend();

        let unchanged = changing.is_unchanged(&app).await;
        half_done += usize::from(!unchanged && changing.left(&app).await > 0);
        if ended.is_none() {
            let runs = join_all([app.sweep(), app.sweep()]).await;
            assert!(runs.iter().all(Result::is_ok), "{runs:?}");
        }
        assert_eq!(changing.is_unchanged(&app).await, unchanged);
        let left = if unchanged { ENDING } else { 0 };
        assert_eq!(changing.left(&app).await, left, "after {calls} calls");
        assert_eq!(changing.others(&app).await, changing.others);
        assert_eq!(items(&app, |item| item["type"]["S"] == "cleanup").await, BTreeSet::new());
        if let Some(response) = ended {
            assert_eq!((response.status, unchanged), (200, false), "{response:?}");
            assert!(half_done > 1, "{half_done}");
            return;
        }
    }
}

/// A token, and the tokens that it made: more than a batch deletes.
async fn maker_and_made(app: &TestApp, token: String) -> Vec<String> {
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let new = json!({ "name": "made", "kind": "user" }).to_string();
    let made = (0..30).map(|_| app.send("POST", "/rollcall/v1/tokens", &headers, Some(&new)));
    let made = join_all(made).await;
    made.iter().map(|made| made.text("token").to_owned()).chain([token.clone()]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_killed_at_any_step_is_all_or_nothing_and_finished_later() {
    let mut half_done = 0;
    for calls in 0.. {
        let mut app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (own, leaked) =
            (jane.token().to_owned(), jane.new_token(TokenKind::User, None, None).await);
        let id = testkit::token_id(&leaked).unwrap();
        let ending = maker_and_made(&app, leaked).await;
        let path = format!("/rollcall/v1/tokens/{id}?descendants=true");
        let cutoff = app.cutoff().await;

        let headers = [("authorization", own.as_str())];
        let revocation = app.send("DELETE", &path, &headers, None);
        let ended = killed_after(&cutoff, calls, revocation).await;
        app.mend();

        let works = join_all(ending.iter().map(|token| status(&app, "/v1/accounts", token))).await;
        let unchanged = works[0] == 200;
        assert_eq!(works, vec![if unchanged { 200 } else { 401 }; ending.len()]);
        half_done += usize::from(!unchanged && app.items_of("token").await.len() > 1);
        if ended.is_none() {
            let runs = join_all([app.sweep(), app.sweep()]).await;
            assert!(runs.iter().all(Result::is_ok), "{runs:?}");
        }
        let left = if unchanged { ending.len() + 1 } else { 1 };
        assert_eq!(app.items_of("token").await.len(), left, "after {calls} calls");
        assert_eq!(app.items_of("cleanup").await, Vec::<Value>::new());
        assert_eq!(status(&app, "/v1/accounts", &own).await, 200);
        app.assert_consistent().await;
        if let Some(response) = ended {
            assert_eq!((response.status, unchanged), (204, false), "{response:?}");
            assert!(half_done > 1, "{half_done}");
            return;
        }
    }
}

#[tokio::test]
async fn the_next_password_change_cleans_up_what_the_last_one_left() {
    let mut app = TestApp::start().await;
    let changing = Changing::start(&app).await;
    let cutoff = app.cutoff().await;
    // The reads of the user and of the addresses, and the write.
    assert!(killed_after(&cutoff, 3, changing.change(&app)).await.is_none());
    app.mend();
    assert_eq!(changing.left(&app).await, ENDING);

    assert_eq!(changing.change(&app).await.status, 200);

    assert_eq!(changing.left(&app).await, 0);
    // The first change's note stays until the sweep has seen that nothing is left.
    assert_eq!(items(&app, |item| item["type"]["S"] == "cleanup").await.len(), 1);
    assert_eq!(app.sweep().await.unwrap().finished, 1);
    assert_eq!(items(&app, |item| item["type"]["S"] == "cleanup").await, BTreeSet::new());
}

#[tokio::test]
async fn a_sweep_of_one_account_keeps_the_memberships_in_others() {
    let (app, fixture) = left_behind().await;
    let mary = app.person("maryroe").await;
    let (amy, account) = (app.person("amyroe").await, mary.account());
    app.join(&amy, &account, Role::Member).await;

    app.sweep().await.unwrap();

    assert_eq!(status(&app, &format!("/v1/accounts/{account}"), amy.token()).await, 200);
    assert_eq!(fixture.left(&app).await, BTreeSet::new());
}
