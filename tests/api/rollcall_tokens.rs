//! `/rollcall/v1/tokens…`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::{Scope, Timestamp, TokenCredential, TokenKind};
use shared::table::Actor;
use testkit::{ApiResponse, PASSWORD, Person, TestApp, basic};

const TOKENS: &str = "/rollcall/v1/tokens";
const OWN: &str = "/rollcall/v1/tokens/self";
/// A token id that does not exist.
const NOBODYS: &str = "0197a1b2c3d4e5f60718293a";

/// The id of a token.
fn id(token: &str) -> String {
    token.parse::<TokenCredential>().unwrap().id().to_string()
}

fn path(id: &str) -> String {
    format!("{TOKENS}/{id}")
}

fn rotation(id: &str) -> String {
    format!("{TOKENS}/{id}/rotate")
}

fn problem(status: u16, title: &str, code: &str, detail: &str) -> Value {
    json!({ "title": title, "status": status, "detail": detail, "code": code })
}

fn not_found() -> Value {
    problem(404, "Not Found", "not_found", "token not found")
}

fn restricted() -> Value {
    let detail = "a token with a list of scopes or an expiry cannot do this";
    problem(403, "Forbidden", "insufficient_scope", detail)
}

fn outliving() -> Value {
    problem(403, "Forbidden", "forbidden", "a token cannot make one that outlives it")
}

/// A person with a token that has these scopes and this end.
async fn with<'a>(
    person: &Person<'a>,
    scopes: Option<&[Scope]>,
    end: Option<Timestamp>,
) -> Person<'a> {
    person.with_token(person.new_token(TokenKind::User, scopes, end).await)
}

/// Makes a token and gives the response's body.
async fn made(person: &Person<'_>, input: &Value) -> Value {
    let made = person.send_json("POST", TOKENS, input).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body
}

async fn rotate(person: &Person<'_>, id: &str, overlap: u64) -> ApiResponse {
    person.send_json("POST", &rotation(id), &json!({ "overlapSeconds": overlap })).await
}

fn names(listed: &ApiResponse) -> Vec<String> {
    assert_eq!(listed.status, 200, "{listed:?}");
    let tokens = listed.body["tokens"].as_array().unwrap();
    tokens.iter().map(|token| token["name"].as_str().unwrap().to_owned()).collect()
}

