//! Whether the time of a response tells if somebody has a name: a rejected password, a request to
//! sign up, and one to reset a password, each with many pairs of a name that somebody has and one
//! that nobody has, in random order.
//!
//! `cargo xtask verify` runs it over optimised code. `ROLLCALL_TIMING_PAIRS` says how many pairs.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::ops::Range;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use shared::model::{Timestamp, TokenKind};
use shared::table::{Actor, NewUser};
use shared::{Settings, SignUpPolicy};
use testkit::{Service, TestApp, basic};

const PAIRS: usize = 2_000;
/// So many pairs lock their two names.
const TO_LOCK: usize = 10;
/// What a user has, which a list would show.
const TOKENS: usize = 20;
/// How many standard deviations the share may differ from one half: a fair run fails once in 1,000
/// times.
const BOUND: f64 = 3.3;

/// What the time of a rejection is a multiple of: as when deployed, more than the work takes.
const UNIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 100 });

/// The paths that take a password, with what is read besides it.
const PATHS: [&str; 3] =
    ["/rollcall/v1/tokens?limit=100", "/rollcall/v1/tokens/self", "/api/v1.1/users/{}/emails/"];

#[tokio::test]
async fn a_rejected_password_takes_as_long_whether_or_not_somebody_has_the_name() {
    let pairs = std::env::var("ROLLCALL_TIMING_PAIRS").ok();
    let pairs = pairs.map_or(PAIRS, |pairs| pairs.parse().unwrap());
    let names = pairs / TO_LOCK;
    let mut app = TestApp::start().await;
    for number in 0..names {
        let person = app.person(&known(number)).await;
        for _ in 0..TOKENS {
            person.new_token(TokenKind::User, None, None).await;
        }
    }
    app.set_rejected_sign_in(UNIT);
    app.pass_proxy();

    let rejected = async |number: usize, place: usize, name: String, status: u16| {
        time(&app, (number, place), &name, status).await
    };
    let wrong = differences(names, 0..names * TO_LOCK, async |number, place, name| {
        rejected(number, place, name, 401).await
    });
    let wrong = wrong.await;
    let locked = differences(names, pairs..pairs + pairs / 4, async |number, place, name| {
        rejected(number, place, name, 429).await
    });
    let locked = locked.await;

    assert_fair("a wrong password", wrong);
    assert_fair("a locked name", locked);
}

#[tokio::test]
async fn a_request_for_a_mail_takes_as_long_whether_or_not_somebody_has_the_name() {
    let pairs = std::env::var("ROLLCALL_TIMING_PAIRS").ok();
    let pairs = pairs.map_or(PAIRS, |pairs| pairs.parse().unwrap()) / 4;
    let mut app = TestApp::start().await;
    let sign_up = SignUpPolicy::Open;
    app.configure(Settings { sign_up, sends_mail: true, ..Settings::default() });
    // Each name gets three mails an hour.
    let names = pairs.div_ceil(3);
    for number in 0..names {
        let email = format!("{}@example.com", known(number)).parse().unwrap();
        let new = NewUser {
            proved_at: Some(Timestamp::now()),
            ..NewUser::new(known(number).parse().unwrap(), email)
        };
        app.table().create_user(&Actor::operator(), new).await.unwrap();
    }
    app.set_rejected_sign_in(UNIT);
    app.pass_proxy();
    let ask = async |path: &str, (number, place): (usize, usize), body: Value| {
        // The names are many: no network asks for too much.
        let client = app.at(format!("10.{}.{}.1", 2 * (number / 250) + place, number % 250));
        let json = [("content-type", "application/json")];
        let start = Instant::now();
        let response = client.send("POST", path, &json, Some(&body.to_string())).await;
        let time = start.elapsed();
        assert_eq!(response.status, 202, "{response:?}");
        time
    };

    let resets = differences(names, 0..pairs, async |number, place, name| {
        ask("/rollcall/v1/password-resets", (number, place), json!({ "name": name })).await
    });
    let resets = resets.await;
    let sign_ups = differences(names, 0..pairs, async |number, place, name| {
        let email = json!({ "email": format!("{name}@example.com") });
        ask("/rollcall/v1/sign-ups", (number, place), email).await
    });
    let sign_ups = sign_ups.await;

    assert_fair("a reset", resets);
    assert_fair("a sign-up", sign_ups);
}

/// By how many seconds the name that somebody has is slower, of each pair.
async fn differences(
    names: usize,
    numbers: Range<usize>,
    time: impl AsyncFn(usize, usize, String) -> Duration,
) -> Vec<f64> {
    let (mut rng, mut differences) = (Rng::with_seed(1), Vec::with_capacity(numbers.len()));
    for number in numbers {
        let pair = [known(number % names), format!("nobody{}", number % names)];
        let first = rng.usize(..2);
        let mut times = [Duration::ZERO; 2];
        for place in [first, 1 - first] {
            times[place] = time(number, place, pair[place].clone()).await;
        }
        differences.push(times[0].as_secs_f64() - times[1].as_secs_f64());
    }
    differences
}

/// Neither name is slower more often than chance makes it.
fn assert_fair(what: &str, mut differences: Vec<f64>) {
    let slower = differences.iter().filter(|difference| **difference > 0.0).count();
    let pairs = differences.len();
    let total = f64::from(u32::try_from(pairs).unwrap());
    let share = f64::from(u32::try_from(slower).unwrap()) / total;
    let bound = BOUND * (0.25 / total).sqrt();
    differences.sort_by(f64::total_cmp);
    let median = differences[pairs / 2] * 1e6;
    let verdict = format!(
        "{what}: the known name is slower in {:.1} % of {pairs} pairs (fair: 50 ± {:.1} %), by \
         {median:.0} µs in the median",
        share * 100.0,
        bound * 100.0
    );
    devkit::out::line(&verdict).unwrap();
    assert!((share - 0.5).abs() <= bound, "{verdict}");
}

fn known(number: usize) -> String {
    format!("person{number}")
}

/// How long a rejection takes, from a source that sent none before.
async fn time(app: &TestApp, (number, place): (usize, usize), name: &str, status: u16) -> Duration {
    let client = app.at(format!("10.{}.{}.1", 2 * (number / 250) + place, number % 250));
    let path = PATHS[number % PATHS.len()].replace("{}", name);
    let authorization = basic(name, "a wrong password");
    let start = Instant::now();
    let response = client.send("GET", &path, &[("authorization", &authorization)], None).await;
    let time = start.elapsed();
    assert_eq!(response.status, status, "{response:?}");
    time
}
