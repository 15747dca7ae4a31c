//! What matters to security leaves a trace in the log, without secrets, names and addresses.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::Settings;
use shared::telemetry::SecurityEvent;
use testkit::{
    ConsentPage, OAuthClient, PASSWORD, Person, Service, TestApp, basic, form, operation,
    operations, own_last_request_line, sign, token_id,
};

use crate::meanwhile::with_meanwhile;

const CALLBACK: &str = "https://client.example.com/callback";
const PROFILE: &str = "/api/v1.1/users/janedoe/";
const HOME: &str = "198.51.100.7";
const NEXT_DOOR: &str = "198.51.100.201";
const ABROAD: &str = "2001:db8:1:2::7";

/// The line of the request that was sent last.
fn line() -> Value {
    own_last_request_line().unwrap()
}

fn event() -> Value {
    line()["event"].clone()
}

fn id(person: &Person<'_>) -> Value {
    json!(person.user().id)
}

/// Sends a wrong password by `Basic` and returns the line.
async fn guess(app: &TestApp, address: &str, name: &str) -> Value {
    let wrong = basic(name, "a wrong password");
    let headers = [("authorization", wrong.as_str())];
    app.at(address).send("GET", PROFILE, &headers, None).await;
    line()
}

#[tokio::test]
async fn a_rejected_sign_in_leaves_the_users_id_and_the_source_as_a_keyed_hash() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let known = guess(&app, HOME, "janedoe").await;
    let address = guess(&app, HOME, "janedoe@example.com").await;
    let unknown = guess(&app, NEXT_DOOR, "nobody1").await;
    let abroad = guess(&app, ABROAD, "janedoe").await;

    for line in [&known, &address, &unknown, &abroad] {
        assert_eq!(line["event"], "sign_in_rejected");
        let source = line["source"].as_str().unwrap();
        assert!(source.len() == 24 && source.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let text = line.to_string();
        for secret in ["janedoe", "nobody1", "198.51.100", "2001:db8", "wrong"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    assert_eq!([&known["user"], &address["user"], &abroad["user"]], [&id(&jane); 3]);
    assert_eq!(unknown["user"], Value::Null);
    assert_eq!(known["source"], unknown["source"]);
    assert_ne!(known["source"], abroad["source"]);
}

#[tokio::test]
async fn the_page_and_the_current_password_leave_the_same_trace_and_a_right_one_no_event() {
    let mut app = TestApp::start().await;
    app.configure(Settings { require_current_password: true, ..Settings::default() });
    let jane = app.person("janedoe").await;
    let form_type = ("content-type", "application/x-www-form-urlencoded");

    let wrong = form(&[("username", "janedoe"), ("password", "a wrong password")]);
    app.send("POST", "/account/sign-in", &[form_type], Some(&wrong)).await;
    let by_page = line();
    let body = json!({ "password": PASSWORD, "current_password": "a wrong password" });
    jane.send_json("POST", "/v2/account/data", &body).await;
    let by_current = line();
    let right = jane.basic();
    app.send("GET", PROFILE, &[("authorization", right.as_str())], None).await;

    for line in [by_page, by_current] {
        assert_eq!((&line["event"], &line["user"]), (&json!("sign_in_rejected"), &id(&jane)));
        assert!(line["source"].is_string(), "{line}");
    }
    assert_eq!((line()["event"].clone(), line()["user"].clone()), (Value::Null, id(&jane)));
    assert!(line()["source"].is_string(), "where a sign-in came from");
}

#[tokio::test]
async fn a_form_of_another_session_request_or_site_is_an_event() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let path = client.authorize_path("profile_read");
    let page = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let other_session = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let more = client.authorize_path("email_read");
    let other_request = ConsentPage::open_in(&app, &more, page.cookie()).await;

    for (token, site) in [
        ("", "same-origin"),
        ("AAAA", "same-origin"),
        (&other_session.form_token, "same-origin"),
        (&other_request.form_token, "same-origin"),
        (&page.form_token, "cross-site"),
    ] {
        let fields = [("form_token", token), ("scopes", "profile_read"), ("decision", "allow")];
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [form_type, ("cookie", page.cookie()), ("sec-fetch-site", site)];
        let shown = app.send("POST", &path, &headers, Some(&form(&fields))).await;
        assert_eq!((shown.status, &line()["event"]), (403, &json!("form_rejected")), "{token}");
    }
}

#[tokio::test]
async fn a_lock_is_an_event_of_its_own_for_known_and_unknown_names() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (name, user) in [("janedoe", id(&jane)), ("nobody1", Value::Null)] {
        for _ in 0..10 {
            assert_eq!(guess(&app, ABROAD, name).await["event"], "sign_in_rejected");
        }
        let locked = guess(&app, ABROAD, name).await;
        assert_eq!((&locked["event"], &locked["user"]), (&json!("sign_in_locked"), &user));
        assert_eq!(locked["RejectedSignIns"], 1);
    }
}