/// Whether a token is taken.
async fn works(person: &Person<'_>, token: &str) -> bool {
    match person.with_token(token.to_owned()).send("GET", "/v1/accounts").await.status {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

/// As a change of the password does, but for the cleanup.
async fn begin_another_epoch(app: &TestApp, person: &Person<'_>) {
    app.set(person, "credentialEpoch", json!({ "N": "1" })).await;
}

#[tokio::test]
async fn a_token_is_shown_once_and_its_location_shows_the_rest() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let input = json!({ "name": " CI ", "kind": "user", "scopes": ["tokens_read", "account_read"], "expiresAt": "2099-12-31T23:59:59Z" });

    let created = jane.send_json("POST", TOKENS, &input).await;

    let token = created.text("token");
    let expected = json!({
        "id": id(token),
        "token": token,
        "name": "CI",
        "kind": "user",
        "scopes": ["account_read", "tokens_read"],
        "createdAt": created.text("createdAt"),
        "expiresAt": "2099-12-31T23:59:59.000Z",
        "madeBy": id(jane.token()),
    });
    assert_eq!(created.parts(), (201, &expected));
    assert_eq!(created.header("location"), Some(path(&id(token)).as_str()));
    let age = Timestamp::now().as_second()
        - created.text("createdAt").parse::<Timestamp>().unwrap().as_second();
    assert!((0..60).contains(&age), "{age}");
    let mut view = expected;
    view.as_object_mut().unwrap().remove("token");
    view["lastUsedAt"] = Value::Null;
    let shown = jane.send("GET", created.header("location").unwrap()).await;
    assert_eq!(shown.parts(), (200, &view));
    assert_eq!(jane.send("GET", TOKENS).await.body["tokens"][1], view);
    let own = jane.with_token(token.to_owned());
    let mut used = own.send("GET", OWN).await;
    assert!(used.text("lastUsedAt").ends_with(":00:00.000Z"), "{used:?}");
    used.body["lastUsedAt"] = Value::Null;
    assert_eq!(used.parts(), (200, &view));
}

/// Every time in a body.
fn times(body: &Value) -> Vec<&str> {
    match body {
        Value::Object(fields) => {
            let own = fields.iter().filter(|(name, _)| name.ends_with("At"));
            let own = own.filter_map(|(_, time)| time.as_str());
            own.chain(fields.values().flat_map(times)).collect()
        }
        Value::Array(values) => values.iter().flat_map(times).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn every_time_has_three_digits_of_a_second_and_can_be_sent_back() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut shown = 0;

    for end in ["2099-12-31T23:59:59Z", "2099-12-31T23:59:59.123456789+02:00"] {
        let input = json!({ "name": "CI", "kind": "user", "expiresAt": end });
        let made = made(&jane, &input).await;
        let sent_back = json!({ "name": "CI", "kind": "user", "expiresAt": made["expiresAt"] });
        let again = self::made(&jane, &sent_back).await;
        assert_eq!(again["expiresAt"], made["expiresAt"]);
        let rotated = rotate(&jane, made["id"].as_str().unwrap(), 600).await.body;
        let old = jane.send("GET", &path(made["id"].as_str().unwrap())).await.body;
        let (own, list) = (jane.send("GET", OWN).await.body, jane.send("GET", TOKENS).await.body);
        for body in [made, again, rotated, old, own, list] {
            for time in times(&body) {
                let (seconds, fraction) = time.split_once('.').unwrap_or_else(|| panic!("{body}"));
                assert_eq!((seconds.len(), fraction.len()), (19, 4), "{body}");
                assert!(fraction.ends_with('Z') && shared::model::parse_rfc3339(time).is_ok());
                shown += 1;
            }
        }
    }
    assert!(shown > 20, "{shown}");
}

#[tokio::test]
async fn a_token_without_scopes_and_expiry_is_unlimited_and_shows_null() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let user = made(&jane, &json!({ "name": "all", "kind": "user" })).await;
    let environment = made(&jane, &json!({ "name": "staging", "kind": "environment" })).await;

    assert_eq!((&user["scopes"], &user["expiresAt"]), (&Value::Null, &Value::Null));
    assert!(works(&jane, user["token"].as_str().unwrap()).await);
    assert!(environment["token"].as_str().unwrap().starts_with("rce_"));
    assert_eq!(environment["kind"], "environment");
    let rejected = jane.with_token(environment["token"].as_str().unwrap().to_owned());
    let detail = "this API accepts only the user token";
    assert_eq!(
        rejected.send("GET", OWN).await.parts(),
        (401, &problem(401, "Unauthorized", "user_token_required", detail))
    );
}

#[tokio::test]
async fn every_problem_of_a_new_token_is_reported_by_its_field() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (input, problems) in [
        (json!({}), vec![("name", "is required"), ("kind", "is required")]),
        (json!({ "name": " ", "kind": "user" }), vec![("name", "must not be empty")]),
        (
            json!({ "name": "x".repeat(101), "kind": "user" }),
            vec![("name", "must be at most 100 characters long")],
        ),
        (
            json!({ "name": "x", "kind": "User", "scopes": "account_read" }),
            vec![
                ("kind", "must be `user` or `environment`"),
                ("scopes", "must be a list of strings"),
            ],
        ),
        (
            json!({ "name": "x", "kind": "user", "scopes": ["root"] }),
            vec![("scopes", "holds a value that is not a scope")],
        ),
        (
            json!({ "name": "x", "kind": "user", "scopes": [1] }),
            vec![("scopes", "must be a list of strings")],
        ),
        (
            json!({ "name": "x", "kind": "user", "scopes": [null] }),
            vec![("scopes", "must be a list of strings")],
        ),
        (
            json!({ "name": "x", "kind": "user", "scopes": [] }),
            vec![("scopes", "must not be empty; without a list the token may do everything")],
        ),
        (
            json!({ "name": "x", "kind": "user", "expiresAt": "2020-01-01T00:00:00Z" }),
            vec![("expiresAt", "must be in the future")],
        ),
        (
            json!({ "name": "x", "kind": "user", "expiresAt": "2099-12-31" }),
            vec![("expiresAt", "must be a timestamp as in RFC 3339")],
        ),
        (
            json!({ "name": "x", "kind": "user", "expiresAt": "9999-12-30T22:00:01Z" }),
            vec![("expiresAt", "is too far in the future")],
        ),
        (
            json!({ "name": "x", "kind": "user", "expiresAt": "2099-12-31T00:00:00" }),
            vec![("expiresAt", "must be a timestamp as in RFC 3339")],
        ),
    ] {
        let rejected = jane.send_json("POST", TOKENS, &input).await;

        let detail = problems.iter().map(|(field, text)| format!("{field}: {text}"));
        let detail = format!("invalid request: {}", detail.collect::<Vec<_>>().join("; "));
        let mut expected = problem(400, "Bad Request", "invalid_request", &detail);
        expected["errors"] = problems
            .iter()
            .map(|(field, text)| json!({ "field": field, "detail": text }))
            .collect();
        assert_eq!(rejected.parts(), (400, &expected), "{input}");
    }
    let longest = json!({ "name": "ü".repeat(100), "kind": "user", "scopes": ["account_read", "account_read"], "expiresAt": "2099-12-31t23:59:59.5+02:00" });
    let taken = made(&jane, &longest).await;
    assert_eq!(
        (&taken["scopes"], &taken["expiresAt"]),
        (&json!(["account_read"]), &json!("2099-12-31T21:59:59.500Z"))
    );
}

