//! Pages for people, below `/account`: signing up, resetting a password, confirming an address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::{Settings, SignUpPolicy};
use testkit::{ApiResponse, PASSWORD, Person, Post, TestApp, basic, form, operations};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SIGN_UP: &str = "/account/sign-up";
const RESET: &str = "/account/reset";
const NEW: &str = "another horse battery";
const ADDRESS: &str = "mary@example.com";

async fn open() -> (TestApp, Post) {
    let mut app = TestApp::start().await;
    let post = app.start_mail().await;
    (app, post)
}

async fn get(app: &TestApp, path: &str) -> ApiResponse {
    app.send("GET", path, &[], None).await
}

pub(crate) async fn post_form(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> ApiResponse {
    app.send("POST", path, &[FORM], Some(&form(fields))).await
}

/// The text of a page, which has this status.
fn page(response: &ApiResponse, status: u16) -> &str {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    response.body.as_str().unwrap()
}

/// The heading of a page.
fn heading(response: &ApiResponse, status: u16) -> &str {
    between(page(response, status), "<h1>", "</h1>")
}

fn between<'p>(page: &'p str, start: &str, end: &str) -> &'p str {
    let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("no {start} in {page}"));
    rest.split_once(end).unwrap().0
}

/// The attributes of each input of a page, by the name of its field.
fn inputs(page: &str) -> BTreeMap<String, String> {
    let tags = page.split("<input ").skip(1).map(|rest| rest.split_once('>').unwrap().0);
    tags.map(|tag| (between(tag, " name=\"", "\"").to_owned(), tag.to_owned())).collect()
}

/// What a browser sends that leaves every form of a page as it finds it.
fn forms(page: &str) -> Vec<String> {
    let found = page.split("<form ").skip(1).map(|rest| rest.split_once("</form>").unwrap().0);
    let fields = |found: &str| -> Vec<(String, String)> {
        let sent = |tag: &String| !tag.contains("type=\"checkbox\"") || tag.contains(" checked");
        let value = |tag: &str| {
            tag.split_once(" value=\"")
                .map_or("", |(_, rest)| rest.split_once('"').unwrap().0)
                .to_owned()
        };
        let inputs = inputs(found).into_iter().filter(|(_, tag)| sent(tag));
        inputs.map(|(name, tag)| (name, value(&tag))).collect()
    };
    found
        .map(|found| {
            let fields = fields(found);
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            form(&fields)
        })
        .collect()
}

/// The path of the one link in the mails that wait.
pub(crate) async fn mailed_path(post: &mut Post) -> String {
    let mails = post.deliver().await;
    let links: Vec<_> = mails.iter().flat_map(|mail| mail.message.links.clone()).collect();
    let [link] = links.as_slice() else { panic!("{mails:?}") };
    link.strip_prefix("https://api.example.com").unwrap().to_owned()
}

/// The path of a link to sign up with an address.
async fn sign_up_path(app: &TestApp, post: &mut Post, address: &str) -> String {
    let asked = post_form(app, SIGN_UP, &[("email", address)]).await;
    assert_eq!(heading(&asked, 200), "Check your mail");
    mailed_path(post).await
}

/// Signs Mary up, with a proved address.
async fn sign_up(app: &TestApp, post: &mut Post) {
    let path = sign_up_path(app, post, ADDRESS).await;
    let fields = [("username", "marymajor"), ("name", "Mary Major"), ("password", PASSWORD)];
    assert_eq!(heading(&post_form(app, &path, &fields).await, 200), "You are signed up");
    post.deliver().await;
}

async fn reset_path(app: &TestApp, post: &mut Post, name: &str) -> String {
    let asked = post_form(app, RESET, &[("name", name)]).await;
    assert_eq!(heading(&asked, 200), "Check your mail");
    mailed_path(post).await
}

/// The path of a link by which Jane proves an address.
async fn proof_path(jane: &Person<'_>, post: &mut Post, address: &str) -> String {
    let path = format!("/rollcall/v1/users/self/emails/{address}/verification");
    let asked = jane.send("POST", &path).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    mailed_path(post).await
}

