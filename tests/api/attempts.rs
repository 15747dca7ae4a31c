//! The lock against guessing passwords: ten wrong ones within 15 minutes.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::Error;
use shared::model::{Network, ServiceKey, UserId};
use shared::table::{
    Actor, CredentialKey, Login, LoginAttempts, LoginSource, LoginSubject, Reservation,
    StoredCredential, Table,
};
use testkit::{Fault, TestApp};

const DAY: i64 = 86_400;

/// An attempt on a name, from an address.
fn login(subject: LoginSubject, address: &str) -> Login {
    let key = ServiceKey::new("1".to_owned(), "a service key of the tests".to_owned());
    let source = LoginSource::new(&Network::from_address(address), &key, []).unwrap();
    Login { subject, source }
}

/// An attempt on an unknown user, from this machine.
fn on_user() -> Login {
    login(LoginSubject::User(UserId::generate()), "127.0.0.1")
}

/// The login attempts that one adds to, as the table has them.
async fn seen(table: &Table, login: &Login) -> LoginAttempts {
    let (stored, ..) = table
        .fetch_with_credential(UserId::generate(), CredentialKey::Password(login.clone()), ())
        .await
        .unwrap();
    let StoredCredential::Password(attempts) = stored else { panic!("{stored:?}") };
    attempts
}

async fn reserve(table: &Table, login: &Login) -> Result<Reservation, Error> {
    table.reserve_attempt(seen(table, login).await).await
}

/// An attempt with a wrong password.
async fn fail(table: &Table, login: &Login) {
    let reserved = reserve(table, login).await.unwrap();
    table.record_failed_attempt(&Actor::operator(), reserved).await.unwrap();
}

/// Seconds until the next attempt may be worth it.
fn retry_after(rejected: &Error) -> u64 {
    match rejected {
        Error::TooManyAttempts { retry_after } => retry_after.as_secs(),
        Error::AttemptsInProgress => 1,
        _ => panic!("{rejected:?}"),
    }
}

#[tokio::test]
async fn the_tenth_wrong_password_locks_the_name_and_no_other() {
    let app = TestApp::start().await;
    for subject in [LoginSubject::User(UserId::generate()), LoginSubject::Name([7; 32])] {
        let guessed = login(subject, "192.0.2.1");
        for _ in 0..10 {
            fail(app.table(), &guessed).await;
        }

        let locked = seen(app.table(), &guessed).await.check_not_locked().unwrap_err();

        assert!((890..=900).contains(&retry_after(&locked)), "{locked:?}");
        assert!(retry_after(&reserve(app.table(), &guessed).await.unwrap_err()) > 890);
        let other = LoginSubject::User(UserId::generate());
        let _ = reserve(app.table(), &login(other, "192.0.2.1")).await.unwrap();
    }
}

#[tokio::test]
async fn the_tenth_wrong_password_locks_even_if_its_response_was_lost() {
    let app = TestApp::start().await;
    let guessed = on_user();
    for number in 0..10 {
        let reserved = reserve(app.table(), &guessed).await.unwrap();
        if number == 9 {
            app.proxy().disturb("UpdateItem", Fault::ResponseLost);
        }
        app.table().record_failed_attempt(&Actor::operator(), reserved).await.unwrap();
    }

    let locked = seen(app.table(), &guessed).await.check_not_locked().unwrap_err();

    assert!((890..=900).contains(&retry_after(&locked)), "{locked:?}");
    assert_eq!(app.proxy().faults_left(), 0);
}

#[tokio::test]
async fn a_lock_set_after_the_attempts_were_read_holds() {
    let app = TestApp::start().await;
    let guessed = on_user();
    let nothing_yet = seen(app.table(), &guessed).await;
    for _ in 0..10 {
        fail(app.table(), &guessed).await;
    }

    let rejected = app.table().reserve_attempt(nothing_yet).await.unwrap_err();

    assert!((890..=900).contains(&retry_after(&rejected)), "{rejected:?}");
}