#[tokio::test]
async fn a_token_creates_none_that_can_do_more_or_lives_longer() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let end = TestApp::in_seconds(3600);
    let scopes = [Scope::TokensWrite, Scope::AccountRead];
    let listed = with(&jane, Some(&scopes), None).await;
    let ending = with(&jane, None, Some(end)).await;
    let input = |scopes: Value, end: Value| {
        let mut input = json!({ "name": "x", "kind": "environment" });
        for (field, value) in [("scopes", scopes), ("expiresAt", end)] {
            if !value.is_null() {
                input[field] = value;
            }
        }
        input
    };

    let more = input(json!(["account_read", "account_write"]), Value::Null);
    let rejected = listed.send_json("POST", TOKENS, &more).await;
    let detail = "this token lacks the scope `account_write`";
    assert_eq!(rejected.parts(), (403, &problem(403, "Forbidden", "insufficient_scope", detail)));
    assert_eq!(
        rejected.header("www-authenticate"),
        Some(r#"Bearer realm="rollcall", error="insufficient_scope", scope="account_write""#)
    );
    let all = listed.send_json("POST", TOKENS, &input(Value::Null, Value::Null)).await;
    assert_eq!(all.parts(), (403, &restricted()));
    made(&listed, &input(json!(["account_read"]), Value::Null)).await;
    made(&listed, &input(json!(["account_read", "tokens_write"]), json!(end))).await;

    for late in [Value::Null, json!(TestApp::in_seconds(3602))] {
        let rejected = ending.send_json("POST", TOKENS, &input(Value::Null, late)).await;
        assert_eq!(rejected.parts(), (403, &outliving()));
    }
    made(&ending, &input(Value::Null, json!(end))).await;
    made(&ending, &input(json!(["profile_read"]), json!(TestApp::in_seconds(60)))).await;
}

