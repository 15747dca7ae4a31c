//! Docker Hub's profiles: `/api/v1.1/users/{username}/`.

use serde_json::{Value, json};
use shared::Settings;
use shared::model::{Scope, TokenKind};
use testkit::{ApiResponse, Person, TestApp};

const PATH: &str = "/api/v1.1/users/janedoe/";

async fn get(app: &TestApp, person: &Person<'_>, headers: &[(&str, &str)]) -> ApiResponse {
    let mut all = vec![("authorization", person.token())];
    all.extend_from_slice(headers);
    app.send("GET", PATH, &all, None).await
}

#[tokio::test]
async fn a_user_sees_the_documented_fields_and_no_others() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let response = get(&app, &jane, &[]).await;

    let joined = response.text("date_joined").to_owned();
    assert_eq!(
        response.parts(),
        (
            200,
            &json!({
                "id": jane.user().number,
                "username": "janedoe",
                "url": "https://api.example.com/api/v1.1/users/janedoe/",
                "date_joined": joined,
                "type": "User",
                "full_name": "",
                "location": "",
                "company": "",
                "profile_url": "",
                "gravatar_url": "https://secure.gravatar.com/avatar/e1f3994f2632af3d1c8c2dcc168a10e6.jpg?s=80&r=g&d=mm",
                "email": "janedoe@example.com",
                "is_active": true,
            })
        )
    );
    let (seconds, fraction) = joined.split_once('.').unwrap();
    assert_eq!((seconds.len(), fraction.len(), fraction.ends_with('Z')), (19, 7, true), "{joined}");
}

/// Headers by which a client may claim to have called another host.
const CLAIMS: [&[(&str, &str)]; 4] = [
    &[],
    &[("host", "evil.example")],
    &[("host", "evil.example"), ("x-forwarded-proto", "http"), ("x-forwarded-port", "80")],
    &[("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example;proto=http")],
];

