//! The lock against guessing passwords: ten wrong ones within 15 minutes.

use futures_util::future::join_all;
use serde_json::json;
use shared::Error;
use shared::model::UserId;
use shared::table::{
    CredentialKey, LoginAttempts, LoginSubject, Reservation, StoredCredential, Table,
};
use testkit::{Fault, TestApp};

/// The login attempts on a name, as the table has them.
async fn seen(table: &Table, guessed: &LoginSubject) -> LoginAttempts {
    let (stored, ..) = table
        .fetch_with_credential(UserId::generate(), CredentialKey::Password(guessed.clone()), ())
        .await
        .unwrap();
    let StoredCredential::Password(_, attempts) = stored else { panic!("{stored:?}") };
    attempts
}

async fn reserve(table: &Table, guessed: &LoginSubject) -> Result<Reservation, Error> {
    table.reserve_attempt(guessed, &seen(table, guessed).await).await
}

/// Seconds until the next attempt may be worth it.
fn retry_after(rejected: &Error) -> u64 {
    let Error::TooManyAttempts { retry_after } = rejected else { panic!("{rejected:?}") };
    *retry_after
}

#[tokio::test]
async fn the_tenth_wrong_password_locks_the_name_and_no_other() {
    let app = TestApp::start().await;
    for guessed in [LoginSubject::User(UserId::generate()), LoginSubject::Name([7; 32])] {
        for number in 0..10 {
            let reserved = reserve(app.table(), &guessed).await;
            app.table()
                .record_failed_attempt(reserved.unwrap_or_else(|error| panic!("{number}: {error}")))
                .await
                .unwrap();
        }

        let locked = seen(app.table(), &guessed).await.check_not_locked().unwrap_err();

        assert!((890..=900).contains(&retry_after(&locked)), "{locked:?}");
        assert!(retry_after(&reserve(app.table(), &guessed).await.unwrap_err()) > 890);
        reserve(app.table(), &LoginSubject::User(UserId::generate())).await.unwrap();
    }
}

#[tokio::test]
async fn the_tenth_wrong_password_locks_even_if_its_response_was_lost() {
    let app = TestApp::start().await;
    let guessed = LoginSubject::User(UserId::generate());
    for number in 0..10 {
        let reserved = reserve(app.table(), &guessed).await.unwrap();
        if number == 9 {
            app.proxy().disturb("UpdateItem", Fault::ResponseLost);
        }
        app.table().record_failed_attempt(reserved).await.unwrap();
    }

    let locked = seen(app.table(), &guessed).await.check_not_locked().unwrap_err();

    assert!((890..=900).contains(&retry_after(&locked)), "{locked:?}");
    assert_eq!(app.proxy().faults_left(), 0);
}

#[tokio::test]
async fn a_lock_set_after_the_attempts_were_read_holds() {
    let app = TestApp::start().await;
    let user = UserId::generate();
    let guessed = LoginSubject::User(user);
    let nothing_yet = seen(app.table(), &guessed).await;
    let until = (TestApp::in_seconds(600).as_millisecond()).to_string();
    let ttl = TestApp::in_seconds(600).as_second().to_string();
    let locked = json!({
        "pk": { "S": format!("USER#{user}") },
        "sk": { "S": "LOCKOUT" },
        "lockedUntil": { "N": until },
        "ttl": { "N": ttl },
    });
    app.engine("PutItem", json!({ "Item": locked })).await;

    let rejected = app.table().reserve_attempt(&guessed, &nothing_yet).await.unwrap_err();

    assert!((590..=600).contains(&retry_after(&rejected)), "{rejected:?}");
}

#[tokio::test]
async fn the_table_keeps_attempts_for_as_long_as_they_count() {
    let app = TestApp::start().await;
    let guessed = LoginSubject::User(UserId::generate());
    let reserved = reserve(app.table(), &guessed).await.unwrap();
    app.table().record_failed_attempt(reserved).await.unwrap();

    let items = app.items().await;

    let ttl: i64 = items[0]["ttl"]["N"].as_str().unwrap().parse().unwrap();
    assert!(ttl > TestApp::in_seconds(15 * 60).as_second(), "{items:?}");
}

#[tokio::test]
async fn right_passwords_release_their_attempts() {
    let app = TestApp::start().await;
    let guessed = LoginSubject::User(UserId::generate());

    for _ in 0..30 {
        let reserved = reserve(app.table(), &guessed).await.unwrap();
        app.table().release_attempt(reserved).await;
    }

    seen(app.table(), &guessed).await.check_not_locked().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_concurrent_guesses_ten_are_checked_and_the_others_retry_soon() {
    let app = TestApp::start().await;
    let guessed = LoginSubject::User(UserId::generate());

    let outcomes = join_all((0..100).map(|_| reserve(app.table(), &guessed))).await;

    let (through, rejected): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(through.len(), 10);
    for error in rejected {
        assert_eq!(retry_after(&error.unwrap_err()), 1, "under way is no lock");
    }
    for reserved in through {
        app.table().record_failed_attempt(reserved.unwrap()).await.unwrap();
    }
    assert!(retry_after(&reserve(app.table(), &guessed).await.unwrap_err()) > 890);
}