/// Lets anybody ask for mails as if nobody had.
async fn forget_requests(app: &TestApp) {
    for item in app.items_of("mailRequests").await {
        let key = json!({ "Key": { "pk": item["pk"], "sk": item["sk"] } });
        app.engine("DeleteItem", key).await;
    }
}

/// The user's name and addresses, with whether each is proved.
async fn profile(app: &TestApp, password: &str) -> (String, Vec<(String, bool)>) {
    let authorization = basic("marymajor", password);
    let headers = [("authorization", authorization.as_str())];
    let shown = app.send("GET", "/rollcall/v1/users/self", &headers, None).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let emails = app.send("GET", "/rollcall/v1/users/self/emails", &headers, None).await;
    let emails = emails.body["emails"].as_array().unwrap().iter();
    let emails = emails
        .map(|own| (own["email"].as_str().unwrap().to_owned(), !own["provedAt"].is_null()))
        .collect();
    (shown.text("name").to_owned(), emails)
}

async fn signs_in(app: &TestApp, password: &str) -> bool {
    let authorization = basic("marymajor", password);
    let headers = [("authorization", authorization.as_str())];
    app.send("GET", "/rollcall/v1/users/self", &headers, None).await.status == 200
}

#[tokio::test]
async fn one_signs_up_by_a_mail_with_a_proved_address_and_the_link_works_once() {
    let (app, mut post) = open().await;

    let asked = get(&app, SIGN_UP).await;
    assert_eq!(heading(&asked, 200), "Sign up");
    let email = &inputs(page(&asked, 200))["email"];
    for attribute in ["inputmode=\"email\"", "autocomplete=\"email\"", "autocapitalize=\"none\""] {
        assert!(email.contains(attribute), "{email}");
    }
    let path = sign_up_path(&app, &mut post, ADDRESS).await;
    let shown = get(&app, &path).await;
    assert_eq!(heading(&shown, 200), "Finish signing up");
    assert!(
        page(&shown, 200).contains("<strong><bdi>mary@example.com</bdi></strong>"),
        "{shown:?}"
    );
    let password = &inputs(page(&shown, 200))["password"];
    assert!(password.contains("autocomplete=\"new-password\""), "{password}");

    let fields = [("username", "MaryMajor"), ("name", "Mary Major"), ("password", PASSWORD)];
    let done = post_form(&app, &path, &fields).await;

    assert_eq!(heading(&done, 200), "You are signed up");
    assert!(page(&done, 200).contains("<strong>marymajor</strong>"), "{done:?}");
    let expected = ("Mary Major".to_owned(), vec![(ADDRESS.to_owned(), true)]);
    assert_eq!(profile(&app, PASSWORD).await, expected);
    for again in [get(&app, &path).await, post_form(&app, &path, &fields).await] {
        assert_eq!(heading(&again, 410), "This link has ended");
        assert!(page(&again, 410).contains("<a href=\"/account/sign-up\">"), "{again:?}");
    }
}