#[tokio::test]
async fn the_url_is_below_the_public_url_else_the_apis_domain_whatever_headers_say() {
    let mut app = TestApp::start().await;
    let token = app.person("janedoe").await.token().to_owned();

    for (public_url, base) in [
        (None, "https://api.example.com"),
        (Some("https://accounts.example.com"), "https://accounts.example.com"),
        (Some("http://127.0.0.1:9000"), "http://127.0.0.1:9000"),
    ] {
        let public_url = public_url.map(|url| url.parse().unwrap());
        app.configure(Settings { public_url, ..Settings::default() });
        for headers in CLAIMS {
            let headers = [&[("authorization", token.as_str())], headers].concat();
            let response = app.send("GET", PATH, &headers, None).await;
            assert_eq!(response.text("url"), format!("{base}{PATH}"), "{headers:?}");
            let is_https_only = response.header("strict-transport-security").is_some();
            assert_eq!(is_https_only, base.starts_with("https"), "{base} {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_replayed_response_has_our_url_whatever_host_the_first_request_named() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let send = async |host: &str| {
        let own = [("authorization", jane.token()), ("idempotency-key", "a-key")];
        let headers = [&own[..], &[("host", host)]].concat();
        app.send("PATCH", PATH, &headers, Some(r#"{"company":"Mine"}"#)).await
    };

    let (changed, replayed) = (send("evil.example").await, send("api.example.com").await);

    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    for response in [changed, replayed] {
        assert_eq!(response.text("url"), format!("https://api.example.com{PATH}"));
        assert!(!format!("{response:?}").contains("evil"), "{response:?}");
    }
}

#[tokio::test]
async fn the_username_in_the_path_matches_in_any_case_with_or_without_a_slash() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for path in ["/api/v1.1/users/JaneDoe/", "/api/v1.1/users/janedoe"] {
        assert_eq!(jane.send("GET", path).await.text("username"), "janedoe", "{path}");
    }
}

#[tokio::test]
async fn an_unknown_user_is_404_and_another_one_403_after_scope_and_body() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.person("johnroe").await;
    let scoped = jane.new_token(TokenKind::User, Some(&[Scope::TokensRead]), None).await;
    let scoped = jane.with_token(scoped);

    for (name, status) in [("johnroe", 403), ("nobody", 404), ("no%20body", 404), ("j", 404)] {
        for rest in ["", "emails/"] {
            let path = format!("/api/v1.1/users/{name}/{rest}");
            let detail = if status == 403 { "this is another user" } else { "user not found" };
            let read = jane.send("GET", &path).await;
            assert_eq!(read.parts(), (status, &json!({ "detail": detail })), "{path}");
            assert_eq!(jane.send_text("PATCH", &path, "[").await.status, 400, "{path}");
            assert_eq!(scoped.send_text("PATCH", &path, "[").await.status, 403, "{path}");
            let written = jane
                .send_json("PATCH", &path, &json!({ "email": "a@b.example", "verified": true }))
                .await;
            assert_eq!(written.status, status, "{path}");
        }
        let path = format!("/api/v1.1/users/{name}/emails/");
        let added = jane.send_json("POST", &path, &json!({ "email": "a@b.example" })).await;
        assert_eq!(added.status, status, "{path}");
    }
}

#[tokio::test]
async fn what_a_patch_names_is_changed_and_the_rest_stays() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let all = json!({
        "full_name": " Jane Doe ", "location": "Private Island", "company": "Retired",
        "profile_url": "https://example.com/~jane?x=1", "gravatar_email": "Picture@Example.com",
    });
    let changed = jane.send_json("PATCH", PATH, &all).await;
    assert_eq!(changed.status, 200);

    let partly = jane
        .send_json("PATCH", PATH, &json!({ "company": "", "username": "other", "id": 1 }))
        .await;

    let mut expected = changed.body.clone();
    expected["company"] = json!("");
    assert_eq!(partly.parts(), (200, &expected));
    assert_eq!(jane.send("GET", PATH).await.parts(), (200, &expected));
    assert_eq!(expected["full_name"], "Jane Doe");
    assert_eq!(
        expected["gravatar_url"],
        "https://secure.gravatar.com/avatar/fb69cc87e33552c488ce523559bcb73e.jpg?s=80&r=g&d=mm"
    );
}

#[tokio::test]
async fn a_form_is_read_like_json() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers = [
        ("authorization", jane.token()),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
    ];
    let send = async |body: &str| app.send("PATCH", PATH, &headers, Some(body)).await;

    let changed = send("full_name=Jane+D%C3%B6e&location=A%26B").await;

    assert_eq!((changed.text("full_name"), changed.text("location")), ("Jane Döe", "A&B"));
    for (body, problem) in [
        ("company=a&company=b", json!({ "company": ["is given more than once"] })),
        ("unknown=1&unknown=2", json!({ "unknown": ["is given more than once"] })),
        ("company=%FF", json!({ "detail": "invalid request: body: is not UTF-8" })),
        ("company=a%00b", json!({ "company": ["must not contain control characters"] })),
    ] {
        assert_eq!(send(body).await.parts(), (400, &problem), "{body}");
    }
    // As `curl -d` sends what the document shows.
    for body in [r#"{"company":"Retired"}"#, " {} ", r#"{"a":1,"a":2}"#] {
        let problem =
            json!({ "detail": "invalid request: body: is JSON, and is declared to be a form" });
        assert_eq!(send(body).await.parts(), (400, &problem), "{body}");
    }
    for body in ["{company}=x", "{", "%7B%7D", "[]"] {
        assert_eq!(send(body).await.status, 200, "{body}");
    }
    assert_eq!(send("").await.status, 400);
    assert_eq!(send("company=a%EF%BF%BDb").await.text("company"), "a\u{fffd}b");
}

/// A form as `curl -F` sends it, of these lines between its boundaries.
fn multipart(parts: &[&str]) -> String {
    let parts =
        parts.iter().map(|part| format!("--x\r\nContent-Disposition: form-data; {part}\r\n"));
    format!("{}--x--\r\n", parts.collect::<String>())
}