#[tokio::test]
async fn a_token_revoked_or_of_a_user_disabled_meanwhile_creates_none() {
    for (revoked, method) in [(true, "POST"), (false, "POST"), (true, "rotate"), (false, "rotate")]
    {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let maker = with(&jane, None, None).await;
        let others = app.others();
        let (user, token) = (jane.user().id, id(maker.token()).parse().unwrap());
        app.proxy().before("TransactWriteItems", async move {
            if revoked {
                others.delete_token(&Actor::operator(), user, token).commit().await.unwrap();
            } else {
                others.set_disabled(&Actor::operator(), user, true).await.unwrap();
            }
        });

        let rejected = match method {
            "POST" => {
                maker.send_json("POST", TOKENS, &json!({ "name": "x", "kind": "user" })).await
            }
            _ => rotate(&maker, &id(jane.token()), 0).await,
        };

        let detail = "the credential is not valid";
        assert_eq!(
            rejected.parts(),
            (401, &problem(401, "Unauthorized", "invalid_credential", detail)),
            "{revoked} {method}"
        );
        assert_eq!(app.proxy().faults_left(), 0);
        let left = app.items_of("token").await.len();
        assert_eq!(left, 2 - usize::from(revoked), "{revoked} {method}");
    }
}

#[tokio::test]
async fn tokens_are_listed_oldest_first_page_by_page() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let john = app.person("johnroe").await;
    for number in 1..=4 {
        made(&jane, &json!({ "name": format!("t{number}"), "kind": "environment" })).await;
    }

    let mut pages = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = jane.send("GET", &format!("{TOKENS}{query}")).await;
        pages.push(names(&page));
        let Some(cursor) = page.body["nextCursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }

    assert_eq!(pages, [vec!["test", "t1"], vec!["t2", "t3"], vec!["t4"]]);
    let all = ["test", "t1", "t2", "t3", "t4"];
    for query in ["", "?limit=5", "?limit=100", "?limit=050"] {
        let whole = jane.send("GET", &format!("{TOKENS}{query}")).await;
        assert_eq!(
            (names(&whole), &whole.body["nextCursor"]),
            (all.map(str::to_owned).into(), &Value::Null)
        );
    }
    assert_eq!(names(&john.send("GET", TOKENS).await), ["test"]);
}

#[tokio::test]
async fn a_malformed_limit_or_cursor_is_reported_by_its_name() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=256", "limit"),
        ("limit=-1", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=", "limit"),
        ("limit=x", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=0197A1B2C3D4E5F60718293A", "cursor"),
    ] {
        let rejected = jane.send("GET", &format!("{TOKENS}?{query}")).await;
        let reported = (rejected.status, &rejected.body["errors"][0]["field"]);
        assert_eq!(reported, (400, &json!(field)), "{query}");
    }
    let nobodys = jane.send("GET", &format!("{TOKENS}?cursor={NOBODYS}")).await;
    assert_eq!(names(&nobodys), ["test"], "a cursor is a place, whether there is a token or not");
}

#[tokio::test]
async fn invalid_tokens_are_neither_listed_nor_found_and_pages_stay_full() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let expired = jane.new_token(TokenKind::User, None, Some(TestApp::in_seconds(-1))).await;
    let stale = made(&jane, &json!({ "name": "before", "kind": "user" })).await;
    made(&jane, &json!({ "name": "staging", "kind": "environment" })).await;
    begin_another_epoch(&app, &jane).await;
    let headers =
        [("authorization", jane.basic()), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let input = json!({ "name": "after", "kind": "user" }).to_string();
    let made = app.send("POST", TOKENS, &headers, Some(&input)).await;
    let after = jane.with_token(made.text("token").to_owned());

    for (limit, pages) in [(1, 2), (50, 1)] {
        let mut found = Vec::new();
        let mut query = format!("?limit={limit}");
        for page in 1..=pages {
            let listed = after.send("GET", &format!("{TOKENS}{query}")).await;
            found.extend(names(&listed));
            assert_eq!(listed.body["nextCursor"].is_null(), page == pages, "{listed:?}");
            query = format!(
                "?limit={limit}&cursor={}",
                listed.body["nextCursor"].as_str().unwrap_or_default()
            );
        }
        assert_eq!(found, ["staging", "after"]);
    }
    for gone in [id(&expired), stale["id"].as_str().unwrap().to_owned()] {
        let responses = [
            after.send("GET", &path(&gone)).await,
            after.send("DELETE", &path(&gone)).await,
            rotate(&after, &gone, 0).await,
        ];
        assert!(
            responses.iter().all(|response| response.parts() == (404, &not_found())),
            "{responses:?}"
        );
    }
}