#[tokio::test]
async fn what_was_wrong_is_told_at_its_field_and_what_was_entered_stays_but_the_password() {
    let (app, mut post) = open().await;
    app.person("janedoe").await;
    let path = sign_up_path(&app, &mut post, ADDRESS).await;

    for (fields, status, wrong, sentence) in [
        (
            [("username", "a b"), ("name", "Mary"), ("password", NEW)],
            400,
            "username",
            "Username must be 4 to 30 letters a-z and digits.",
        ),
        (
            [("username", ""), ("name", "Mary"), ("password", NEW)],
            400,
            "username",
            "Username is required.",
        ),
        (
            [("username", "janedoe"), ("name", "Mary"), ("password", NEW)],
            409,
            "username",
            "Username is taken.",
        ),
        (
            [("username", "marymajor"), ("name", "Mary"), ("password", "secret")],
            400,
            "password",
            "Password must be at least 8 characters long.",
        ),
        (
            [("username", "marymajor"), ("name", "Mary"), ("password", "marymajor")],
            400,
            "password",
            "Password must not be the username.",
        ),
    ] {
        let response = post_form(&app, &path, &fields).await;
        let page = page(&response, status);
        assert!(page.contains("<title>Error: Finish signing up"), "{page}");
        let summary = between(page, "<div role=\"alert\">", "</div>");
        let link = format!("<a href=\"#{wrong}\">{sentence}</a>");
        assert!(summary.contains(&link), "{summary}");
        let error = format!("<p class=\"wrong\" id=\"{wrong}-error\">{sentence}</p>");
        assert!(page.contains(&error), "{page}");
        for (name, tag) in inputs(page) {
            let is_wrong = name == wrong;
            assert_eq!(tag.contains("aria-invalid=\"true\""), is_wrong, "{tag}");
            assert_eq!(tag.contains(" autofocus"), is_wrong, "{tag}");
            assert_eq!(tag.contains(&format!("{name}-error\"")), is_wrong, "{tag}");
            let entered = fields.iter().find(|(own, _)| *own == name).unwrap().1;
            let shown = format!(" value=\"{entered}\"");
            assert_eq!(tag.contains(&shown), name != "password" && !entered.is_empty(), "{tag}");
        }
    }
    let fields = [("username", "marymajor"), ("name", ""), ("password", PASSWORD)];
    assert_eq!(heading(&post_form(&app, &path, &fields).await, 200), "You are signed up");
}

#[tokio::test]
async fn an_address_or_a_name_that_is_missing_or_wrong_is_told_at_its_field() {
    let app = TestApp::start().await;

    for (path, body, sentence) in [
        (SIGN_UP, "email=mary", "E-mail address must be an e-mail address."),
        (SIGN_UP, "email=", "E-mail address is required."),
        (SIGN_UP, "", "E-mail address is required."),
        (
            SIGN_UP,
            "email=a%40example.com&email=b%40example.com",
            "E-mail address is given more than once.",
        ),
        (RESET, "name=", "Username or e-mail address is required."),
        (RESET, "", "Username or e-mail address is required."),
    ] {
        let response = app.send("POST", path, &[FORM], Some(body)).await;
        let page = page(&response, 400);
        assert!(page.contains(&format!("\">{sentence}</a>")), "{body}: {page}");
        assert!(page.contains("aria-invalid=\"true\""), "{page}");
    }
}

#[tokio::test]
async fn the_response_is_the_same_whoever_has_an_address_or_a_name() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post).await;
    let john = app.person("johnroe").await;

    let asked = async |path: &str, field: &str, value: &str| {
        let response = post_form(&app, path, &[(field, value)]).await;
        page(&response, 200).replace(value, "…")
    };
    let unknown = asked(SIGN_UP, "email", "nobody@example.com").await;
    for address in [ADDRESS, john.email()] {
        assert_eq!(asked(SIGN_UP, "email", address).await, unknown);
    }
    let unknown = asked(RESET, "name", "nobody").await;
    for name in ["marymajor", ADDRESS, "johnroe", john.email(), "no name at all"] {
        // The fourth mail in an hour is not sent, and nothing says so.
        for _ in 0..4 {
            assert_eq!(asked(RESET, "name", name).await, unknown);
        }
    }
}

#[tokio::test]
async fn a_lost_password_is_reset_by_a_mail_and_the_link_works_once() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post).await;
    let path = reset_path(&app, &mut post, "marymajor").await;

    let shown = get(&app, &path).await;
    assert_eq!(heading(&shown, 200), "Choose a new password");
    let keep = &inputs(page(&shown, 200))["keepApiKeys"];
    assert!(keep.contains("type=\"checkbox\"") && !keep.contains(" checked"), "{keep}");
    let fields = [("password", "secret"), ("keepApiKeys", "true")];
    let refused = post_form(&app, &path, &fields).await;
    let refused = inputs(page(&refused, 400));
    assert!(refused["keepApiKeys"].contains(" checked"), "{refused:?}");
    assert!(signs_in(&app, PASSWORD).await);

    let fields = [("password", NEW)];
    let done = post_form(&app, &path, &fields).await;

    assert_eq!(heading(&done, 200), "Your password is changed");
    assert_eq!((signs_in(&app, PASSWORD).await, signs_in(&app, NEW).await), (false, true));
    for again in [get(&app, &path).await, post_form(&app, &path, &fields).await] {
        assert_eq!(heading(&again, 410), "This link has ended");
        assert!(page(&again, 410).contains("<a href=\"/account/reset\">"), "{again:?}");
    }
}