#[tokio::test]
async fn an_answer_of_a_passkey_that_another_request_used_first_is_a_rejected_sign_in() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let cookie = app.session(&jane.credentials()).await;
    let mut device = app.new_passkey(&cookie).await;

    for (purpose, session, status) in
        [("sign-in", None, 401), ("confirmation", Some(cookie.as_str()), 403)]
    {
        let asked = app.asked_passkey(purpose, session).await;
        let signed = device.sign(&asked.options);
        let answer = async || app.answer_passkey(purpose, session, &asked, &signed).await.status;

        let meanwhile = async { assert_eq!(answer().await, 200, "{purpose}") };
        let late = Box::pin(with_meanwhile(&app, answer(), meanwhile)).await;

        assert_eq!(late, status, "{purpose}");
        let line = line();
        let recorded = (&line["event"], &line["RejectedSignIns"]);
        assert_eq!(recorded, (&json!("sign_in_rejected"), &json!(1)), "{purpose}");
    }
    // A device that says of nobody that the passkey is theirs.
    device.user = None;
    let asked = app.asked_passkey("sign-in", None).await;
    app.answer_passkey("sign-in", None, &asked, &device.sign(&asked.options)).await;
    assert_eq!(event(), "sign_in_rejected");
}

#[tokio::test]
async fn cloudwatch_counts_rejected_sign_ins_over_all_routes_and_nothing_else() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    let directives = |line: &Value| line["_aws"]["CloudWatchMetrics"].clone();
    assert_eq!(directives(&line()), Value::Null);

    let rejected = guess(&app, HOME, "janedoe").await;

    assert_eq!(
        directives(&rejected),
        json!([{
            "Namespace": "Rollcall",
            "Dimensions": [[]],
            "Metrics": [{ "Name": "RejectedSignIns", "Unit": "Count" }],
        }])
    );
}

#[tokio::test]
async fn a_code_or_refresh_token_that_comes_again_names_client_and_user() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let refresh = async |token: &str| {
        client.token(&app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
        line()
    };

    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    client.redeem(&app, &code).await;
    let redeemed = line();
    client.redeem(&app, &code).await;
    let replayed = line();
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let spent = refresh(&tokens.refresh).await;
    let retried = refresh(&tokens.refresh).await;
    let mut grant = app.items_of("grant").await.remove(0);
    let past = json!({ "S": TestApp::in_seconds(-11).to_string() });
    grant["refresh"]["M"]["spent"]["L"][0]["M"]["spentAt"] = past;
    app.engine("PutItem", json!({ "Item": grant })).await;
    let replayed_refresh = refresh(&tokens.refresh).await;

    for (line, event) in [
        (redeemed, Value::Null),
        (replayed, json!("code_replayed")),
        (spent, Value::Null),
        (retried, json!("refresh_token_retried")),
        (replayed_refresh, json!("refresh_token_replayed")),
    ] {
        assert_eq!(
            (&line["event"], &line["client"], &line["user"]),
            (&event, &json!(client.id), &id(&jane))
        );
    }
}