#[tokio::test]
async fn a_token_that_is_unknown_malformed_or_another_users_is_not_found() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    let spaced = format!(" {}", id(&jane.new_token(TokenKind::User, None, None).await));
    for id in [NOBODYS, "x", "0197A1B2C3D4E5F60718293A", "é", "%20", &spaced, &id(john.token())] {
        for response in [
            jane.send("GET", &path(id)).await,
            jane.send("DELETE", &path(id)).await,
            rotate(&jane, id, 60).await,
        ] {
            assert_eq!(response.parts(), (404, &not_found()), "{id}");
        }
    }
    assert!(works(&john, john.token()).await);
}

#[tokio::test]
async fn a_revoked_token_stops_with_the_next_request_and_is_gone() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let other = jane.new_token(TokenKind::User, None, None).await;
    assert!(works(&jane, &other).await);

    let revoked = jane.send("DELETE", &path(&id(&other))).await;

    assert_eq!((revoked.parts(), revoked.header("content-type")), ((204, &Value::Null), None));
    assert!(!works(&jane, &other).await);
    assert_eq!(jane.send("DELETE", &path(&id(&other))).await.parts(), (404, &not_found()));
    assert_eq!(
        jane.send("DELETE", &path(&id(jane.token()))).await.status,
        204,
        "the one that asks"
    );
    assert_eq!(jane.send("GET", TOKENS).await.status, 401);
}

#[tokio::test]
async fn a_token_with_a_list_of_scopes_revokes_none() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let listed = with(&jane, Some(&Scope::ALL), None).await;

    for target in [id(listed.token()), id(jane.token()), NOBODYS.to_owned(), "x".to_owned()] {
        let rejected = listed.send("DELETE", &path(&target)).await;
        assert_eq!(rejected.parts(), (403, &restricted()), "{target}");
    }
    assert!(works(&jane, jane.token()).await);
}

#[tokio::test]
async fn a_rotated_token_is_rejected_at_once_and_the_new_one_equals_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let input = json!({ "name": "CI", "kind": "user", "scopes": ["account_read", "tokens_write"], "expiresAt": "2099-12-31T23:59:59Z" });

    let bodies = [
        "",
        "{}",
        "null",
        " null\n",
        r#"{"overlapSeconds":0}"#,
        r#"{"overlapSeconds":0.0}"#,
        r#"{"overlapSeconds":-0.0}"#,
    ];
    for body in std::iter::once(None).chain(bodies.map(Some)) {
        let old = made(&jane, &input).await;
        let old_token = old["token"].as_str().unwrap();
        let path = rotation(old["id"].as_str().unwrap());
        let rotated = app.send("POST", &path, &[("authorization", old_token)], body).await;

        let token = rotated.text("token");
        let mut expected = old.clone();
        expected["id"] = json!(id(token));
        expected["token"] = json!(token);
        expected["createdAt"] = rotated.body["createdAt"].clone();
        assert_eq!(rotated.parts(), (201, &expected), "{body:?}");
        assert_ne!(id(token), id(old_token));
        assert_eq!(rotated.header("location"), Some(format!("{TOKENS}/{}", id(token)).as_str()));
        assert!(!works(&jane, old_token).await && works(&jane, token).await, "{body:?}");
        assert_eq!(rotate(&jane, &id(old_token), 0).await.parts(), (404, &not_found()));
    }
}