#[tokio::test]
async fn api_keys_outlive_a_reset_only_if_that_is_chosen() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post).await;
    let keys = async |password: &str| {
        let authorization = basic("marymajor", password);
        let headers = [("authorization", authorization.as_str())];
        let list = app.send("GET", "/rollcall/v1/users/self/api-keys", &headers, None).await;
        list.body["apiKeys"].as_array().unwrap_or_else(|| panic!("{list:?}")).len()
    };
    let authorization = basic("marymajor", PASSWORD);
    let headers = [("authorization", authorization.as_str())];
    let made = app.send("POST", "/rollcall/v1/users/self/api-keys", &headers, None).await;
    assert_eq!(made.status, 201, "{made:?}");
    post.deliver().await;

    let path = reset_path(&app, &mut post, ADDRESS).await;
    post_form(&app, &path, &[("password", NEW), ("keepApiKeys", "true")]).await;
    assert_eq!(keys(NEW).await, 1);
    post.deliver().await;
    let path = reset_path(&app, &mut post, ADDRESS).await;
    post_form(&app, &path, &[("password", PASSWORD)]).await;
    assert_eq!(keys(PASSWORD).await, 0);
}

#[tokio::test]
async fn an_address_is_proved_by_a_button_and_pressing_it_again_says_the_same() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let path = proof_path(&jane, &mut post, "second@example.com").await;

    let shown = get(&app, &path).await;
    assert_eq!(heading(&shown, 200), "Confirm your e-mail address");
    assert!(
        page(&shown, 200).contains("<strong><bdi>second@example.com</bdi></strong>"),
        "{shown:?}"
    );
    let [body] = &forms(page(&shown, 200))[..] else { panic!("{shown:?}") };
    let addresses = async || {
        let emails = jane.send("GET", "/rollcall/v1/users/self/emails").await;
        emails.body["emails"].as_array().unwrap().clone()
    };
    assert_eq!(addresses().await.len(), 1, "a GET proves nothing");
    let press = async || app.send("POST", &path, &[FORM], Some(body)).await;
    let done = press().await;

    assert_eq!(heading(&done, 200), "The address is confirmed");
    assert_eq!(press().await, done);
    // As a browser sends a form without fields that was made by script, or none at all.
    assert_eq!(app.send("POST", &path, &[], None).await, done);
    let emails = addresses().await;
    let second = emails.iter().find(|own| own["email"] == "second@example.com").unwrap();
    assert!(!second["provedAt"].is_null(), "{second}");
}

#[tokio::test]
async fn a_proof_is_409_if_somebody_else_was_first_and_410_if_it_has_ended() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let path = proof_path(&jane, &mut post, "both@example.com").await;
    forget_requests(&app).await;
    let other = proof_path(&john, &mut post, "both@example.com").await;

    assert_eq!(heading(&post_form(&app, &other, &[]).await, 200), "The address is confirmed");
    post.deliver().await;
    let taken = post_form(&app, &path, &[]).await;
    assert_eq!(heading(&taken, 409), "The address is confirmed already");

    let end = path.replace("rcv_", "rcv_x");
    for ended in [get(&app, &end).await, post_form(&app, &end, &[]).await] {
        assert_eq!(heading(&ended, 410), "This link has ended");
        assert!(!page(&ended, 410).contains("<a "), "{ended:?}");
    }
}