#[tokio::test]
async fn the_table_keeps_attempts_for_as_long_as_they_count_and_names_no_address() {
    let app = TestApp::start().await;
    for subject in [LoginSubject::User(UserId::generate()), LoginSubject::Name([7; 32])] {
        fail(app.table(), &login(subject, "192.0.2.1")).await;
    }

    let items = app.items().await;

    let attempts = items.iter().filter(|item| item["sk"]["S"] == "LOCKOUT");
    assert_eq!(attempts.count(), 3, "two names and a source: {items:?}");
    for item in &items {
        let ttl: i64 = item["ttl"]["N"].as_str().unwrap().parse().unwrap();
        assert!(ttl > TestApp::in_seconds(15 * 60).as_second(), "{item}");
        assert!(!item.to_string().contains("192.0"), "{item}");
    }
}

#[tokio::test]
async fn right_passwords_release_their_attempts() {
    let app = TestApp::start().await;
    let (known, unknown) = (on_user(), login(LoginSubject::Name([7; 32]), "192.0.2.1"));

    for guessed in [known, unknown] {
        for _ in 0..101 {
            let reserved = reserve(app.table(), &guessed).await.unwrap();
            app.table().release_attempt(reserved).await;
        }

        seen(app.table(), &guessed).await.check_not_locked().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_concurrent_guesses_ten_are_checked_and_the_others_retry_soon() {
    let app = TestApp::start().await;
    let guessed = on_user();

    let outcomes = join_all((0..100).map(|_| reserve(app.table(), &guessed))).await;

    let (through, rejected): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(through.len(), 10);
    for error in rejected {
        assert_eq!(retry_after(&error.unwrap_err()), 1, "in progress is no lock");
    }
    for reserved in through {
        app.table().record_failed_attempt(&Actor::operator(), reserved.unwrap()).await.unwrap();
    }
    assert!(retry_after(&reserve(app.table(), &guessed).await.unwrap_err()) > 890);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_120_concurrent_guesses_at_as_many_names_100_of_a_source_are_checked() {
    let app = TestApp::start().await;
    let names = (0..120).map(|_| login(LoginSubject::User(UserId::generate()), "192.0.2.1"));
    let names: Vec<Login> = names.collect();

    // 40 at once, so that every call gets its response in time.
    let mut outcomes = Vec::new();
    for some in names.chunks(40) {
        outcomes.extend(join_all(some.iter().map(|login| reserve(app.table(), login))).await);
    }

    let (through, rejected): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(through.len(), 100);
    for error in rejected {
        assert_eq!(retry_after(&error.unwrap_err()), 1, "in progress is no lock");
    }
    for reserved in through {
        app.table().record_failed_attempt(&Actor::operator(), reserved.unwrap()).await.unwrap();
    }
    for guessed in &names[..3] {
        assert!(retry_after(&reserve(app.table(), guessed).await.unwrap_err()) > 800);
    }
    let elsewhere = Login { subject: names[0].subject.clone(), ..on_user() };
    let _ = reserve(app.table(), &elsewhere).await.unwrap();
}

#[tokio::test]
async fn what_a_rejected_attempt_reserved_it_gives_back() {
    let app = TestApp::start().await;
    let subject = LoginSubject::User(UserId::generate());
    let guessed = login(subject.clone(), "192.0.2.1");
    let nothing_yet = seen(app.table(), &guessed).await;
    for _ in 0..10 {
        fail(app.table(), &login(subject.clone(), "127.0.0.1")).await;
    }

    app.table().reserve_attempt(nothing_yet).await.unwrap_err();

    let items = app.items().await;
    let source = items.iter().find(|item| item["pk"]["S"].as_str().unwrap().starts_with("SOURCE#"));
    assert_eq!(source.unwrap()["slots"]["M"]["other"], json!({ "M": {} }));
}

#[tokio::test]
async fn a_user_is_known_from_the_20_sources_that_it_signed_in_from_last() {
    let app = TestApp::start().await;
    let subject = LoginSubject::User(UserId::generate());
    let from = |number: usize| login(subject.clone(), &format!("192.0.{number}.1"));
    for number in 0..25 {
        let reserved = reserve(app.table(), &from(number)).await.unwrap();
        app.table().release_attempt(reserved).await;
        // From the first one again and again: it is never unused for longest.
        let reserved = reserve(app.table(), &from(0)).await.unwrap();
        app.table().release_attempt(reserved).await;
    }

    for number in 0..25 {
        let is_known = seen(app.table(), &from(number)).await.knows_source();
        assert_eq!(is_known, number == 0 || number >= 6, "{number}");
    }
}

#[tokio::test]
async fn a_source_is_known_for_30_days_after_the_last_sign_in() {
    let app = TestApp::start().await;
    let known = login(LoginSubject::User(UserId::generate()), "192.0.2.1");
    let reserved = reserve(app.table(), &known).await.unwrap();
    app.table().release_attempt(reserved).await;
    assert!(seen(app.table(), &known).await.knows_source());

    for (days, is_known) in [(29, true), (31, false)] {
        let then = TestApp::in_seconds(-days * 24 * 60 * 60).as_millisecond().to_string();
        let item = app.items().await.remove(0);
        let mut item = if item["pk"]["S"].as_str().unwrap().starts_with("USER#") {
            item
        } else {
            app.items().await.remove(1)
        };
        for (name, set) in item["slots"]["M"].as_object_mut().unwrap() {
            if name != "other" {
                set["M"]["signedInAt"]["N"] = json!(then);
            }
        }
        app.engine("PutItem", json!({ "Item": item })).await;

        assert_eq!(seen(app.table(), &known).await.knows_source(), is_known, "{days}");
    }
    let reserved = reserve(app.table(), &known).await.unwrap();
    app.table().release_attempt(reserved).await;
    assert!(seen(app.table(), &known).await.knows_source(), "known again");
}

/// The item with the attempts on the one user who has any.
async fn item_of_user(app: &TestApp) -> Value {
    let is_users = |item: &Value| item["pk"]["S"].as_str().unwrap().starts_with("USER#");
    app.items().await.into_iter().find(is_users).unwrap()
}

/// When the table may delete an item, in days from now.
fn days_left(item: &Value) -> i64 {
    let ttl: i64 = item["ttl"]["N"].as_str().unwrap().parse().unwrap();
    (ttl - TestApp::in_seconds(-60).as_second()) / DAY
}

async fn set_ttl(app: &TestApp, seconds: i64) {
    let mut item = item_of_user(app).await;
    item["ttl"]["N"] = json!(TestApp::in_seconds(seconds).as_second().to_string());
    app.engine("PutItem", json!({ "Item": item })).await;
}

async fn sign_in(table: &Table, login: &Login) {
    let reserved = reserve(table, login).await.unwrap();
    table.release_attempt(reserved).await;
}

#[tokio::test]
async fn a_source_is_forgotten_by_the_first_attempt_30_days_after_its_last_sign_in() {
    let app = TestApp::start().await;
    let subject = LoginSubject::User(UserId::generate());
    let [home, work, abroad] =
        ["192.0.2.1", "198.51.100.1", "203.0.113.1"].map(|address| login(subject.clone(), address));
    sign_in(app.table(), &home).await;
    app.let_attempts_age(15 * DAY).await;
    sign_in(app.table(), &work).await;
    app.let_attempts_age(14 * DAY).await;
    fail(app.table(), &abroad).await;
    assert_eq!(item_of_user(&app).await["slots"]["M"].as_object().unwrap().len(), 3);
    app.let_attempts_age(2 * DAY).await;

    fail(app.table(), &abroad).await;

    assert_eq!(item_of_user(&app).await["slots"]["M"].as_object().unwrap().len(), 2);
    assert!(seen(app.table(), &work).await.knows_source());
}

#[tokio::test]
async fn only_a_sign_in_prolongs_what_is_known_of_sources() {
    let app = TestApp::start().await;
    let subject = LoginSubject::User(UserId::generate());
    let (home, abroad) = (login(subject.clone(), "192.0.2.1"), login(subject, "203.0.113.1"));
    fail(app.table(), &abroad).await;
    assert_eq!(days_left(&item_of_user(&app).await), 0);
    sign_in(app.table(), &home).await;
    assert_eq!(days_left(&item_of_user(&app).await), 30);
    set_ttl(&app, 10 * DAY).await;

    fail(app.table(), &abroad).await;
    fail(app.table(), &home).await;

    assert_eq!(days_left(&item_of_user(&app).await), 10);
    // The item would be deleted before the attempt counts no more, but for a sign-in meanwhile.
    set_ttl(&app, 10 * 60).await;
    let read_before = seen(app.table(), &abroad).await;
    sign_in(app.table(), &home).await;
    let _ = app.table().reserve_attempt(read_before).await.unwrap();
    assert_eq!(days_left(&item_of_user(&app).await), 30);
}