#[tokio::test]
async fn a_multipart_form_is_read_like_another_and_a_file_in_it_is_rejected() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers =
        [("authorization", jane.token()), ("content-type", "Multipart/Form-Data; boundary=\"x\"")];
    let send = async |method, path, body: &str| app.send(method, path, &headers, Some(body)).await;
    let emails = format!("{PATH}emails/");

    let parts = [
        "name=\"full_name\"\r\n\r\nJane D\u{f6}e",
        "name=company\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n",
        "\r\n\tNAME=\"location\"\r\nContent-Type: text/plain;\r\n Charset=\"Utf-8\"\r\n\r\n\
         Private Island",
        "Name=\"a;filename=\\\"b\\\"\"\r\n\r\n",
    ];
    let changed = send("PATCH", PATH, &multipart(&parts)).await;
    assert_eq!((changed.status, changed.text("full_name")), (200, "Jane D\u{f6}e"), "{changed:?}");
    assert_eq!(changed.text("location"), "Private Island");
    let address = "name=\"email\"\r\n\r\njane@example.org";
    assert_eq!(send("POST", &emails, &multipart(&[address])).await.status, 201);
    let flags = ["name=verified\r\n\r\nTrue", "name=primary\r\n\r\nTRUE"];
    let primary = send("PATCH", &emails, &multipart(&[&[address][..], &flags].concat())).await;
    assert_eq!((primary.status, &primary.body["primary"]), (200, &json!(true)), "{primary:?}");
    let first = multipart(&["name=email\r\n\r\njanedoe@example.com"]);
    assert_eq!(send("DELETE", &emails, &first).await.status, 204);

    let malformed = json!({ "detail": "invalid request: body: is not valid multipart/form-data" });
    for (body, problem) in [
        (
            multipart(&["name=company; filename=\"a.txt\"\r\n\r\nx"]),
            json!({ "company": ["must not be a file"] }),
        ),
        (
            multipart(&["x=\"a\\\\\"; name=company; filename=\"a.txt\"\r\n\r\nx"]),
            json!({ "company": ["must not be a file"] }),
        ),
        (
            multipart(&["name=company; FileName*=utf-8''a\r\n\r\nx"]),
            json!({ "company": ["must not be a file"] }),
        ),
        (
            multipart(&["name=company\r\n\r\nx", "name=company\r\n\r\ny"]),
            json!({ "company": ["is given more than once"] }),
        ),
        (
            multipart(&["name=other\r\n\r\nx", "name=other\r\n\r\ny"]),
            json!({ "other": ["is given more than once"] }),
        ),
        (
            multipart(&["name=company\r\nContent-Transfer-Encoding: base64\r\n\r\neA=="]),
            json!({ "company": ["must not have a Content-Transfer-Encoding"] }),
        ),
        (
            multipart(&["NAME=company; FILENAME=\"a.txt\"\r\n\r\nx"]),
            json!({ "company": ["must not be a file"] }),
        ),
        (
            multipart(&["name=company; Name=location\r\n\r\nx"]),
            json!({ "detail": "invalid request: body: has a part with two names" }),
        ),
        (
            multipart(&["filename\r\n\r\nx"]),
            json!({ "detail": "invalid request: body: has a part without a name" }),
        ),
        // Each header counts, however often it is sent.
        (
            multipart(&["name=company; filename=\"a.txt\"\r\n\
                         Content-Disposition: form-data; name=other\r\n\r\nx"]),
            json!({ "detail": "invalid request: body: has a part with two names" }),
        ),
        (
            multipart(&["filename=\"a.txt\"\r\n\
                         content-disposition: form-data; name=company\r\n\r\nx"]),
            json!({ "company": ["must not be a file"] }),
        ),
        (
            multipart(&["name=company\r\nContent-Transfer-Encoding: base64\r\n\
                         Content-Transfer-Encoding: 8bit\r\n\r\neA=="]),
            json!({ "company": ["must not have a Content-Transfer-Encoding"] }),
        ),
        (
            multipart(&["name=company\r\nContent-Type: text/plain; charset=latin1\r\n\
                         Content-Type: text/plain; charset=utf-8\r\n\r\nJ\u{f6}rg"]),
            json!({ "company": ["must be in UTF-8"] }),
        ),
        (
            multipart(&["name=company; \r\n filename=a\r\n\r\nx"]),
            json!({ "company": ["must not be a file"] }),
        ),
        (
            multipart(&["name=company\r\n\r\nx"]).replace("form-data", "attachment"),
            json!({ "detail": "invalid request: body: has a part that is not form-data" }),
        ),
        (multipart(&["name=company\r\nno header\r\n\r\nx"]), malformed.clone()),
        (multipart(&["name=company\r\nContent-Type: a\u{7f}\r\n\r\nx"]), malformed.clone()),
        (multipart(&["name=company\r\n\r\nx\r\n--xyz\r\n"]), malformed.clone()),
        (multipart(&["name=company\r\n\r\nx"]).replace("--x--", ""), malformed.clone()),
        ("company=x".to_owned(), malformed.clone()),
        ("{}".to_owned(), malformed),
    ] {
        assert_eq!(send("PATCH", PATH, &body).await.parts(), (400, &problem), "{body}");
    }
}

