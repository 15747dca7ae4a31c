//! The page on which users who are signed in decide.

use serde_json::json;
use shared::Settings;
use shared::table::Actor;
use testkit::{
    Browser, ConsentPage, OAuthClient, PASSWORD, Page, PageForm, Service, TestApp, form, parameter,
};

use super::{CALLBACK, arranged, decide};

#[tokio::test]
async fn the_page_names_the_user_the_client_and_the_scopes_with_everything_escaped() {
    arranged!(app, client, jane);
    let path = client.authorize_path("email_write profile_read");

    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;

    let page = shown.response.body.as_str().unwrap();
    for text in [
        "<h1><bdi>Allow Example &lt;Client&gt;?</bdi></h1>",
        "Signed in as <bdi>janedoe</bdi>. <a href=\"/account/sign-in?return_to=%2Fapi%2Fv1.1%2Fo%2F",
        "&amp;again=true\">Not you?</a>",
        "asks to:</p><ul><li>see your profile and your primary e-mail address</li></ul>",
        "asks to make changes:</p><ul class=\"changes\">\
         <li>add, change and delete your e-mail addresses</li></ul>",
        "You are sent back to <bdi>https://client.example.com</bdi>.",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("<Client>"), "{page}");
}

#[tokio::test]
async fn every_page_names_the_service_and_the_domain_that_one_is_on() {
    let mut app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await.credentials();
    let public_url = Some("https://accounts.example.com:8443".parse().unwrap());
    let service_name = "Jane & Co".parse().unwrap();
    for (settings, name, host) in [
        (Settings { public_url, service_name, ..Settings::default() }, "Jane &amp; Co", ":8443"),
        (Settings::default(), "Rollcall", ".example.com"),
    ] {
        app.configure(settings);
        for path in [client.authorize_path("profile_read"), "/api/v1.1/o/authorize/".to_owned()] {
            let cookie = app.session(&jane).await;
            let response = app.send("GET", &path, &[("cookie", &cookie)], None).await;
            let page = response.body.as_str().unwrap();
            for text in [&format!("<strong>{name}</strong>"), &format!("· {name}</title>")] {
                assert!(page.contains(text), "{text} is not in {page}");
            }
            assert!(page.contains(&format!("{host}</span></header>")), "{page}");
        }
    }
}

#[tokio::test]
async fn the_page_names_every_personal_detail_that_a_scope_lets_a_client_see() {
    arranged!(app, client, jane);
    let profile = "/api/v1.1/users/janedoe/";
    let new = r#"{"email":"second@example.com"}"#;
    let shows_primary = async |scope: &str, method: &str, path: &str, body: Option<&str>| {
        let tokens = client.tokens(&app, &jane.credentials(), scope).await;
        let bearer = format!("Bearer {}", tokens.access);
        let response = app.send(method, path, &[("authorization", &bearer)], body).await;
        assert!(response.status < 300, "{scope}: {response:?}");
        response.body.to_string().contains("janedoe@example.com")
    };

    for (scope, method, path, body, words) in [
        ("profile_read", "GET", profile, None, "see your profile and your primary e-mail"),
        ("profile_write", "PATCH", profile, Some("{}"), "see it with your primary e-mail address"),
        ("email_read", "GET", &format!("{profile}emails/"), None, "see your e-mail addresses"),
        ("email_write", "POST", &format!("{profile}emails/"), Some(new), "add, change and delete"),
    ] {
        let asked = client.authorize_path(scope);
        let page = ConsentPage::open(&app, &asked, &jane.credentials()).await.response;
        let page = page.body.as_str().unwrap();
        assert!(page.contains(words), "{scope}: {page}");
        let says_so = ["primary e-mail", "see your e-mail"].iter().any(|text| page.contains(text));
        let is_shown = shows_primary(scope, method, path, body).await;
        assert_eq!(is_shown, says_so, "{scope}");
    }
}