#[tokio::test]
async fn lines_of_oauth_name_the_client_and_the_user() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let both = || (line()["client"].clone(), line()["user"].clone());
    let expected = (json!(client.id), id(&jane));
    let basic = client.basic();
    let post = async |path: &str, token: &str| {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [("authorization", basic.as_str()), form_type];
        app.send("POST", path, &headers, Some(&form(&[("token", token)]))).await;
    };

    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    assert_eq!(both(), expected, "consent");
    let tokens = client.redeem(&app, &code).await;
    assert_eq!(both(), expected, "tokens");
    let bearer = format!("Bearer {}", tokens.text("access_token"));
    app.send("GET", PROFILE, &[("authorization", &bearer)], None).await;
    assert_eq!(both(), expected, "a call with the access token");
    for path in ["/rollcall/v1/introspect", "/api/v1.1/o/introspect/", "/api/v1.1/o/revoke_token/"]
    {
        post(path, tokens.text("access_token")).await;
        assert_eq!(both(), expected, "{path}");
    }
    let stranger = OAuthClient { secret: "rcs_wrong".to_owned(), ..client.clone() };
    stranger.redeem(&app, &code).await;
    assert_eq!((event(), both()), (json!("client_rejected"), (json!(client.id), Value::Null)));
    for id in ["0197a1b2c3d4e5f607182931", "nobody"] {
        let unknown = OAuthClient { id: id.to_owned(), ..client.clone() };
        unknown.redeem(&app, &code).await;
        assert_eq!(
            (event(), both()),
            (json!("client_rejected"), (Value::Null, Value::Null)),
            "{id}"
        );
        let basic = unknown.basic();
        let headers = [
            ("authorization", basic.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        app.send("POST", "/rollcall/v1/introspect", &headers, Some("token=x")).await;
        assert_eq!(event(), json!("client_rejected"), "{id}");
    }
}

#[tokio::test]
async fn a_signature_that_is_wrong_or_comes_again_is_an_event_with_the_user() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, secret) = jane.api_key();
    let mut signed = operation("e24-create-api-key").of(&jane.account(), "");
    sign(&mut signed, &key, secret);
    let parts = |line: &Value| (line["event"].clone(), line["user"].clone());

    // Another one, and what is no base64.
    for mac in ["AAAA", "!"] {
        let mut wrong = signed.clone();
        wrong["headers"]["authorization"] = json!(format!("{key}:{mac}"));
        app.send_event(&wrong).await;
        assert_eq!(parts(&line()), (json!("signature_rejected"), id(&jane)), "{mac}");
    }
    app.send_event(&signed).await;
    app.send_event(&signed).await;

    assert_eq!(parts(&line()), (json!("signature_replayed"), id(&jane)));
}

#[tokio::test]
async fn a_token_that_was_revoked_is_an_event_with_the_user_in_every_dialect() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/rollcall/v1/tokens/{}", token_id(jane.token()).unwrap());
    let revoked = jane.send("DELETE", &path).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");

    for path in
        ["/api/public/v1/accounts", "/v1/accounts?email=a%40b.ch", "/v2/account", PROFILE, &path]
    {
        assert_eq!(jane.send("GET", path).await.status, 401, "{path}");
        assert_eq!((event(), &line()["user"]), (json!("token_rejected"), &id(&jane)), "{path}");
    }
    // One that works, with the name of another user.
    let john = app.person("johnroe").await;
    let named = basic("janedoe", john.token());
    app.send("GET", PROFILE, &[("authorization", &named)], None).await;
    assert_eq!((event(), &line()["user"]), (json!("token_rejected"), &id(&john)));
    app.send("GET", PROFILE, &[("authorization", "Bearer rcu_nothing")], None).await;
    assert_eq!(event(), Value::Null, "it has not the form of a token");
}

#[tokio::test]
async fn what_is_done_by_a_link_has_its_user_and_its_source() {
    for operation in operations() {
        let is_by_link = operation.success() < 300
            && [
                "pages-join-by-invitation",
                "pages-prove-email",
                "pages-reset-password",
                "pages-sign-up",
                "rollcall-reset-password",
                "rollcall-sign-up",
            ]
            .contains(&operation.name);
        if !is_by_link {
            continue;
        }
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let before: Vec<Value> = app.items_of("user").await;
        let mut sent = app.event(&operation, &jane).await;
        sent["requestContext"]["http"]["sourceIp"] = json!("198.51.100.7");

        app.send_event(&sent).await;

        let line = line();
        assert!(line["event"].is_string(), "{operation}: {line}");
        assert_eq!(line["credential"], "link", "{operation}");
        assert_eq!(line["source"].as_str().unwrap().len(), 24, "{operation}");
        let user = line["user"].as_str().unwrap_or_else(|| panic!("{operation}: {line}"));
        let users = app.items_of("user").await;
        assert!(users.iter().any(|item| item["id"]["S"] == user), "{operation}");
        let is_new = !before.iter().any(|item| item["id"]["S"] == user);
        assert_eq!(is_new, operation.name != "pages-prove-email", "{operation}");
    }
}

#[tokio::test]
async fn a_source_that_asks_for_too_many_mails_is_an_event_with_the_source() {
    let mut app = TestApp::start().await;
    let _post = app.start_mail().await;
    let ask = async |name: &str| {
        let body = json!({ "name": name }).to_string();
        let mut event = operation("rollcall-request-password-reset").of("", "");
        event["body"] = json!(body);
        event["headers"]["content-length"] = json!(body.len().to_string());
        event["requestContext"]["http"]["sourceIp"] = json!("198.51.100.7");
        app.send_event(&event).await.status
    };
    assert_eq!(ask("nobody0").await, 202);
    let first = line();
    assert_eq!((&first["event"], first["source"].is_string()), (&Value::Null, true), "{first}");
    for item in app.items_of("sourceRequests").await {
        let change = json!({
            "Key": { "pk": item["pk"], "sk": item["sk"] },
            "UpdateExpression": "SET requests = :all",
            "ExpressionAttributeValues": { ":all": { "N": "100" } },
        });
        app.engine("UpdateItem", change).await;
    }

    assert_eq!(ask("nobody1").await, 429);

    let line = line();
    assert_eq!(line["event"], "mail_limit_reached");
    assert_eq!(line["source"], first["source"]);
}