#[tokio::test]
async fn a_scanner_that_follows_every_link_and_sends_every_form_spends_nothing() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post).await;
    let jane = app.person("janedoe").await;
    let proof = proof_path(&jane, &mut post, "second@example.com").await;
    let reset = reset_path(&app, &mut post, "marymajor").await;
    let sign_up = sign_up_path(&app, &mut post, "new@example.com").await;
    let mails = post.sent();
    let links: Vec<&str> = mails
        .iter()
        .flat_map(|mail| &mail.message.links)
        .map(|link| link.strip_prefix("https://api.example.com").unwrap())
        .collect();
    assert!(links.len() >= 4, "{links:?}");
    let users = async || app.items_of("user").await.len();
    let before = users().await;

    for path in links.iter().chain(&[SIGN_UP, RESET]) {
        let head = app.send("HEAD", path, &[], None).await;
        assert_eq!((head.status, head.header("allow")), (405, Some("GET, POST")), "{path}");
        let shown = get(&app, path).await;
        assert_eq!(shown.header("set-cookie"), None);
        for body in forms(shown.body.as_str().unwrap()) {
            let response = app.send("POST", path, &[FORM], Some(&body)).await;
            assert_eq!(response.header("set-cookie"), None);
            let is_proof = path.contains("/verify/");
            assert_eq!(response.status, if is_proof { 200 } else { 400 }, "{path}: {response:?}");
        }
    }

    assert_eq!(users().await, before);
    assert!(signs_in(&app, PASSWORD).await);
    assert_eq!(heading(&post_form(&app, &proof, &[]).await, 200), "The address is confirmed");
    let changed = post_form(&app, &reset, &[("password", NEW)]).await;
    assert_eq!(heading(&changed, 200), "Your password is changed");
    let fields = [("username", "newcomer"), ("name", ""), ("password", PASSWORD)];
    assert_eq!(heading(&post_form(&app, &sign_up, &fields).await, 200), "You are signed up");
}

#[tokio::test]
async fn a_form_of_another_site_is_rejected_before_it_does_anything() {
    let mut app = TestApp::start().await;
    let own = "https://api.example.com";
    let writes =
        || operations().into_iter().filter(|own| own.binary() == "pages" && own.method() == "POST");
    assert_eq!(writes().count(), 47);
    let foreign = [
        json!({ "sec-fetch-site": "cross-site" }),
        json!({ "sec-fetch-site": "same-site" }),
        json!({ "sec-fetch-site": "" }),
        json!({ "sec-fetch-site": "same-origin, cross-site" }),
        json!({ "origin": "null" }),
        json!({ "origin": "http://api.example.com" }),
        json!({ "origin": "https://api.example.com:8443" }),
        json!({ "origin": "https://evil.example.com" }),
        json!({ "origin": "https://evil.example.com", "sec-fetch-site": "same-origin" }),
        json!({ "origin": own, "sec-fetch-site": "cross-site" }),
    ];
    let allowed = [
        json!({}),
        json!({ "sec-fetch-site": "same-origin" }),
        json!({ "sec-fetch-site": "none" }),
        json!({ "origin": own }),
        json!({ "origin": own, "sec-fetch-site": "same-origin" }),
    ];

    for (number, operation) in writes().enumerate() {
        let jane = app.person(&format!("jane{number:02}")).await;
        let mut event = app.event(&operation, &jane).await;
        let before = app.written().await;
        for headers in &foreign {
            set_headers(&mut event, headers);
            app.proxy().record();
            let response = app.send_event(&event).await;
            assert_eq!(heading(&response, 403), "This form came from another site", "{headers}");
            assert_eq!(app.proxy().calls(), [], "{operation}");
            let line = testkit::own_last_request_line().unwrap();
            assert_eq!(line["event"], "form_rejected", "{operation}");
        }
        assert_eq!(app.written().await, before, "{operation}");
        for (place, headers) in allowed.iter().enumerate() {
            let jane = app.person(&format!("jane{number:02}x{place}")).await;
            let mut event = app.event(&operation, &jane).await;
            set_headers(&mut event, headers);
            let response = app.send_event(&event).await;
            assert_eq!(response.status, operation.success(), "{operation} {headers}: {response:?}");
        }
    }
    let public_url = Some("https://accounts.example.com:8443".parse().unwrap());
    let settings = Settings { public_url, sends_mail: true, ..Settings::default() };
    app.configure(settings);
    for (origin, status) in [(own, 403), ("https://accounts.example.com:8443", 200)] {
        let headers = [FORM, ("origin", origin)];
        let response = app.send("POST", RESET, &headers, Some("name=janedoe")).await;
        assert_eq!(response.status, status, "{origin}");
    }
}