#[tokio::test]
async fn a_rotated_token_stays_valid_for_the_overlap_and_is_rotated_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let old = jane.new_token(TokenKind::User, None, None).await;

    let rotated = rotate(&jane, &id(&old), 600).await;

    assert_eq!((rotated.status, &rotated.body["expiresAt"]), (201, &Value::Null));
    assert!(works(&jane, &old).await && works(&jane, rotated.text("token")).await);
    let again = rotate(&jane, &id(&old), 600).await;
    let detail = "the token was rotated already";
    assert_eq!(again.parts(), (409, &problem(409, "Conflict", "conflict", detail)));
    let shown = jane.send("GET", &path(&id(&old))).await;
    let left = shown.text("expiresAt").parse::<Timestamp>().unwrap().as_millisecond()
        - Timestamp::now().as_millisecond();
    assert!((500_000..=600_000).contains(&left), "{left}");
    let item =
        app.items().await.into_iter().find(|item| item["rotatedTo"]["S"].is_string()).unwrap();
    let end = shown.text("expiresAt").parse::<Timestamp>().unwrap().as_second();
    assert_eq!(item["ttl"]["N"], end.to_string(), "the table deletes it");
    let past = json!({
        "Key": { "pk": item["pk"], "sk": item["sk"] },
        "UpdateExpression": "SET expiresAt = :past",
        "ExpressionAttributeValues": { ":past": { "S": TestApp::in_seconds(-1).to_string() } },
    });
    app.engine("UpdateItem", past).await;
    assert!(!works(&jane, &old).await && works(&jane, rotated.text("token")).await);
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_fraction_of_zero_or_an_exponent() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for text in ["60.0", "6e1", "60", "2592000.00"] {
        let old = jane.new_token(TokenKind::User, None, None).await;
        let body = format!(r#"{{"overlapSeconds":{text}}}"#);
        let rotated = jane.send_text("POST", &rotation(&id(&old)), &body).await;
        assert_eq!(rotated.status, 201, "{text}: {rotated:?}");
        assert!(works(&jane, &old).await, "{text}");
    }
}

#[tokio::test]
async fn an_overlap_does_not_prolong_a_token_and_is_at_most_30_days() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let end = TestApp::in_seconds(600);
    let ending = jane.new_token(TokenKind::User, None, Some(end)).await;

    for wrong in [
        json!(-1),
        json!(-1.0),
        json!(2_592_001),
        json!(1.5),
        json!(1e30),
        json!("60"),
        json!(null),
        json!([]),
    ] {
        let body = json!({ "overlapSeconds": wrong });
        let rejected = jane.send_json("POST", &rotation(&id(&ending)), &body).await;
        let reported = (rejected.status, &rejected.body["errors"]);
        let detail = "must be a whole number from 0 to 2592000";
        assert_eq!(
            reported,
            (400, &json!([{ "field": "overlapSeconds", "detail": detail }])),
            "{wrong}"
        );
    }
    for wrong in ["[", "[]", " "] {
        let rejected = jane.send_text("POST", &rotation(&id(&ending)), wrong).await;
        let reported = (rejected.status, &rejected.body["errors"][0]["field"]);
        assert_eq!(reported, (400, &json!("body")), "{wrong:?}");
    }
    let rotated = rotate(&jane, &id(&ending), 2_592_000).await;

    let end = format!("{end:.3}");
    assert_eq!((rotated.status, &rotated.body["expiresAt"]), (201, &json!(end)));
    let old = jane.send("GET", &path(&id(&ending))).await;
    assert_eq!(old.body["expiresAt"], json!(end));
}

