//! The page on which users sign in and decide.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use shared::Settings;
use shared::table::Actor;
use testkit::{ConsentPage, PASSWORD, TestApp, form, parameter};

use super::{CALLBACK, arranged, decide};

#[tokio::test]
async fn the_page_names_the_client_and_the_scopes_with_everything_escaped() {
    arranged!(app, client, _jane);

    let shown = ConsentPage::open(&app, &client.authorize_path("email_write profile_read")).await;

    let page = shown.response.body.as_str().unwrap();
    for text in [
        "<h1>Sign in to allow Example &lt;Client&gt;</h1>",
        "asks to:</p><ul><li>see your profile and your primary e-mail address</li></ul>",
        "asks to make changes:</p><ul class=\"changes\">\
         <li>add, change and delete your e-mail addresses</li></ul>",
        "You are sent back to https://client.example.com.",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("<Client>"), "{page}");
}

#[tokio::test]
async fn every_page_names_the_service_and_the_domain_that_one_is_on() {
    let mut app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let public_url = Some("https://accounts.example.com:8443".parse().unwrap());
    let service_name = "Jane & Co".parse().unwrap();
    for (settings, name, host) in [
        (Settings { public_url, service_name, ..Settings::default() }, "Jane &amp; Co", ":8443"),
        (Settings::default(), "Rollcall", ".example.com"),
    ] {
        app.configure(settings);
        for path in [client.authorize_path("profile_read"), "/api/v1.1/o/authorize/".to_owned()] {
            let response = app.send("GET", &path, &[], None).await;
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
        let page = ConsentPage::open(&app, &client.authorize_path(scope)).await.response;
        let page = page.body.as_str().unwrap();
        assert!(page.contains(words), "{scope}: {page}");
        let says_so = ["primary e-mail", "see your e-mail"].iter().any(|text| page.contains(text));
        let is_shown = shows_primary(scope, method, path, body).await;
        assert_eq!(is_shown, says_so, "{scope}");
    }
}

#[tokio::test]
async fn the_entered_name_is_shown_again_escaped_and_the_password_never() {
    arranged!(app, client, _jane);
    let shown = ConsentPage::open(&app, &client.authorize_path("profile_read")).await;

    let response = shown.decide(&app, r#""><script>x"#, "a secret password", "allow").await;

    let page = response.body.as_str().unwrap();
    assert!(page.contains(r#"value="&quot;&gt;&lt;script&gt;x""#), "{page}");
    assert!(!page.contains("a secret password"));
}

#[tokio::test]
async fn the_page_allows_its_own_script_no_frame_and_its_form_goes_to_its_own_url() {
    arranged!(app, client, _jane);

    let response = ConsentPage::open(&app, &client.authorize_path("profile_read")).await.response;

    let policy = response.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'; style-src 'sha256-",
        "; script-src 'sha256-",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    // Browsers would apply it to what the client's server redirects to.
    assert!(!policy.contains("unsafe") && !policy.contains("form-action"), "{policy}");
    let page = response.body.as_str().unwrap();
    for element in ["<form", "<style>", "<script>"] {
        assert_eq!(page.matches(element).count(), 1, "{page}");
    }
    assert!(page.contains(r#"<form method="post"><input"#), "{page}");
    assert!(!page.contains("action=") && !page.contains("<base"), "{page}");
    let password = r#"type="password" name="password" autocomplete="current-password""#;
    assert!(page.contains(password), "{page}");
    assert!(page.contains(r#"autocomplete="username""#), "{page}");
    assert_eq!(response.header("x-frame-options"), Some("DENY"));
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
}

#[tokio::test]
async fn the_cookie_is_for_this_host_only_and_hidden_from_scripts_and_other_sites() {
    let mut app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let path = client.authorize_path("profile_read");
    let cookie = async |app: &TestApp, headers: &[(&str, &str)]| {
        let response = app.send("GET", &path, headers, None).await;
        response.header("set-cookie").unwrap().to_owned()
    };

    let https = cookie(&app, &[("x-forwarded-proto", "http")]).await;
    let public_url = Some("http://127.0.0.1:9000".parse().unwrap());
    app.configure(Settings { public_url, ..Settings::default() });
    let http = cookie(&app, &[("x-forwarded-proto", "https")]).await;

    for (cookie, name, secure) in
        [(&http, "rollcall-consent", ""), (&https, "__Host-rollcall-consent", "; Secure")]
    {
        let (kept, attributes) = cookie.split_once(';').unwrap();
        let nonce = kept.strip_prefix(&format!("{name}=")).unwrap();
        assert!(nonce.len() == 22, "{cookie}");
        let all = format!(" Path=/; HttpOnly; SameSite=Lax{secure}");
        assert_eq!(attributes, all, "no Domain, and it lasts longer than any form");
    }
    let kept = http.split(';').next().unwrap();
    let again = cookie(&app, &[("cookie", kept)]).await;
    assert!(again.starts_with(kept), "a browser keeps its cookie");
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
    let at = |client: &testkit::OAuthClient, uri: &str| {
        let client = testkit::OAuthClient { redirect_uri: uri.to_owned(), ..client.clone() };
        client.authorize_path("profile_read") + challenge
    };
    let local = "http://127.0.0.1:51004/callback";

    let shown = ConsentPage::open(&app, &at(&native, local)).await;
    let page = shown.response.body.as_str().unwrap();
    assert!(page.contains("You are sent back to http://127.0.0.1:51004."), "{page}");
    let allowed = shown.decide(&app, &jane.credentials().username, PASSWORD, "allow").await;
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
        for (with_secret, status) in [(false, 200), (true, 400)] {
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
    let authorize_path = |client: &testkit::OAuthClient, fields: &[(&str, &str)]| {
        let own = [("client_id", client.id.as_str()), ("redirect_uri", CALLBACK), ("state", "a&b")];
        format!("/api/v1.1/o/authorize/?{}&{}", form(&own), form(fields))
    };
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    for (client, fields, error) in [
        (&client, vec![], "invalid_request"),
        (&client, vec![("response_type", "token")], "unsupported_response_type"),
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

    let allowed = decide(&app, &client, &jane, (PASSWORD, "allow")).await;
    let denied = decide(&app, &client, &jane, ("", "deny")).await;

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
async fn a_wrong_password_shows_the_page_again_and_the_tenth_locks_the_name() {
    arranged!(app, client, jane);

    for number in 0..10 {
        let wrong = decide(&app, &client, &jane, ("a wrong password", "allow")).await;
        assert_eq!(wrong.status, 403, "{number}");
        let page = wrong.body.as_str().unwrap();
        assert!(page.contains(r#"role="alert">The username or the password is wrong."#), "{page}");
    }

    let locked = decide(&app, &client, &jane, (PASSWORD, "allow")).await;
    assert_eq!(locked.status, 429);
    let seconds: u32 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((800..=900).contains(&seconds), "{seconds}");
    assert!(locked.body.as_str().unwrap().contains("Try again in 15 minutes."));
    assert_eq!(app.items_of("grant").await.len(), 0);
    let hub = app
        .send("GET", "/api/v1.1/users/janedoe/", &[("authorization", &jane.basic())], None)
        .await;
    assert_eq!(hub.status, 429, "the lock holds wherever the password is taken");
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in() {
    arranged!(app, client, jane);
    app.table().set_disabled(&Actor::operator(), jane.user().id, true).await.unwrap();

    assert_eq!(decide(&app, &client, &jane, (PASSWORD, "allow")).await.status, 403);
    assert_eq!(app.items_of("grant").await.len(), 0);
}

#[tokio::test]
async fn the_form_is_accepted_only_from_its_browser_and_for_its_request() {
    arranged!(app, client, _jane);
    let path = client.authorize_path("profile_read");
    let (shown, other) =
        (ConsentPage::open(&app, &path).await, ConsentPage::open(&app, &path).await);
    let more = client.authorize_path("profile_read email_write");
    let parts: Vec<_> = shown.csrf_token.split('.').collect();
    let [time, scopes, mac] = parts[..] else { panic!("{parts:?}") };
    let time: i64 = time.parse().unwrap();
    let cookie = shown.cookie();
    let old = old_csrf_token(&app, &path, cookie, time - 1801).await;

    for (case, path, cookie, csrf_token) in [
        ("no cookie", &path, "", shown.csrf_token.clone()),
        ("another browser's cookie", &path, other.cookie(), shown.csrf_token.clone()),
        ("no CSRF token", &path, cookie, String::new()),
        ("a made-up CSRF token", &path, cookie, "1.x".to_owned()),
        ("a time out of time", &path, cookie, format!("{}.{scopes}.{mac}", i64::MIN)),
        ("more scopes", &path, cookie, format!("{time}.{scopes} email_read.{mac}")),
        ("no scopes", &path, cookie, format!("{time}.{mac}")),
        ("a form of half an hour ago", &path, cookie, old),
        ("a later time", &path, cookie, format!("{}.{scopes}.{mac}", time + 1)),
        ("another browser's CSRF token", &path, cookie, other.csrf_token.clone()),
        ("another request", &more, cookie, shown.csrf_token.clone()),
    ] {
        let body = form(&[
            ("csrf_token", &csrf_token),
            ("username", "janedoe"),
            ("password", PASSWORD),
            ("decision", "allow"),
        ]);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie)];
        app.proxy().count();
        let response = app.send("POST", path, &headers, Some(&body)).await;
        assert_eq!(response.status, 403, "{case}: {response:?}");
        let page = response.body.as_str().unwrap();
        let is_told = |text: &str| page.contains(text);
        let expected = match case {
            "no cookie" => "did not send this page's cookie",
            "a form of half an hour ago" | "a time out of time" => "open for too long",
            _ => "one in another tab has taken its place",
        };
        assert!(is_told(expected), "{case}: {page}");
        assert_eq!(app.proxy().calls().len(), 1, "{case}: nobody's password is tried");
    }
    assert_eq!(app.items_of("grant").await.len(), 0);
    let right = shown.decide(&app, "janedoe", PASSWORD, "allow").await;
    assert_eq!(right.status, 303);
}

#[tokio::test]
async fn cookies_of_others_may_have_any_characters_beside_the_pages_own() {
    arranged!(app, client, _jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path).await;
    let own = shown.cookie();
    let body = form(&[("csrf_token", &shown.csrf_token), ("decision", "deny")]);

    for (cookie, status) in [
        (format!("{own}; name=J\u{fc}rgen"), 303),
        (format!("name=J\u{fc}rgen; {own}"), 303),
        (format!("\u{540d}=x;{own};\u{fc}"), 303),
        (format!("{own}\u{fc}"), 403),
        (format!("\u{fc}{own}"), 403),
        (format!("name=J\u{fc}rgen, {own}"), 403),
        ("name=J\u{fc}rgen".to_owned(), 403),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", &cookie)];
        let response = app.send("POST", &path, &headers, Some(&body)).await;
        assert_eq!(response.status, status, "{cookie}: {response:?}");
        let page = response.body.as_str().unwrap_or_default();
        assert_eq!(page.contains("did not send this page's cookie"), status == 403, "{cookie}");
    }
}

/// The CSRF token that a page for `profile_read` had at some time.
async fn old_csrf_token(app: &TestApp, path: &str, cookie: &str, time: i64) -> String {
    let nonce = cookie.split_once('=').unwrap().1;
    let query = path.split_once('?').unwrap().1;
    let parts = [nonce.as_bytes(), &time.to_be_bytes(), b"profile_read", query.as_bytes()];
    let mac = app.service_key().await.derive("consent form", &parts).unwrap();
    format!("{time}.profile_read.{}", URL_SAFE_NO_PAD.encode(mac))
}

#[tokio::test]
async fn an_old_csrf_token_is_made_as_the_page_makes_it() {
    arranged!(app, client, _jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path).await;
    let time = shown.csrf_token.split('.').next().unwrap().parse().unwrap();

    assert_eq!(old_csrf_token(&app, &path, shown.cookie(), time).await, shown.csrf_token);
}

#[tokio::test]
async fn a_password_may_hold_any_character() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let password = "correct \u{fffd}\n& battery";
    let (stored, ()) = app.table().user_and(jane.user().id, ()).await.unwrap();
    let hash = shared::password::hash(password).unwrap();
    let change = shared::table::UserChange::default();
    let new = shared::table::PasswordChange { hash, revoke_keys: false, is_reused: false };
    app.table()
        .change_password(&Actor::operator(), &stored.unwrap(), &change, new)
        .unwrap()
        .commit()
        .await
        .unwrap();

    let shown = ConsentPage::open(&app, &path).await;

    assert_eq!(shown.decide(&app, "janedoe", password, "allow").await.status, 303);
}

#[tokio::test]
async fn no_code_is_issued_if_the_password_changes_meanwhile() {
    arranged!(app, client, jane);
    app.proxy().before("TransactWriteItems", app.changing_password(&jane));

    assert_eq!(decide(&app, &client, &jane, (PASSWORD, "allow")).await.status, 403);

    assert_eq!((app.items_of("grant").await.len(), app.proxy().faults_left()), (0, 0));
}

#[tokio::test]
async fn a_redirect_uri_with_a_query_keeps_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback?x=1", true).await;

    let allowed = decide(&app, &client, &jane, (PASSWORD, "allow")).await;

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