#[tokio::test]
async fn the_page_allows_no_script_and_no_frame_and_its_form_goes_to_its_own_url() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");

    let response = ConsentPage::open(&app, &path, &jane.credentials()).await.response;

    let policy = response.header("content-security-policy").unwrap();
    for part in
        ["default-src 'none'; style-src 'sha256-", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    // Browsers would apply it to what the client's server redirects to.
    assert!(
        !["unsafe", "script", "form-action"].iter().any(|own| policy.contains(own)),
        "{policy}"
    );
    let page = response.body.as_str().unwrap();
    for (element, count) in [("<form", 1), ("<style>", 1), ("<script", 0), ("password", 0)] {
        assert_eq!(page.matches(element).count(), count, "{element}: {page}");
    }
    assert!(page.contains(r#"<form method="post"><input"#), "{page}");
    assert!(!page.contains("action=") && !page.contains("<base"), "{page}");
    assert_eq!(response.header("x-frame-options"), Some("DENY"));
    assert_eq!(response.header("referrer-policy"), Some("same-origin"), "for the form's Origin");
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(response.header("set-cookie"), None);
}

/// Opens a request in a browser, signs in where that leads, and returns the page that follows.
async fn sign_in(browser: &mut Browser<'_>, path: &str) -> Page {
    let page = browser.open(path).await;
    assert_eq!(page.heading(), "Sign in");
    let fields = [("username", "janedoe"), ("password", PASSWORD)];
    browser.submit(&page, "/account/sign-in", &fields).await
}

/// Presses a button of the page.
pub(super) async fn press(browser: &mut Browser<'_>, page: &Page, decision: &str) -> Page {
    let shown: Vec<_> = page.forms().iter().flat_map(PageForm::as_shown).collect();
    let shown = shown.iter().map(|(name, value)| (&**name, &**value));
    let fields: Vec<_> = shown.chain([("decision", decision)]).collect();
    browser.post(&page.path, &fields).await
}

#[tokio::test]
async fn a_request_that_is_too_long_to_come_back_to_leads_back_with_an_error() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read").replace("af0ifjsldkj", &"%7B".repeat(1_900));

    let asked = app.send("GET", &path, &[], None).await;

    let place = asked.header("location").unwrap();
    assert!(place.starts_with("https://client.example.com/callback?"), "{place}");
    assert_eq!(parameter(place, "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(place, "state"), Some("{".repeat(1_900)));
    let cookie = app.session(&jane.credentials()).await;
    let signed_in = app.send("GET", &path, &[("cookie", &cookie)], None).await;
    assert_eq!(signed_in.status, 200);
}

#[tokio::test]
async fn one_signs_in_first_comes_back_and_allows_it_without_a_password() {
    arranged!(app, client, jane);
    let mut browser = app.browser();
    let path = client.authorize_path("profile_read");

    let asked = app.send("GET", &path, &[], None).await;
    let place = asked.header("location").unwrap();
    assert_eq!((asked.status, place.split('?').next().unwrap()), (303, "/account/sign-in"));
    let return_to = path.replace("authorize/?", "authorize?");
    assert_eq!(parameter(place, "return_to"), Some(return_to));
    let page = sign_in(&mut browser, &path).await;
    assert!(page.has("Signed in as janedoe. Not you?"), "{}", page.text());
    let allowed = press(&mut browser, &page, "allow").await;

    let place = allowed.location().unwrap();
    assert_eq!(allowed.status, 303);
    assert!(place.starts_with("https://client.example.com/callback?code=rco_"), "{place}");
    let code = parameter(place, "code").unwrap();
    let tokens = client.redeem(&app, &code).await;
    assert_eq!(tokens.body["user_id"], json!(jane.user().number));
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_that_signing_in_needs_them() {
    arranged!(app, client, _jane);
    let path = client.authorize_path("profile_read");
    let sign_in = "/account/sign-in";
    for place in [path.as_str(), "/account"] {
        let fields =
            |password| [("username", "janedoe"), ("password", password), ("return_to", place)];
        let mut browser = app.browser();
        let asked = browser.open(place).await;
        browser.cookies.clear();
        let wrong = browser.post(sign_in, &fields("a wrong password")).await;
        for page in [asked, wrong] {
            assert_eq!(page.heading(), "Sign in", "{place}");
            assert!(!page.has("cookies"), "{place}: {}", page.text());
        }

        let right = browser.post_without_following(sign_in, &fields(PASSWORD)).await;
        let next = right.location().unwrap();
        // One that has only lost its cookies goes on.
        let page = browser.clone().open(next).await;
        assert!(page.has("janedoe"), "{place}: {}", page.text());
        browser.cookies.clear();
        let asked = browser.open(next).await;

        assert_eq!(asked.heading(), "Sign in", "{place}");
        assert!(asked.has("Signing in needs cookies."), "{place}: {}", asked.text());
    }
}

#[tokio::test]
async fn a_form_that_is_sent_without_its_cookie_is_told_that_signing_in_needs_them() {
    arranged!(app, client, _jane);
    let mut browser = app.browser();
    let page = sign_in(&mut browser, &client.authorize_path("profile_read")).await;
    let profile = browser.open("/account").await;
    let fields = [("username", "janedoe"), ("password", PASSWORD)];

    browser.cookies.clear();
    let decided = press(&mut browser, &page, "allow").await;
    browser.cookies.clear();
    let sent = browser.submit(&profile, "/account", &[]).await;
    let offered = browser.submit(&sent, "/account/sign-in", &fields).await;
    browser.cookies.clear();
    let again = browser.submit(&offered, "/account", &[]).await;

    for (page, heading) in [
        (&decided, "Sign in"),
        (&sent, "Sign in"),
        (&offered, "Go on with what you began?"),
        (&again, "Sign in"),
    ] {
        assert_eq!(page.heading(), heading);
        assert!(page.has("Signing in needs cookies."), "{}", page.text());
    }
    assert_eq!(app.items_of("grant").await.len(), 0);
    // Another one has only lost its session.
    browser.cookies.insert("another".to_owned(), "cookie".to_owned());
    for decided in
        [press(&mut browser, &page, "allow").await, browser.submit(&profile, "/account", &[]).await]
    {
        assert!(!decided.has("needs cookies"), "{}", decided.text());
    }
}

#[tokio::test]
async fn what_is_entered_to_sign_in_is_shown_again_escaped_and_the_password_never() {
    arranged!(app, client, _jane);
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_path("profile_read")).await;
    let name = r#""><script>x"#;
    let fields = [("username", name), ("password", "a secret password")];

    let page = browser.submit(&page, "/account/sign-in", &fields).await;

    assert_eq!((page.status, page.value("username")), (403, name.to_owned()));
    assert!(page.value("return_to").starts_with("/api/v1.1/o/authorize?client_id="));
    let text = page.response.body.as_str().unwrap();
    assert!(text.contains(r#"value="&quot;&gt;&lt;script&gt;x""#), "{text}");
    assert!(!text.contains("a secret password"));
}

#[tokio::test]
async fn a_password_may_hold_any_character() {
    arranged!(app, client, jane);
    let password = "correct \u{fffd}\n& battery";
    app.give_password(jane.user().id, password, false).await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_path("profile_read")).await;
    let fields = [("username", "janedoe"), ("password", password)];

    let page = browser.submit(&page, "/account/sign-in", &fields).await;

    assert_eq!(press(&mut browser, &page, "allow").await.status, 303);
}

#[tokio::test]
async fn who_is_not_the_one_signed_in_signs_in_and_comes_back() {
    arranged!(app, client, _jane);
    app.person("johnroe").await;
    let mut browser = app.browser();
    browser.sign_in("johnroe", PASSWORD).await;
    let page = browser.open(&client.authorize_path("profile_read")).await;
    assert!(page.has("Signed in as johnroe."), "{}", page.text());

    let not_you = page.links()[0].to_owned();
    let page = sign_in(&mut browser, &not_you).await;

    assert!(page.has("Signed in as janedoe."), "{}", page.text());
    assert_eq!(press(&mut browser, &page, "allow").await.status, 303);
}

#[tokio::test]
async fn the_forms_that_lead_to_the_page_let_the_browser_go_on_to_the_client() {
    arranged!(app, client, _jane);
    let mut browser = app.browser();
    let policy = |page: &Page| {
        page.response.header("content-security-policy").unwrap().contains("form-action 'self'")
    };
    let path = client.authorize_path("profile_read");

    let signing_in = browser.open(&path).await;
    let elsewhere = browser.open("/account/sign-in?return_to=/account/sessions").await;
    sign_in(&mut browser, &path).await;
    let return_to = form(&[("return_to", "/api/v1.1/o/authorize?x=1")]);
    let confirming = browser.open(&format!("/account/confirm?{return_to}")).await;

    let known = [&signing_in, &confirming, &elsewhere].map(policy);
    assert_eq!(known, [false, false, true], "browsers apply it to redirects");
}

#[tokio::test]
async fn a_session_that_ends_between_the_steps_leads_to_the_sign_in_page_and_grants_nothing() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let mut browser = app.browser();
    let page = sign_in(&mut browser, &path).await;
    let profile = browser.open("/account/sessions").await;
    browser.submit(&profile, "/account/sign-out", &[]).await;

    let decided = press(&mut browser, &page, "allow").await;

    assert_eq!(decided.heading(), "Sign in");
    // The same in a browser that keeps the cookie, and for other ends of a session.
    for end in ["a new password", "disabled"] {
        let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
        match end {
            "disabled" => {
                app.table().set_disabled(&Actor::operator(), jane.user().id, true).await.unwrap();
            }
            _ => {
                app.changing_password(&jane).await;
            }
        }
        for decision in ["allow", "deny"] {
            let decided = shown.decide(&app, decision).await;
            let place = decided.header("location").unwrap();
            assert!(place.starts_with("/account/sign-in?return_to="), "{end}: {place}");
        }
    }
    assert_eq!(app.items_of("grant").await.len(), 0);
}

#[tokio::test]
async fn an_unknown_client_or_redirect_uri_is_a_400_page_and_never_a_redirect() {
    arranged!(app, client, _jane);
    let id = client.id.as_str();

    for (case, fields) in [
        ("no client", vec![("redirect_uri", CALLBACK)]),
        ("no id", vec![("client_id", "x"), ("redirect_uri", CALLBACK)]),
        (
            "unknown client",
            vec![("client_id", "000000000000000000000000"), ("redirect_uri", CALLBACK)],
        ),
        (
            "another place",
            vec![("client_id", id), ("redirect_uri", "https://evil.example.com/callback")],
        ),
        (
            "a place below",
            vec![("client_id", id), ("redirect_uri", "https://client.example.com/callback/")],
        ),
        (
            "a query more",
            vec![("client_id", id), ("redirect_uri", "https://client.example.com/callback?x")],
        ),
        (
            "another case",
            vec![("client_id", id), ("redirect_uri", "https://client.example.com/Callback")],
        ),
    ] {
        let query = form(&fields);
        for method in ["GET", "POST"] {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let path = format!("/api/v1.1/o/authorize/?{query}&response_type=code");
            let response = app.send(method, &path, &headers, Some("decision=deny")).await;
            assert_eq!(response.status, 400, "{case}: {response:?}");
            assert_eq!(response.header("location"), None, "{case}");
            let page = response.body.as_str().unwrap();
            assert!(page.starts_with("<!DOCTYPE html>"), "{case}: {page}");
        }
    }
    // No state goes back as another text.
    for more in ["redirect_uri=https://evil.example.com/", "x=%FF"] {
        let path = format!("{}&{more}", client.authorize_path("profile_read"));
        let response = app.send("GET", &path, &[], None).await;
        assert_eq!((response.status, response.header("location")), (400, None), "{more}");
    }
}

#[tokio::test]
async fn a_loopback_uri_of_a_client_without_a_secret_works_at_any_port() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let native = app.new_client("http://127.0.0.1:9010/callback", false).await;
    let with_secret = app.new_client("http://127.0.0.1:9010/callback", true).await;
    let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                     &code_challenge_method=S256";
    let at = |client: &OAuthClient, uri: &str| {
        let client = OAuthClient { redirect_uri: uri.to_owned(), ..client.clone() };
        client.authorize_path("profile_read") + challenge
    };
    let local = "http://127.0.0.1:51004/callback";

    let shown = ConsentPage::open(&app, &at(&native, local), &jane.credentials()).await;
    let page = shown.response.body.as_str().unwrap();
    assert!(page.contains("You are sent back to <bdi>http://127.0.0.1:51004</bdi>."), "{page}");
    let allowed = shown.decide(&app, "allow").await;
    let place = allowed.header("location").unwrap();
    assert!(place.starts_with(&format!("{local}?code=rco_")), "{place}");
    let code = parameter(place, "code").unwrap();
    let redeem = async |uri: &str| {
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &native.id),
            ("code", &code),
            ("redirect_uri", uri),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ]);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        app.send("POST", "/api/v1.1/o/token/", &headers, Some(&body)).await.status
    };
    assert_eq!(redeem(&native.redirect_uri).await, 400, "the port is that of the request");
    assert_eq!(redeem(local).await, 200);

    for (client, uri) in [
        (&with_secret, local),
        (&native, "http://localhost:9010/callback"),
        (&native, "http://127.0.0.1:51004/other"),
        (&native, "http://127.0.0.1:80@evil.example.com/callback"),
    ] {
        let response = app.send("GET", &at(client, uri), &[], None).await;
        assert_eq!((response.status, response.header("location")), (400, None), "{uri}");
    }
    for uri in ["http://127.0.0.1:0/callback", "http://127.0.0.1:/callback"] {
        for (with_secret, status) in [(false, 303), (true, 400)] {
            let client = app.new_client(uri, with_secret).await;
            let response = app.send("GET", &at(&client, local), &[], None).await;
            assert_eq!(response.status, status, "{uri}: {response:?}");
        }
    }
    let any_port = app.new_client("http://127.0.0.1:0/callback", false).await;
    for uri in ["", "http://127.0.0.1:0/callback"] {
        let response = app.send("GET", &at(&any_port, uri), &[], None).await;
        assert_eq!((response.status, response.header("location")), (400, None), "{uri}");
    }
}