/// Takes these headers in place of what an event says of where it comes from, at the tests' domain.
fn set_headers(event: &mut Value, headers: &Value) {
    event["requestContext"]["domainName"] = json!(testkit::DOMAIN);
    let own = event["headers"].as_object_mut().unwrap();
    own.retain(|name, _| !["origin", "sec-fetch-site"].contains(&name.as_str()));
    own.extend(headers.as_object().unwrap().clone());
}

#[tokio::test]
async fn a_link_may_come_from_any_site() {
    let (app, mut post) = open().await;
    let path = sign_up_path(&app, &mut post, ADDRESS).await;

    let headers = [("sec-fetch-site", "cross-site")];
    let response = app.send("GET", &path, &headers, None).await;

    assert_eq!(heading(&response, 200), "Finish signing up");
}

#[tokio::test]
async fn every_page_has_its_policy_and_tells_its_url_to_nobody() {
    let app = TestApp::start().await;

    let mut pages = Vec::new();
    let own = operations().into_iter().filter(|own| own.binary() == "pages");
    for (number, operation) in own.enumerate() {
        let jane = app.person(&format!("jane{number:02}")).await;
        let event = app.event(&operation, &jane).await;
        // The second has the placeholder of a token or a session, or nothing to go by.
        for event in [&event, &operation.event] {
            let response = app.send_event(event).await;
            let sets_cookies = [
                "pages-show-sign-in",
                "pages-sign-in",
                "pages-complete-sign-in",
                "pages-sign-out",
                "pages-confirm",
                "pages-change-password",
            ];
            let sets_cookie = response.headers.iter().any(|(name, _)| name == "set-cookie");
            assert!(!sets_cookie || sets_cookies.contains(&operation.name), "{operation}");
            pages.extend(Some(response).filter(|response| response.status != 303));
        }
        pages.push(app.send("PUT", operation.path(), &[], None).await);
    }
    for path in ["/account/nothing", "/account/sign-up/a/b"] {
        let response = get(&app, path).await;
        assert_eq!(heading(&response, 404), "There is no such page", "{path}");
        pages.push(response);
    }
    pages.push(app.send("POST", SIGN_UP, &[], Some("{}")).await);
    for response in &pages {
        let page = page(response, response.status);
        let policy = response.header("content-security-policy").unwrap();
        let to = if page.contains("<form ") { "'self'" } else { "'none'" };
        for part in ["default-src 'none';", "frame-ancestors 'none';", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(policy.contains(&format!("form-action {to};")), "{policy}");
        assert_eq!(policy.contains("script-src 'sha256-"), page.contains("<script>"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!page.contains("<script ") && !page.contains(" style="), "{page}");
        assert_eq!(response.header("x-frame-options"), Some("DENY"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        // A form says where it comes from.
        let referrer = if to == "'self'" { "same-origin" } else { "no-referrer" };
        assert_eq!(response.header("referrer-policy"), Some(referrer), "{page}");
    }
    let statuses: BTreeSet<_> = pages.iter().map(|page| page.status).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 403, 404, 405, 410, 415]);
}

#[tokio::test]
async fn names_addresses_and_the_service_are_escaped() {
    let mut app = TestApp::start().await;
    let service_name = "Jane & <b>Co</b> \"X\"".parse().unwrap();
    let mut settings = Settings { service_name, ..Settings::default() };
    settings.sign_up = SignUpPolicy::Open;
    app.configure(settings);
    let mut post = app.start_mail().await;
    let evil = "\"><script>alert(1)</script>";

    let address = "\"<b>&\"@example.com";
    let asked = post_form(&app, SIGN_UP, &[("email", address)]).await;
    let path = mailed_path(&mut post).await;
    let fields = [("username", evil), ("name", evil), ("password", evil)];
    let pages = [
        asked,
        get(&app, &path).await,
        post_form(&app, &path, &fields).await,
        post_form(&app, SIGN_UP, &[("email", evil)]).await,
        post_form(&app, RESET, &[("name", evil)]).await,
        post_form(&app, SIGN_UP, &[("email", "a@example.com"), (evil, "1"), (evil, "2")]).await,
    ];

    for response in &pages {
        let page = page(response, response.status);
        assert!(page.contains("Jane &amp; &lt;b&gt;Co&lt;/b&gt; &quot;X&quot;</title>"), "{page}");
        assert!(!page.contains("<script>alert") && !page.contains("<b>"), "{page}");
    }
    for response in &pages[..2] {
        let page = page(response, 200);
        assert!(
            page.contains("<strong><bdi>&quot;&lt;b&gt;&amp;&quot;@example.com</bdi></strong>"),
            "{page}"
        );
    }
    let entered = &inputs(page(&pages[2], 400))["name"];
    assert!(entered.contains("&quot;&gt;&lt;script&gt;"), "{entered}");
}

#[tokio::test]
async fn a_service_that_is_closed_or_sends_no_mail_says_so() {
    let mut app = TestApp::start().await;
    app.configure(Settings { sends_mail: true, ..Settings::default() });
    for response in [get(&app, SIGN_UP).await, post_form(&app, SIGN_UP, &[]).await] {
        assert_eq!(heading(&response, 403), "Signing up is closed");
    }
    assert_eq!(heading(&get(&app, RESET).await, 200), "Reset your password");

    app.configure(Settings { sign_up: SignUpPolicy::Open, ..Settings::default() });
    for path in [SIGN_UP, RESET] {
        for response in [get(&app, path).await, post_form(&app, path, &[]).await] {
            assert_eq!(heading(&response, 501), "This takes mail", "{path}");
        }
    }
}

#[tokio::test]
async fn whoever_asks_for_too_much_is_told_when_to_come_again() {
    let app = TestApp::start().await;
    let client = app.at("203.0.113.77");
    let send = async |path: &str, body: &str| {
        testkit::Service::send(&client, "POST", path, &[FORM], Some(body)).await
    };

    for number in 0..shared::limits::MAX_SOURCE_REQUESTS {
        let asked = send(RESET, &format!("name=nobody{number}")).await;
        assert_eq!(asked.status, 200, "{asked:?}");
    }
    for (path, body) in [(RESET, "name=janedoe"), (SIGN_UP, "email=mary%40example.com")] {
        let rejected = send(path, body).await;
        assert_eq!(heading(&rejected, 429), "Too many requests");
        let seconds: u64 = rejected.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3600).contains(&seconds), "{seconds}");
        let minutes = seconds.div_ceil(60);
        assert!(page(&rejected, 429).contains(&format!("in {minutes} minute")), "{rejected:?}");
    }
}

#[tokio::test]
async fn the_sign_in_page_leads_to_what_is_open() {
    let mut app = TestApp::start().await;
    let (forgot, sign_up) = ("href=\"/account/reset\"", "href=\"/account/sign-up\"");
    let open = SignUpPolicy::Open;

    for (sends_mail, policy, links) in [
        (false, SignUpPolicy::Closed, [false, false]),
        (false, open, [false, false]),
        (true, SignUpPolicy::Closed, [true, false]),
        (true, open, [true, true]),
    ] {
        app.configure(Settings { sends_mail, sign_up: policy, ..Settings::default() });
        let response = get(&app, "/account/sign-in").await;
        let page = page(&response, 200);
        assert_eq!([page.contains(forgot), page.contains(sign_up)], links, "{page}");
    }
}