#[tokio::test]
async fn a_token_with_scopes_rotates_only_itself_and_to_no_later_expiry() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let end = TestApp::in_seconds(600);
    let scopes = [Scope::TokensWrite, Scope::AccountRead];
    let listed = with(&jane, Some(&scopes), None).await;
    let twin = jane.new_token(TokenKind::User, Some(&scopes), None).await;
    let ending = with(&jane, None, Some(end)).await;
    let environment = jane.new_token(TokenKind::Environment, None, None).await;

    let others = rotate(&listed, &id(&twin), 60).await;
    let outlives = rotate(&ending, &id(&twin), 60).await;
    let itself = rotate(&listed, &id(listed.token()), 0).await;
    let ending_itself = rotate(&ending, &id(ending.token()), 60).await;
    let environments = rotate(&jane, &id(&environment), 60).await;

    assert_eq!(others.parts(), (403, &restricted()));
    assert_eq!(outlives.parts(), (403, &restricted()));
    assert_eq!(
        (itself.status, &itself.body["scopes"]),
        (201, &json!(["account_read", "tokens_write"]))
    );
    let end = json!(format!("{end:.3}"));
    assert_eq!((ending_itself.status, &ending_itself.body["expiresAt"]), (201, &end));
    assert_eq!((environments.status, &environments.body["kind"]), (201, &json!("environment")));
    assert!(environments.text("token").starts_with("rce_"));
    // A token valid for an overlap creates none that lives longer.
    let late = json!({ "name": "x", "kind": "user", "expiresAt": TestApp::in_seconds(120) });
    assert_eq!(ending.send_json("POST", TOKENS, &late).await.parts(), (403, &outliving()));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_rotations_of_one_token_have_one_winner() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for (overlap, lost) in [(60, 409), (0, 404)] {
        let old = id(&jane.new_token(TokenKind::User, None, None).await);

        let responses = join_all((0..8).map(|_| rotate(&jane, &old, overlap))).await;

        let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
        statuses.sort_unstable();
        let mut expected = vec![lost; 8];
        expected[0] = 201;
        assert_eq!(statuses, expected, "{responses:?}");
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_password_creates_lists_rotates_and_revokes_tokens_but_has_no_own_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let password = jane.with_token(jane.basic());

    let first = made(&password, &json!({ "name": "first", "kind": "user" })).await;
    let listed = password.send("GET", TOKENS).await;
    let own = password.send("GET", OWN).await;
    let rotated = rotate(&password, first["id"].as_str().unwrap(), 60).await;
    let revoked = password.send("DELETE", &path(rotated.text("id"))).await;

    assert_eq!(names(&listed), ["test", "first"]);
    assert_eq!(own.parts(), (404, &not_found()));
    assert_eq!((rotated.status, revoked.status), (201, 204));
    assert!(works(&jane, first["token"].as_str().unwrap()).await);
    assert!(!works(&jane, rotated.text("token")).await);
}

#[tokio::test]
async fn a_password_costs_three_more_round_trips_and_within_a_minute_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let password = jane.with_token(basic("JaneDoe@EXAMPLE.com", PASSWORD));
    let path = path(&id(jane.token()));

    let cost = async || {
        app.proxy().count();
        let response = password.send("GET", &path).await;
        assert_eq!(response.status, 200, "{response:?}");
        let calls: Vec<_> = app.proxy().calls().into_iter().map(|call| call.operation).collect();
        (app.proxy().rounds(), calls.join(" "))
    };
    let slow = cost().await;
    let fast = cost().await;

    let reserved_and_given_back = "BatchGetItem BatchGetItem UpdateItem UpdateItem";
    assert_eq!(slow, (4, reserved_and_given_back.to_owned()));
    assert_eq!(fast, (2, "BatchGetItem BatchGetItem".to_owned()));
}

#[tokio::test]
async fn an_unknown_path_below_the_tokens_is_404_and_self_is_no_id() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let unknown = problem(404, "Not Found", "not_found", "path not found");
    for path in ["a/b", "a/rotate/b", "self/rotate/b"] {
        assert_eq!(jane.send("GET", &self::path(path)).await.parts(), (404, &unknown), "{path}");
    }
    assert_eq!(jane.send("GET", "/rollcall/v1/nothing").await.parts(), (404, &unknown));
    let rejected = jane.send("DELETE", OWN).await;
    assert_eq!((rejected.status, rejected.header("allow")), (405, Some("GET")));
    assert_eq!(rotate(&jane, "self", 0).await.parts(), (404, &not_found()));
}