#[tokio::test]
async fn every_other_error_of_a_request_is_reported_to_the_client_with_its_state() {
    arranged!(app, client, _jane);
    let public = app.new_client(CALLBACK, false).await;
    let authorize_path = |client: &OAuthClient, fields: &[(&str, &str)]| {
        let own = [("client_id", client.id.as_str()), ("redirect_uri", CALLBACK), ("state", "a&b")];
        format!("/api/v1.1/o/authorize/?{}&{}", form(&own), form(fields))
    };
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    for (client, fields, error) in [
        (&client, vec![], "invalid_request"),
        (&client, vec![("response_type", "token")], "unsupported_response_type"),
        (
            &client,
            vec![("response_type", "code"), ("response_mode", "fragment")],
            "invalid_request",
        ),
        (&client, vec![("response_type", "code"), ("scope", "everything")], "invalid_scope"),
        (&client, vec![("response_type", "code"), ("scope", "account_read")], "invalid_scope"),
        (
            &client,
            vec![("response_type", "code"), ("code_challenge", challenge)],
            "invalid_request",
        ),
        (
            &client,
            vec![
                ("response_type", "code"),
                ("code_challenge", challenge),
                ("code_challenge_method", "plain"),
            ],
            "invalid_request",
        ),
        (
            &client,
            vec![
                ("response_type", "code"),
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw"),
                ("code_challenge_method", "S256"),
            ],
            "invalid_request",
        ),
        (&public, vec![("response_type", "code")], "invalid_request"),
    ] {
        let response = app.send("GET", &authorize_path(client, &fields), &[], None).await;
        let place =
            response.header("location").unwrap_or_else(|| panic!("{fields:?}: {response:?}"));
        assert_eq!(response.status, 303, "{fields:?}");
        assert!(place.starts_with("https://client.example.com/callback?error="), "{place}");
        assert_eq!(parameter(place, "error").as_deref(), Some(error), "{fields:?}");
        assert_eq!(parameter(place, "state").as_deref(), Some("a&b"), "{fields:?}");
    }
}

