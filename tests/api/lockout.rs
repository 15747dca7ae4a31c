//! Who can keep whom from signing in: attempts from many sources, by every way that takes a
//! password.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::json;
use shared::model::{Network, SessionCredential};
use shared::table::{
    Actor, CredentialKey, Login, LoginAttempts, LoginSource, LoginSubject, StoredCredential,
};
use shared::{Error, Settings};
use testkit::{ApiResponse, ClientAt, Fault, PASSWORD, Person, Service, TestApp, basic, form};

const TOKENS: &str = "/rollcall/v1/tokens";
const JSON: (&str, &str) = ("content-type", "application/json");

/// Where Jane signs in from, and another address of the same network.
const HOME: &str = "198.51.100.7";
const NEXT_DOOR: &str = "198.51.100.201";
/// Where she has never been.
const ABROAD: &str = "2001:db8:1:2::7";

/// What takes a password.
#[derive(Debug, Clone, Copy)]
enum Way {
    Rollcall,
    Hub,
    Page,
    CurrentPassword,
    SetPassword,
    Confirm,
}

const WAYS: [Way; 6] =
    [Way::Rollcall, Way::Hub, Way::Page, Way::CurrentPassword, Way::SetPassword, Way::Confirm];

/// A service where every way takes a password.
macro_rules! arranged {
    ($app:ident, $stage:ident) => {
        let mut $app = TestApp::start().await;
        $app.configure(Settings { require_current_password: true, ..Settings::default() });
        let jane = $app.person("janedoe").await;
        let $stage = Stage { app: &$app, jane };
    };
}

struct Stage<'a> {
    app: &'a TestApp,
    jane: Person<'a>,
}

impl Stage<'_> {
    /// Sends a password: 200 if it is right, 401 if it is wrong, 429 if it is not looked at.
    async fn attempt(&self, way: Way, address: &str, name: &str, password: &str) -> u16 {
        let client = self.app.at(address);
        match way {
            Way::Rollcall => sign_in(&client, TOKENS, name, password).await.status,
            Way::Hub => {
                let path = format!("/api/v1.1/users/{name}/");
                sign_in(&client, &path, name, password).await.status
            }
            Way::Page => {
                let fields = [("username", name), ("password", password)];
                send_form(&client, "/account/sign-in", &fields, "").await
            }
            // In a session of the user.
            Way::Confirm => {
                let path = "/account/confirm";
                let cookie = self.app.session(&self.jane.credentials()).await;
                let session: SessionCredential = cookie.split_once('=').unwrap().1.parse().unwrap();
                let fields = [("form_token", &*session.form_token(path)), ("password", password)];
                send_form(&client, path, &fields, &cookie).await
            }
            // With the user's token: it is the password that is guessed.
            Way::CurrentPassword => {
                let body = json!({ "password": PASSWORD, "current_password": password });
                self.set_password(&client, ("POST", "/v2/account/data"), body).await
            }
            Way::SetPassword => {
                let body = json!({ "password": PASSWORD, "currentPassword": password });
                let call = ("PUT", "/rollcall/v1/users/self/password");
                self.set_password(&client, call, body).await
            }
        }
    }

    async fn set_password(
        &self,
        client: &ClientAt<'_>,
        (method, path): (&str, &str),
        body: serde_json::Value,
    ) -> u16 {
        let headers = [("authorization", self.jane.token()), JSON];
        match client.send(method, path, &headers, Some(&body.to_string())).await.status {
            204 => 200,
            403 => 401,
            status => status,
        }
    }

    /// Jane's password, or a wrong one, by rollcall's own dialect.
    async fn jane_from(&self, address: &str, password: &str) -> u16 {
        self.attempt(Way::Rollcall, address, "janedoe", password).await
    }

    /// Strangers from 40 networks send wrong passwords at once, by every way.
    async fn strangers_guess(&self) -> BTreeMap<u16, usize> {
        let addresses: Vec<String> = (0..40).map(|number| format!("203.0.{number}.1")).collect();
        let guesses = addresses.iter().zip(WAYS.into_iter().cycle());
        let guesses =
            guesses.map(|(address, way)| self.attempt(way, address, "janedoe", "a wrong password"));
        counted(join_all(guesses).await)
    }

    /// Jane's login attempts, as the table has them.
    async fn read(&self) -> LoginAttempts {
        let key = self.app.service_key().await;
        let source = LoginSource::new(&Network::from_address(HOME), &key, []).unwrap();
        let user = self.jane.user().id;
        let login = Login { subject: LoginSubject::User(user), source };
        let key = CredentialKey::Password(login);
        match self.app.table().fetch_with_credential(user, key, ()).await.unwrap().0 {
            StoredCredential::Password(attempts) => attempts,
            other => panic!("{other:?}"),
        }
    }

    /// The operator gives Jane the same password again.
    async fn reset(&self) {
        self.app.give_password(self.jane.user().id, PASSWORD, false).await;
    }
}

