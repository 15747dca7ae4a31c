//! Whether the time that a wrong password takes tells if somebody has the name: many pairs of one
//! that somebody has and one that nobody has, in random order.
//!
//! `cargo xtask verify` runs it over optimised code. `ROLLCALL_TIMING_PAIRS` says how many pairs.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::time::{Duration, Instant};

use fastrand::Rng;
use shared::model::TokenKind;
use testkit::{Service, TestApp, basic};

const PAIRS: usize = 2_000;
/// A name takes ten wrong passwords.
const NAMES: usize = PAIRS / 10;
/// What a user has, which a list would show.
const TOKENS: usize = 20;
/// How many standard deviations the share may differ from one half: a fair run fails once in 1,000
/// times.
const BOUND: f64 = 3.3;

/// The paths that take a password, with what is read besides it.
const PATHS: [&str; 3] =
    ["/rollcall/v1/tokens?limit=100", "/rollcall/v1/tokens/self", "/api/v1.1/users/{}/emails/"];

#[tokio::test]
async fn a_wrong_password_takes_as_long_whether_or_not_somebody_has_the_name() {
    let pairs = std::env::var("ROLLCALL_TIMING_PAIRS").ok();
    let pairs = pairs.map_or(PAIRS, |pairs| pairs.parse().unwrap()).min(PAIRS);
    let mut app = TestApp::start().await;
    for number in 0..NAMES.min(pairs) {
        let person = app.person(&known(number)).await;
        for _ in 0..TOKENS {
            person.new_token(TokenKind::User, None, None).await;
        }
    }
    app.pass_proxy();
    let (mut rng, mut differences) = (Rng::with_seed(1), Vec::with_capacity(pairs));
    for number in 0..pairs {
        let names = [known(number % NAMES), format!("nobody{}", number % NAMES)];
        let first = rng.usize(..2);
        let mut times = [Duration::ZERO; 2];
        for place in [first, 1 - first] {
            times[place] = time(&app, (number, place), &names[place]).await;
        }
        differences.push(times[0].as_secs_f64() - times[1].as_secs_f64());
    }

    let slower = differences.iter().filter(|difference| **difference > 0.0).count();
    let total = f64::from(u32::try_from(pairs).unwrap());
    let share = f64::from(u32::try_from(slower).unwrap()) / total;
    let bound = BOUND * (0.25 / total).sqrt();
    differences.sort_by(f64::total_cmp);
    let median = differences[pairs / 2] * 1e6;
    let verdict = format!(
        "the known name was slower in {:.1} % of {pairs} pairs (fair: 50 ± {:.1} %), by {median:.0} \
         µs in the median",
        share * 100.0,
        bound * 100.0
    );
    devkit::out::line(&verdict).unwrap();
    assert!((share - 0.5).abs() <= bound, "{verdict}");
}

fn known(number: usize) -> String {
    format!("person{number}")
}

/// How long a wrong password takes, from a source that sent none before.
async fn time(app: &TestApp, (number, place): (usize, usize), name: &str) -> Duration {
    let client = app.at(format!("10.{}.{}.1", 2 * (number / 250) + place, number % 250));
    let path = PATHS[number % PATHS.len()].replace("{}", name);
    let authorization = basic(name, "a wrong password");
    let start = Instant::now();
    let response = client.send("GET", &path, &[("authorization", &authorization)], None).await;
    let time = start.elapsed();
    assert_eq!(response.status, 401, "{response:?}");
    time
}