#[tokio::test]
async fn allowing_redirects_with_a_code_and_denying_with_an_error() {
    arranged!(app, client, jane);

    let denied = decide(&app, &client, &jane, "deny").await;
    let allowed = decide(&app, &client, &jane, "allow").await;

    let place = allowed.header("location").unwrap();
    assert_eq!(allowed.status, 303);
    assert!(place.starts_with("https://client.example.com/callback?code=rco_"), "{place}");
    assert_eq!(parameter(place, "state").as_deref(), Some("af0ifjsldkj"));
    let place = denied.header("location").unwrap();
    assert_eq!(denied.status, 303);
    assert_eq!(parameter(place, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(place, "state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(app.items_of("grant").await.len(), 1);
}

#[tokio::test]
async fn the_form_is_accepted_only_from_its_session_its_site_and_for_its_request() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let other = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let (more, own) = (client.authorize_path("profile_read email_write"), "same-origin");
    let longer = format!("{path}&prompt=consent");

    for (case, path, cookie, token, site) in [
        ("another session's cookie", &path, other.cookie(), &*shown.form_token, own),
        ("another session's token", &path, shown.cookie(), &*other.form_token, own),
        ("no token", &path, shown.cookie(), "", own),
        ("a made-up token", &path, shown.cookie(), "AAAA", own),
        ("another request", &more, shown.cookie(), &*shown.form_token, own),
        ("a longer request", &longer, shown.cookie(), &*shown.form_token, own),
        ("another site", &path, shown.cookie(), &*shown.form_token, "cross-site"),
        ("a sibling's site", &path, shown.cookie(), &*shown.form_token, "same-site"),
    ] {
        let fields = [("form_token", token), ("scopes", "profile_read"), ("decision", "allow")];
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [form_type, ("cookie", cookie), ("sec-fetch-site", site)];
        app.proxy().record();
        let response = app.send("POST", path, &headers, Some(&form(&fields))).await;
        assert_eq!(response.status, 403, "{case}: {response:?}");
        let page = response.body.as_str().unwrap();
        let again = path.replace("authorize/?", "authorize?").replace('&', "&amp;");
        assert!(
            page.contains(&format!("href=\"{again}\">Show what is asked for")),
            "{case}: {page}"
        );
        assert_eq!(app.proxy().calls(), [], "{case}");
    }
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", shown.cookie()),
        ("origin", "https://evil.example.com"),
    ];
    let fields = [("form_token", &*shown.form_token), ("scopes", "profile_read")];
    let body = format!("{}&decision=allow", form(&fields));
    assert_eq!(app.send("POST", &path, &headers, Some(&body)).await.status, 403);
    assert_eq!(app.items_of("grant").await.len(), 0);
    assert_eq!(shown.decide(&app, "allow").await.status, 303);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_two_codes_that_work() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;

    let sent = futures_util::future::join_all((0..2).map(|_| shown.decide(&app, "allow"))).await;

    for allowed in sent {
        let code = parameter(allowed.header("location").unwrap(), "code").unwrap();
        assert_eq!(client.redeem(&app, &code).await.status, 200);
    }
    assert_eq!(app.items_of("grant").await.len(), 2);
    app.assert_consistent().await;
}

#[tokio::test]
async fn cookies_of_others_may_have_any_characters_beside_the_sessions() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let own = shown.cookie();
    let body = form(&[("form_token", &shown.form_token), ("decision", "deny")]);

    for (cookie, is_read) in [
        (format!("{own}; name=J\u{fc}rgen"), true),
        (format!("name=J\u{fc}rgen; {own}"), true),
        (format!("\u{540d}=x;{own};\u{fc}"), true),
        (format!("{own}\u{fc}"), false),
        (format!("\u{fc}{own}"), false),
        (format!("name=J\u{fc}rgen, {own}"), false),
        ("name=J\u{fc}rgen".to_owned(), false),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", &cookie)];
        let response = app.send("POST", &path, &headers, Some(&body)).await;
        let place = response.header("location").unwrap();
        assert_eq!(place.starts_with(CALLBACK), is_read, "{cookie}: {place}");
        assert_eq!(place.starts_with("/account/sign-in?"), !is_read, "{cookie}: {place}");
    }
}