/// The event of a success of an operation, sent as its example.
fn expected(name: &str) -> Option<&'static str> {
    Some(match name {
        "e24-create-account"
        | "pages-join-by-invitation"
        | "pages-sign-up"
        | "rollcall-sign-up" => "user_created",
        "hub-add-email" | "pages-add-email" | "rollcall-add-email" => "email_added",
        "hub-delete-email" | "pages-remove-email" | "rollcall-delete-email" => "email_removed",
        "hub-update-email" | "pages-set-primary-email" | "rollcall-update-email" => {
            "primary_email_changed"
        }
        "pages-change-password"
        | "pages-reset-password"
        | "rollcall-reset-password"
        | "rollcall-set-password" => "password_changed",
        "pages-prove-email" => "email_proved",
        "e24-add-ssh-key"
        | "e24-create-api-key"
        | "e24-renew-api-secret"
        | "e24-renew-s3-secret"
        | "pages-add-ssh-key"
        | "pages-create-api-key"
        | "pages-create-token"
        | "pages-renew-api-key"
        | "pages-renew-recovery-codes"
        | "pages-renew-s3-key"
        | "pages-rotate-token"
        | "pages-turn-on-second-factor"
        | "passkeys-register"
        | "rollcall-add-ssh-key"
        | "rollcall-create-api-key"
        | "rollcall-create-token"
        | "rollcall-rotate-token" => "credential_created",
        "e24-delete-api-key"
        | "e24-delete-ssh-key"
        | "pages-delete-api-key"
        | "pages-delete-ssh-key"
        | "pages-remove-passkey"
        | "pages-revoke-token"
        | "pages-turn-off-second-factor"
        | "rollcall-delete-api-key"
        | "rollcall-delete-ssh-key"
        | "rollcall-remove-second-factor"
        | "rollcall-revoke-token" => "credential_revoked",
        "pages-complete-sign-in" | "pages-sign-in" | "passkeys-sign-in" => "session_created",
        "pages-end-other-sessions"
        | "pages-end-session"
        | "pages-sign-out"
        | "rollcall-end-session"
        | "rollcall-end-sessions" => "session_ended",
        "hub-oauth-decide" => "grant_created",
        "hub-oauth-revoke" | "pages-revoke-app" | "rollcall-revoke-grant" => "grant_revoked",
        _ => return None,
    })
}

#[tokio::test]
async fn an_operation_on_credentials_users_or_addresses_is_an_event_and_no_other_is() {
    for operation in operations() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let sent = app.event(&operation, &jane).await;

        let response = app.send_event(&sent).await;

        assert_eq!(response.status, operation.success(), "{operation}");
        assert_eq!(event().as_str(), expected(operation.name), "{operation}");
    }
}

#[tokio::test]
async fn a_link_that_an_admin_hands_over_is_a_credential_that_was_made() {
    let mut app = TestApp::start().await;
    let _post = app.start_mail().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    jane.credentials().prove_address(&app).await;
    let path = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let json_type = ("content-type", "application/json");
    let once = [("authorization", jane.token()), json_type, ("idempotency-key", "once")];
    let with_key = json!({ "email": "once@example.com", "role": "admin", "deliver": "link" });
    let with_key = with_key.to_string();

    for (address, deliver, status, event) in [
        ("mary@example.com", json!("mail"), 201, Value::Null),
        ("mary@example.com", json!("link"), 200, json!("credential_created")),
        (john.email(), json!("link"), 201, json!("credential_created")),
        (jane.email(), json!("link"), 409, Value::Null),
        ("mary@example.com", json!("nothing"), 400, Value::Null),
    ] {
        let body = json!({ "email": address, "role": "admin", "deliver": deliver });
        let sent = jane.send_json("POST", &path, &body).await;
        assert_eq!(sent.status, status, "{sent:?}");
        let line = line();
        assert_eq!((&line["event"], &line["user"]), (&event, &id(&jane)), "{address} {deliver}");
        let account = json!(jane.account());
        assert!(status >= 300 || line["account"] == account, "{address} {deliver}: {line}");
    }
    for event in [json!("credential_created"), Value::Null] {
        let sent = app.send("POST", &path, &once, Some(&with_key)).await;
        assert_eq!((sent.status, &line()["event"]), (201, &event), "{sent:?}");
    }
}