#[tokio::test]
async fn a_multipart_form_is_found_by_its_one_boundary_and_is_not_encoded() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let parts = multipart(&["name=company\r\n\r\nx", "name=location\r\n\r\ny"]);
    let padded = format!("A preamble.\r\n{}An epilogue.", parts.replace("--x\r", "--x \r"));

    for (kind, status) in [
        ("multipart/form-data ; boundary=x", 200),
        ("multipart/form-data;\tboundary=x", 200),
        ("multipart/form-data; boundary=x ; charset=utf-8", 200),
        ("multipart/form-data;; Boundary=\"\\x\"", 200),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=x; boundary=y", 400),
    ] {
        for body in [&parts, &padded] {
            let headers = [("authorization", jane.token()), ("content-type", kind)];
            let sent = app.send("PATCH", PATH, &headers, Some(body)).await;
            assert_eq!(sent.status, status, "{kind}: {sent:?}");
        }
    }
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "company=x"),
        ("multipart/form-data; boundary=x", &parts),
    ] {
        let headers =
            [("authorization", jane.token()), ("content-type", kind), ("content-encoding", "gzip")];
        assert_eq!(app.send("PATCH", PATH, &headers, Some(body)).await.status, 415, "{kind}");
    }
}

#[tokio::test]
async fn a_part_of_a_form_may_be_declared_in_any_charset_that_makes_no_difference() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers =
        [("authorization", jane.token()), ("content-type", "multipart/form-data; boundary=x")];
    let send = async |charset: &str, value: &str| {
        // As Apache's client for Java sends it.
        let part = format!(
            "name=\"company\"\r\nContent-Type: text/plain; Charset={charset}\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{value}"
        );
        app.send("PATCH", PATH, &headers, Some(&multipart(&[&part]))).await
    };

    for (charset, value) in [
        ("ISO-8859-1", "Success, Inc."),
        ("\"windows-1252\"", "Success & Co."),
        ("Shift_JIS", "Success~"),
        ("US-ASCII", "Plain"),
        ("us-ascii", "J\u{f6}rg"),
        ("utf8", "J\u{f6}rg & Co."),
        ("\"UTF8\"", "J\u{f6}rg"),
        ("utf-8", "J\u{f6}rg, Inc."),
    ] {
        let changed = send(charset, value).await;
        assert_eq!((changed.status, changed.text("company")), (200, value), "{charset}");
    }
    let problem = json!({ "company": ["must be in UTF-8"] });
    for (charset, value) in [
        ("ISO-8859-1", "J\u{f6}rg"),
        ("latin1", "\u{e9}"),
        ("utf-16", "N-"),
        ("UTF-7", "J+APY-rg"),
        ("ISO-2022-JP", "\u{1b}$B<+\u{1b}(B"),
        ("HZ-GB-2312", "~{1A1>~}"),
        ("IBM037", "Success"),
        ("utf-8; charset=latin1", "J\u{f6}rg"),
    ] {
        assert_eq!(send(charset, value).await.parts(), (400, &problem), "{charset}");
    }
}