#[tokio::test]
async fn no_code_is_issued_if_the_password_changes_meanwhile() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    app.proxy().before("TransactWriteItems", app.changing_password(&jane));

    let decided = shown.decide(&app, "allow").await;

    let place = decided.header("location").unwrap();
    assert!(place.starts_with("/account/sign-in?"), "{place}");
    assert_eq!((app.items_of("grant").await.len(), app.proxy().faults_left()), (0, 0));
}

#[tokio::test]
async fn a_redirect_uri_with_a_query_keeps_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback?x=1", true).await;

    let allowed = decide(&app, &client, &jane, "allow").await;

    let place = allowed.header("location").unwrap();
    assert!(place.starts_with("https://client.example.com/callback?x=1&code=rco_"), "{place}");
}

#[tokio::test]
async fn an_error_page_escapes_what_it_repeats_and_can_do_nothing() {
    let app = TestApp::start().await;

    let response = app.send("GET", "/api/v1.1/o/authorize/?%3Cb%3E&%3Cb%3E&x=%26", &[], None).await;

    assert_eq!(response.status, 400);
    let page = response.body.as_str().unwrap();
    assert!(page.contains("&lt;b&gt;: is given more than once") && !page.contains("<b>"), "{page}");
    let policy = response.header("content-security-policy").unwrap();
    assert!(!policy.contains("script-src") && policy.contains("form-action 'none'"), "{policy}");
    assert!(page.contains("400 Bad Request, request "), "{page}");
    assert_eq!(response.header("x-frame-options"), Some("DENY"));
}

