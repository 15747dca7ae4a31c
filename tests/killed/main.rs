//! The real binaries, killed while they delete an account with three thousand members.

#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

mod function;

use serde_json::{Value, json};
use testkit::{CallCutoff, DeletionFixture, TestApp};

use function::Function;

const MEMBERS: usize = 3_000;

/// Kills after the account is gone.
const KILLS: usize = 6;

/// Names a seed, to have the same moments again.
const SEED: &str = "ROLLCALL_SEED";

/// Moments at random, the same for the same seed (`SplitMix64`).
struct Random(u64);

impl Random {
    /// The seed of the environment, or a new one; it is printed.
    fn start() -> Self {
        let given = std::env::var(SEED).ok().map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| u64::from_be_bytes(shared::random::bytes().unwrap()));
        eprintln!("{SEED}={seed} has the same moments again");
        Self(seed)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// The function with its event: a deletion, or the sweep.
fn work(fixture: &DeletionFixture, sweeps: bool) -> (&'static str, Value) {
    if sweeps {
        ("sweep", json!({ "source": "aws.events" }))
    } else {
        ("golem-accounts", fixture.deletion())
    }
}

/// Starts a function, and kills it when so many of its calls to the table went through, with others
/// in progress; its response, if it was faster.
async fn killed_after(
    calls: usize,
    app: &TestApp,
    (binary, event): (&str, Value),
) -> Option<Value> {
    let cutoff = CallCutoff::start(app.engine_endpoint()).await.unwrap();
    cutoff.after(calls);
    let mut function = Function::start(binary, app, cutoff.endpoint()).await;
    let response = tokio::select! {
        response = function.invoke(event) => Some(response),
        () = cutoff.reached() => None,
    };
    function.kill().await;
    cutoff.quiet().await;
    response
}

/// Members that are still in the table, read from the engine itself without a timeout.
async fn members(app: &TestApp, fixture: &DeletionFixture) -> u64 {
    let mut query = json!({
        "Select": "COUNT",
        "ConsistentRead": true,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": {
            ":pk": { "S": format!("ACCOUNT#{}", fixture.id) },
            ":prefix": { "S": "MEMBER#" },
        },
    });
    let mut count = 0;
    loop {
        let mut page = app.engine("Query", query.clone()).await;
        count += page["Count"].as_u64().unwrap();
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"].take();
        if query["ExclusiveStartKey"].is_null() {
            return count;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_3000_members_under_kills_is_whole_or_gone_and_leaves_nothing() {
    let mut random = Random::start();
    let app = TestApp::start().await;
    let fixture = DeletionFixture::with_members(&app, MEMBERS).await;

    let mut attempts = 0;
    while fixture.is_there(&app).await {
        // The connection is opened with one call; the third one is the write.
        let calls = random.below(if attempts < 2 { 4 } else { 40 });
        killed_after(calls, &app, work(&fixture, false)).await;
        attempts += 1;
    }
    let mut left = members(&app, &fixture).await;
    assert!(left > 0, "killed too late");
    for _ in 0..KILLS {
        let (calls, sweeps) = (random.below(40), random.below(2) == 0);
        killed_after(calls, &app, work(&fixture, sweeps)).await;
        let now = members(&app, &fixture).await;
        assert!(now <= left, "{now} of {left}");
        assert!(!fixture.is_there(&app).await);
        left = now;
    }
    eprintln!(
        "{attempts} killed until the account was gone, then {KILLS}, which left {left} members"
    );

    let mut survivor = Function::start("sweep", &app, app.engine_endpoint()).await;
    let (swept, _, _) = tokio::join!(
        survivor.invoke(json!({})),
        killed_after(random.below(40), &app, work(&fixture, true)),
        killed_after(random.below(40), &app, work(&fixture, false)),
    );

    assert_eq!((&swept["failed"], &swept["timedOut"]), (&json!(0), &json!(0)), "{swept}");
    fixture.assert_gone_without_a_trace(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_killed_deletes_the_account_and_leaves_only_late_cleanup() {
    let app = TestApp::start().await;
    let fixture = DeletionFixture::with_members(&app, MEMBERS).await;
    let mut function = Function::start("golem-accounts", &app, app.engine_endpoint()).await;

    let response = function.invoke(fixture.deletion()).await;

    assert_eq!(
        (&response["statusCode"], &response["body"]),
        (&json!(200), &json!("{}")),
        "{response}"
    );
    assert!(!fixture.is_there(&app).await);
    eprintln!("{} members left to the sweep", members(&app, &fixture).await);
    Function::start("sweep", &app, app.engine_endpoint()).await.invoke(json!({})).await;
    fixture.assert_gone_without_a_trace(&app).await;
}