#[tokio::test]
async fn every_invalid_field_is_reported_with_what_is_wrong() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let long = "x".repeat(256);

    for (field, value, problem) in [
        ("full_name", json!(long), "must be at most 255 characters long"),
        ("location", json!(1), "must be a string"),
        ("company", json!(null), "must be a string"),
        ("profile_url", json!("ftp://example.com"), "must be an http or https URL, or empty"),
        ("profile_url", json!("javascript:alert(1)"), "must be an http or https URL, or empty"),
        ("profile_url", json!("example.com"), "must be an http or https URL, or empty"),
        ("profile_url", json!("http:example.com"), "must be an http or https URL, or empty"),
        ("profile_url", json!("http:\\\\example.com"), "must be an http or https URL, or empty"),
        (
            "profile_url",
            json!("http://jane:x@example.com"),
            "must be an http or https URL, or empty",
        ),
        ("profile_url", json!("https:///jane@x.example"), "must be an http or https URL, or empty"),
        ("profile_url", json!("https://@example.com"), "must be an http or https URL, or empty"),
        ("gravatar_email", json!("nobody"), "must be an e-mail address"),
    ] {
        let mut body = json!({ "location": "elsewhere" });
        body[field] = value;
        let response = jane.send_json("PATCH", PATH, &body).await;
        assert_eq!(response.parts(), (400, &json!({ field: [problem] })), "{body}");
    }
    let two = jane.send_json("PATCH", PATH, &json!({ "company": 1, "location": 2 })).await;
    assert_eq!(
        two.body,
        json!({ "company": ["must be a string"], "location": ["must be a string"] })
    );
    assert_eq!(jane.send("GET", PATH).await.text("location"), "", "nothing was changed");
    // `detail` is always a text.
    let twice = json!({ "detail": "invalid request: detail: is given more than once" });
    let body = jane.send_text("PATCH", PATH, r#"{"detail":1,"detail":2}"#).await;
    let query = jane.send("GET", &format!("{PATH}?detail=1&detail=2")).await;
    assert_eq!((body.parts(), query.parts()), ((400, &twice), (400, &twice)));
}

#[tokio::test]
async fn a_person_is_the_same_in_every_dialect() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({
        "email": "Mary.Major@Example.com", "first_name": "Mary", "last_name": "Major",
        "password": "correct horse battery",
    });
    let made = jane.send_json("PUT", "/v2/accounts", &body).await;
    let user = &made.body["user"];
    assert_eq!(user["username"], "marymajor");

    for name in ["marymajor", "MaryMajor", "mary.major@example.com"] {
        let basic = testkit::basic(name, "correct horse battery");
        let headers = [("authorization", basic.as_str())];
        let hub = app.send("GET", "/api/v1.1/users/marymajor/", &headers, None).await;
        assert_eq!(
            (hub.text("full_name"), hub.text("email")),
            ("Mary Major", "Mary.Major@Example.com"),
            "{name}"
        );
    }
    let basic = testkit::basic("marymajor", "correct horse battery");
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let body = json!({ "full_name": "Mary Minor" }).to_string();
    app.send("PATCH", "/api/v1.1/users/marymajor/", &headers, Some(&body)).await;
    let listed = jane.send("GET", "/v2/accounts").await;
    let names: Vec<&Value> =
        listed.body["users"].as_array().unwrap().iter().map(|user| &user["name"]).collect();
    assert_eq!(names, ["", "Mary Minor"]);
}

#[tokio::test]
async fn two_changes_at_once_both_hold() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (company, location) =
        (json!({ "company": "Mine" }), json!({ "location": "Private Island" }));

    let (one, other) = tokio::join!(
        jane.send_json("PATCH", PATH, &company),
        jane.send_json("PATCH", PATH, &location)
    );

    assert_eq!((one.status, other.status), (200, 200));
    let seen = jane.send("GET", PATH).await;
    assert_eq!((seen.text("company"), seen.text("location")), ("Mine", "Private Island"));
}