#[tokio::test]
async fn the_name_of_a_repeated_parameter_is_cut_and_shown_without_controls() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let long = "x".repeat(5000);

    for (name, shown) in [
        (long.as_str(), &long[..100]),
        ("%E2%80%AEelgoog%E2%81%A6%00%0A", "\u{fffd}elgoog\u{fffd}\u{fffd}\u{fffd}"),
        ("%E2%80%8B%EF%BB%BF%D8%9C", "\u{fffd}\u{fffd}\u{fffd}"),
        ("n%C3%A4me%20%E6%9D%B1%F0%9F%9A%80", "näme 東🚀"),
    ] {
        let twice = format!("{name}=1&{name}=2");
        let page = app.send("GET", &format!("/api/v1.1/o/authorize/?{twice}"), &[], None).await;
        let headers = [("authorization", jane.token()), form_type];
        let form = app.send("PATCH", "/api/v1.1/users/janedoe/", &headers, Some(&twice)).await;
        let query = jane.send("GET", &format!("/rollcall/v1/tokens?{twice}")).await;

        let expected = format!(" {shown}: is given more than once");
        let text = page.body.as_str().unwrap();
        assert!(page.status == 400 && text.contains(&expected), "{expected}: {text}");
        assert_eq!(form.parts(), (400, &json!({ shown: ["is given more than once"] })));
        assert_eq!((query.status, &query.body["errors"][0]["field"]), (400, &json!(shown)));
    }
}

#[tokio::test]
async fn a_form_without_a_decision_or_of_another_media_type_is_an_error_page() {
    arranged!(app, client, _jane);
    let path = client.authorize_path("profile_read");

    for (media_type, body, status) in [
        ("application/x-www-form-urlencoded", "username=janedoe", 400),
        ("application/x-www-form-urlencoded", "decision=maybe", 400),
        ("application/x-www-form-urlencoded", "decision=allow&decision=deny", 400),
        ("application/json", r#"{"decision":"allow"}"#, 415),
    ] {
        let headers = [("content-type", media_type)];
        let response = app.send("POST", &path, &headers, Some(body)).await;
        assert_eq!(response.status, status, "{body}");
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{body}");
    }
}