#[tokio::test]
async fn who_joins_by_a_link_is_an_event_only_with_a_new_user_or_a_proved_address() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let (john, mary) = (app.person("johnroe").await, app.person("marymajor").await);
    jane.credentials().prove_address(&app).await;
    post.deliver().await;
    let path = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let at = |link: &str| format!("/rollcall/v1/invitations/{}", link.rsplit_once('/').unwrap().1);
    let invite = async |address: &str, deliver: &str| {
        let body = json!({ "email": address, "role": "member", "deliver": deliver });
        let sent = jane.send_json("POST", &path, &body).await;
        assert_eq!(sent.status, 201, "{sent:?}");
        sent
    };
    let handed = at(invite(john.email(), "link").await.text("link"));
    let declined = at(invite("other@example.com", "link").await.text("link"));
    let free = at(invite("free@example.com", "link").await.text("link"));
    invite(mary.email(), "mail").await;
    let mailed = at(&post.deliver().await[0].message.links[0]);
    let new = json!({ "username": "newcomer", "name": "New", "password": PASSWORD }).to_string();
    let json_type = [("content-type", "application/json")];

    assert_eq!(john.send("POST", &format!("{handed}/accept")).await.status, 200);
    assert_eq!((event(), &line()["user"]), (Value::Null, &id(&john)), "nothing is proved");
    let log = jane.send("GET", &format!("/rollcall/v1/accounts/{}/audit", jane.account())).await;
    let actions: Vec<_> = log.body["entries"].as_array().unwrap().iter().take(2).collect();
    assert!(actions.iter().any(|entry| entry["action"] == "member.added"), "{actions:?}");
    assert_eq!(mary.send("POST", &format!("{mailed}/accept")).await.status, 200);
    assert_eq!((event(), &line()["user"]), (json!("email_proved"), &id(&mary)));
    let joined = app.send("POST", &format!("{free}/accept"), &json_type, Some(&new)).await;
    assert_eq!((joined.status, event()), (201, json!("user_created")), "{joined:?}");
    assert_eq!((&line()["credential"], line()["user"].is_string()), (&json!("link"), true));
    assert_eq!(app.send("POST", &format!("{declined}/decline"), &[], None).await.status, 204);
    let line = line();
    assert_eq!(["event", "credential", "user"].map(|name| &line[name]), [&Value::Null; 3]);
    assert!(line["source"].is_string(), "{line}");
}

#[tokio::test]
async fn a_changed_password_is_an_event_and_a_write_that_failed_or_was_made_before_is_none() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "password": "another horse battery" });
    let revoke = format!("/rollcall/v1/tokens/{}", token_id(jane.token()).unwrap());
    let key = [
        ("authorization", jane.token()),
        ("content-type", "application/json"),
        ("idempotency-key", "once"),
    ];
    let token = json!({ "name": "CI", "kind": "user" }).to_string();
    let create = async || {
        app.send("POST", "/rollcall/v1/tokens", &key, Some(&token)).await;
        (line()["status"].clone(), event())
    };

    assert_eq!(create().await, (json!(201), json!("credential_created")));
    assert_eq!(create().await, (json!(201), Value::Null), "a stored response");
    assert_eq!(jane.send_json("POST", "/v2/account/data", &new).await.status, 200);
    assert_eq!((event(), line()["user"].clone()), (json!("password_changed"), id(&jane)));
    assert_eq!(jane.send("DELETE", &format!("{revoke}x")).await.status, 404);
    assert_eq!(event(), Value::Null);
    let again = json!({
        "email": jane.email(), "first_name": "Mary", "last_name": "Major", "password": "correct horse battery",
    });
    assert_eq!(jane.send_json("PUT", "/v2/accounts", &again).await.status, 409);
    assert_eq!(event(), Value::Null, "its condition failed");
}

#[tokio::test]
async fn a_caller_without_permission_is_in_the_log_with_status_and_user() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    john.send("GET", &format!("/v1/accounts/{}", jane.account())).await;

    assert_eq!((line()["status"].clone(), line()["user"].clone()), (json!(403), id(&john)));
}

#[test]
fn the_operations_page_lists_every_security_event() {
    let page = std::fs::read_to_string(testkit::root().join("docs/operations.md")).unwrap();
    let (_, rest) = page.split_once("| `event` | is |").unwrap();
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<_> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();

    let all = SecurityEvent::ALL.iter().map(|event| event.as_str());
    assert_eq!(listed, all.collect());
}