/// Sends a form of a page; the status as that of an API would be.
async fn send_form(
    client: &ClientAt<'_>,
    path: &str,
    fields: &[(&str, &str)],
    cookie: &str,
) -> u16 {
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let headers = [kind, ("cookie", cookie)];
    match client.send("POST", path, &headers, Some(&form(fields))).await.status {
        303 => 200,
        403 => 401,
        status => status,
    }
}

async fn sign_in(client: &ClientAt<'_>, path: &str, name: &str, password: &str) -> ApiResponse {
    client.send("GET", path, &[("authorization", &basic(name, password))], None).await
}

/// How often each status came.
fn counted(statuses: Vec<u16>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

fn retry_after(response: &ApiResponse) -> u64 {
    assert_eq!(response.status, 429, "{response:?}");
    response.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_keep_out_who_has_signed_in_before_by_any_way() {
    for way in WAYS {
        arranged!(app, stage);
        assert_eq!(stage.attempt(way, HOME, "janedoe", PASSWORD).await, 200, "{way:?}");

        assert_eq!(stage.strangers_guess().await, [(401, 10), (429, 30)].into(), "{way:?}");

        assert_eq!(stage.jane_from(ABROAD, PASSWORD).await, 429, "never seen there: {way:?}");
        assert_eq!(stage.attempt(way, NEXT_DOOR, "janedoe", PASSWORD).await, 200, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_signed_in_can_be_kept_out_for_a_while_by_strangers() {
    arranged!(app, stage);

    assert_eq!(stage.strangers_guess().await, [(401, 10), (429, 30)].into());

    for way in WAYS {
        assert_eq!(stage.attempt(way, HOME, "janedoe", PASSWORD).await, 429, "{way:?}");
    }
    app.let_attempts_age(15 * 60).await;
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_a_user_is_known_from_has_ten_attempts_of_its_own() {
    arranged!(app, stage);
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    assert_eq!(stage.jane_from(ABROAD, PASSWORD).await, 200);

    let guesses = WAYS.into_iter().cycle().take(40);
    let guesses = guesses.map(|way| stage.attempt(way, NEXT_DOOR, "janedoe", "a wrong password"));
    assert_eq!(counted(join_all(guesses).await), [(401, 10), (429, 30)].into());

    for way in WAYS {
        assert_eq!(stage.attempt(way, HOME, "janedoe", PASSWORD).await, 429, "{way:?}");
    }
    assert_eq!(stage.jane_from(ABROAD, PASSWORD).await, 200);
    assert_eq!(stage.jane_from("203.0.113.1", PASSWORD).await, 200);
}

#[tokio::test]
async fn a_sign_in_that_the_cache_answers_elsewhere_makes_that_source_known() {
    arranged!(app, stage);
    for address in [HOME, ABROAD] {
        assert_eq!(stage.jane_from(address, PASSWORD).await, 200);
    }

    stage.strangers_guess().await;

    for address in [HOME, ABROAD] {
        assert_eq!(stage.jane_from(address, PASSWORD).await, 200, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_sends_100_wrong_passwords_to_all_names_that_are_not_known_from_it() {
    arranged!(app, stage);
    let john = app.person("johnroe").await;
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    let names = std::iter::once("johnroe@example.com".to_owned());
    let names: Vec<_> = names.chain((0..15).map(|number| format!("nobody{number}"))).collect();

    // 16 at once, so that a busy machine computes all hashes in time.
    for rejected in [0, 0, 0, 0, 0, 0, 12] {
        let guesses = names.iter();
        let guesses = guesses.map(|name| stage.attempt(Way::Rollcall, HOME, name, "wrong"));
        let statuses = counted(join_all(guesses).await);
        assert_eq!(statuses.get(&401), Some(&(16 - rejected)), "{statuses:?}");
        assert_eq!(statuses.values().sum::<usize>(), 16, "{statuses:?}");
        assert_eq!(statuses.get(&429).copied().unwrap_or_default(), rejected, "{statuses:?}");
    }

    let client = app.at(NEXT_DOOR);
    for name in ["johnroe", "nobody1", "somebody", "?"] {
        let seconds = retry_after(&sign_in(&client, TOKENS, name, PASSWORD).await);
        assert!((700..=900).contains(&seconds), "{name}: {seconds}");
    }
    let lines = testkit::request_lines("user", &john.user().id.to_string());
    assert!(lines.iter().any(|line| line["event"] == "source_limit_reached"), "{lines:?}");
    assert_eq!(stage.attempt(Way::Page, HOME, "johnroe", PASSWORD).await, 429);
    assert_eq!(stage.jane_from(HOME, "a wrong password").await, 401, "known from there");
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    assert_eq!(stage.attempt(Way::Rollcall, ABROAD, "johnroe", PASSWORD).await, 200);
    app.let_attempts_age(15 * 60).await;
    assert_eq!(stage.attempt(Way::Rollcall, HOME, "johnroe", PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_has_no_count_over_all_names() {
    arranged!(app, stage);
    let names: Vec<_> = (0..30).map(|number| format!("nobody{number}")).collect();

    for address in ["127.0.0.1", "::1", "127.0.0.2", "::ffff:127.0.0.1"] {
        let guesses = names.iter();
        let guesses = guesses.map(|name| stage.attempt(Way::Rollcall, address, name, "wrong"));
        assert_eq!(counted(join_all(guesses).await), [(401, 30)].into());
    }
}

#[tokio::test]
async fn no_header_moves_a_client_to_another_source() {
    arranged!(app, stage);
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    let client = app.at(ABROAD);
    let forwarded = format!("for={HOME}");
    let wrong = basic("janedoe", "a wrong password");

    for (name, value) in [
        ("x-forwarded-for", HOME),
        ("forwarded", &forwarded),
        ("x-real-ip", HOME),
        ("true-client-ip", HOME),
        ("cf-connecting-ip", HOME),
        ("x-client-ip", HOME),
        ("x-source-ip", HOME),
        ("cloudfront-viewer-address", "198.51.100.7:443"),
        ("x-amzn-source-ip", HOME),
        ("x-forwarded-for", "203.0.113.1, 198.51.100.7"),
    ] {
        let headers = [("authorization", wrong.as_str()), (name, value)];
        assert_eq!(client.send("GET", TOKENS, &headers, None).await.status, 401, "{name}");
    }

    assert_eq!(stage.jane_from(ABROAD, PASSWORD).await, 429, "all were counted there");
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    let headers = [("authorization", &*basic("janedoe", PASSWORD)), ("x-forwarded-for", ABROAD)];
    assert_eq!(app.at(HOME).send("GET", TOKENS, &headers, None).await.status, 200);
}

#[tokio::test]
async fn a_changed_password_lifts_every_lock_and_the_sources_stay_known() {
    arranged!(app, stage);
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    for address in [HOME, ABROAD] {
        for _ in 0..10 {
            assert_eq!(stage.jane_from(address, "a wrong password").await, 401);
        }
        assert_eq!(stage.jane_from(address, PASSWORD).await, 429);
    }

    stage.reset().await;

    assert!(stage.read().await.knows_source());
    let addresses: Vec<String> = (0..20).map(|number| format!("203.0.{number}.1")).collect();
    let guesses = addresses.iter().map(|address| stage.jane_from(address, "a wrong password"));
    assert_eq!(counted(join_all(guesses).await), [(401, 10), (429, 10)].into(), "ten new ones");
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_password_that_a_token_changes_lifts_the_lock() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.at(HOME);
    for _ in 0..10 {
        assert_eq!(sign_in(&client, TOKENS, "janedoe", "a wrong password").await.status, 401);
    }
    assert_eq!(sign_in(&client, TOKENS, "janedoe", PASSWORD).await.status, 429);

    let body = json!({ "password": "another horse battery" });
    assert_eq!(jane.send_json("POST", "/v2/account/data", &body).await.status, 200);

    assert_eq!(sign_in(&client, TOKENS, "janedoe", "another horse battery").await.status, 200);
}

#[tokio::test]
async fn the_current_password_is_taken_where_it_is_required_and_a_wrong_one_is_403() {
    arranged!(app, stage);
    let send = async |body: serde_json::Value| {
        stage.jane.send_json("POST", "/v2/account/data", &body).await
    };
    let new = "another horse battery";

    let missing = send(json!({ "password": new })).await;
    let wrong = send(json!({ "password": new, "current_password": "wrong" })).await;
    assert_eq!((missing.status, wrong.status), (400, 403), "{missing:?} {wrong:?}");
    assert!(missing.body["error"].as_str().unwrap().contains("current_password"), "{missing:?}");
    assert_eq!(wrong.body["error"], "the current password is not right");
    let own_name = send(json!({ "password": "janedoe1", "current_password": "wrong" })).await;
    assert_eq!(own_name.status, 400, "the body is looked at before: {own_name:?}");
    assert_eq!(send(json!({ "phone": "1" })).await.status, 200, "no password is changed");

    let right = send(json!({ "password": new, "current_password": PASSWORD })).await;
    assert_eq!(right.status, 200, "{right:?}");
    assert_eq!(stage.jane_from(HOME, new).await, 200);
}

#[tokio::test]
async fn attempts_of_an_earlier_password_do_not_count_and_do_not_bring_their_slots_back() {
    arranged!(app, stage);
    let table = app.table();
    let (read_before, reserved_before) =
        (stage.read().await, table.reserve_attempt(stage.read().await).await.unwrap());
    stage.reset().await;
    assert_eq!(stage.jane_from(HOME, "a wrong password").await, 401);
    let after = app.items().await;

    let late = table.reserve_attempt(read_before).await.unwrap_err();
    table.record_failed_attempt(&Actor::operator(), reserved_before).await.unwrap();

    assert!(matches!(late, Error::WriteConflict), "the user is read again: {late:?}");
    let attempts = |items: &[serde_json::Value]| {
        let own = format!("USER#{}", stage.jane.user().id);
        let is_own =
            |item: &&serde_json::Value| item["pk"]["S"] == own && item["sk"]["S"] == "LOCKOUT";
        items.iter().find(is_own).unwrap()["slots"].clone()
    };
    assert_eq!(attempts(&app.items().await), attempts(&after));
}

#[tokio::test]
async fn a_source_that_becomes_known_while_the_password_changes_stays_known() {
    arranged!(app, stage);
    let table = app.table();
    let at_home = table.reserve_attempt(stage.read().await).await.unwrap();
    stage.reset().await;
    let read_before = stage.read().await;
    table.release_attempt(at_home).await;

    let after = table.reserve_attempt(read_before).await.unwrap();
    table.record_failed_attempt(&Actor::operator(), after).await.unwrap();

    assert!(stage.read().await.knows_source());
}

#[tokio::test]
async fn a_name_costs_the_same_calls_whoever_has_it_and_wherever_it_is_known() {
    arranged!(app, stage);
    app.person("johnroe").await;
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
    let calls = async |name: &str, address: &str| {
        app.proxy().count();
        let wrong = stage.attempt(Way::Rollcall, address, name, "a wrong password").await;
        assert_eq!(wrong, 401, "{name} {address}");
        let calls = app.proxy().calls().into_iter();
        let mut calls: Vec<_> = calls.map(|call| (call.operation, call.keys)).collect();
        calls.sort();
        (calls, app.proxy().rounds())
    };

    let (known_there, rounds) = calls("janedoe", HOME).await;

    let reads = |keys| ("BatchGetItem".to_owned(), keys);
    let entry = ("TransactWriteItems".to_owned(), 0);
    let writes = vec![("UpdateItem".to_owned(), 0); 4];
    assert_eq!(known_there, [vec![reads(1), reads(3), entry], writes].concat());
    assert_eq!(rounds, 4, "claim, user, reservation, outcome");
    for name in ["janedoe", "johnroe", "nobody", "nobody@example.com", "?"] {
        for address in [ABROAD, HOME] {
            let own = calls(name, address).await;
            assert_eq!(own, (known_there.clone(), rounds), "{name} {address}");
        }
    }
}

#[tokio::test]
async fn a_list_by_a_cached_password_costs_one_round_trip_more_than_by_a_token() {
    arranged!(app, stage);
    let rounds = async |authorization: &str| {
        app.proxy().count();
        let headers = [("authorization", authorization)];
        assert_eq!(app.at(HOME).send("GET", TOKENS, &headers, None).await.status, 200);
        app.proxy().rounds()
    };
    let (token, password) = (stage.jane.token(), stage.jane.basic());

    let first = rounds(&password).await;

    assert_eq!(first, rounds(token).await + 3, "one for the name, two for the reservation");
    assert_eq!(rounds(&password).await, rounds(token).await + 1);
}

#[tokio::test]
async fn sources_stay_known_when_the_service_key_is_rotated() {
    let mut app = TestApp::start().await;
    app.person("janedoe").await;
    assert_eq!(sign_in(&app.at(HOME), TOKENS, "janedoe", PASSWORD).await.status, 200);

    app.rotate_service_key().await;
    for _ in 0..10 {
        let wrong = sign_in(&app.at(ABROAD), TOKENS, "janedoe", "a wrong password").await;
        assert_eq!(wrong.status, 401);
    }

    for _ in 0..2 {
        assert_eq!(sign_in(&app.at(HOME), TOKENS, "janedoe", PASSWORD).await.status, 200);
    }
    assert_eq!(sign_in(&app.at(ABROAD), TOKENS, "janedoe", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn an_attempt_that_conflicts_with_a_transaction_is_sent_again() {
    for after in 0..4 {
        arranged!(app, stage);
        let conflict = Fault::Rejected("TransactionConflictException");
        app.proxy().disturb_at("UpdateItem", after, conflict);

        assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200, "{after}");

        assert_eq!(app.proxy().faults_left(), 0, "{after}");
        let items = app.items().await;
        let attempts = items.iter().filter(|item| item["sk"]["S"] == "LOCKOUT");
        assert!(attempts.clone().all(|item| !item.to_string().contains("until")), "{after}");
    }
}

#[tokio::test]
async fn a_slot_is_given_back_if_the_other_one_could_not_be_reserved() {
    arranged!(app, stage);
    for after in [0, 1] {
        let denied = Fault::Rejected("AccessDeniedException");
        app.proxy().disturb_at("UpdateItem", after, denied);

        assert_eq!(stage.jane_from(HOME, PASSWORD).await, 500, "{after}");

        let reserved = app.items().await;
        let reserved = reserved.iter().filter(|item| item["sk"]["S"] == "LOCKOUT");
        assert!(reserved.clone().all(|item| !item.to_string().contains("until")), "{after}");
    }
    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_source_that_cannot_be_noted_does_not_prevent_signing_in() {
    arranged!(app, stage);
    // Two reserve, then one of two gives back.
    for after in [2, 3] {
        let denied = Fault::Rejected("AccessDeniedException");
        app.proxy().disturb_at("UpdateItem", after, denied);
        assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200, "{after}");
        app.proxy().calm().unwrap();
    }

    assert_eq!(stage.jane_from(HOME, PASSWORD).await, 200);

    assert!(stage.read().await.knows_source());
}
