//! The pages of keys, apps and the own activity: `/account/keys…`, `/account/apps…`,
//! `/account/activity`.

use serde_json::json;
use shared::limits::API_KEYS;
use testkit::{Page, TestApp, parameter};

use crate::meanwhile::with_meanwhile;
use crate::pages_tokens::{as_jane, shown};
use crate::signatures::Signed;

const KEYS: &str = "/account/keys";
const APPS: &str = "/account/apps";
const ACTIVITY: &str = "/account/activity";
const LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T";

/// The secret that a page shows.
fn secret(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let (_, rest) = text.split_once("Secret ").unwrap_or_else(|| panic!("no secret: {text}"));
    rest.split(' ').next().unwrap().to_owned()
}

/// The action of a form that ends so.
fn action(page: &Page, end: &str) -> String {
    let mut actions = page.forms().into_iter().map(|form| form.action);
    actions.rfind(|action| action.ends_with(end)).unwrap_or_else(|| panic!("{}", page.text()))
}

async fn signs(app: &TestApp, key: &str, secret: &str) -> bool {
    let signed = Signed::new("GET", "/v2/account", String::new());
    signed.send(app, &signed.with(key, secret)).await.status == 200
}

#[tokio::test]
async fn an_api_key_is_made_renewed_and_deleted_and_each_secret_is_shown_once() {
    let app = TestApp::start().await;
    let _jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(KEYS).await;
    let page = browser.submit(&page, &action(&page, "/delete"), &[]).await;
    assert!(page.has("There are no API keys."), "{}", page.text());

    let made = browser.submit(&page, &format!("{KEYS}/api"), &[]).await;
    let (key, first) = (shown(&made, "rck_"), secret(&made));
    assert!(signs(&app, &key, &first).await);
    let page = browser.open(KEYS).await;
    assert!(page.has(&key) && !page.has(&first), "{}", page.text());
    let renewed = browser.submit(&page, &action(&page, "/renew"), &[]).await;
    let second = secret(&renewed);
    assert_eq!(shown(&renewed, "rck_"), key);
    assert!(!signs(&app, &key, &first).await && signs(&app, &key, &second).await);
    let other = browser.open(KEYS).await;
    let deleted = browser.submit(&page, &action(&page, "/delete"), &[]).await;

    assert!(deleted.has("The API key is deleted."), "{}", deleted.text());
    assert!(!deleted.has(&key) && !signs(&app, &key, &second).await);
    for verb in ["/renew", "/delete"] {
        let gone = browser.submit(&other, &action(&other, verb), &[]).await;
        assert_eq!(gone.status, 404);
        assert!(gone.has("This key was deleted already."), "{}", gone.text());
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn as_many_api_keys_as_there_can_be_are_listed_and_no_more_are_made() {
    let app = TestApp::start().await;
    let _jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let mut page = browser.open(KEYS).await;

    let make = format!("{KEYS}/api");
    for _ in 1..API_KEYS.max {
        shown(&browser.submit(&page, &make, &[]).await, "rck_");
        page = browser.open(KEYS).await;
    }
    let full = browser.submit(&page, &make, &[]).await;

    assert_eq!(full.status, 409);
    assert!(full.has("You have 20 API keys, and cannot have more."), "{}", full.text());
    let renewals = full.forms().into_iter().filter(|form| form.action.ends_with("/renew"));
    assert_eq!(renewals.count(), 20);
}

#[tokio::test]
async fn an_ssh_key_is_added_and_deleted_and_a_private_one_is_not_shown_again() {
    let app = TestApp::start().await;
    let _jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let (page, add) = (browser.open(KEYS).await, format!("{KEYS}/ssh"));
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n";

    let refused =
        browser.submit(&page, &add, &[("name", "laptop"), ("publicKey", "ssh-ed25519 x")]).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.value("publicKey"), "ssh-ed25519 x");
    let refused = browser.submit(&refused, &add, &[("publicKey", private)]).await;
    assert_eq!((refused.status, refused.value("name")), (400, "laptop".to_owned()));
    assert!(refused.has("Public key must be a public key, never a private one."));
    assert!(!refused.has("b3BlbnNzaC1rZXktdjEAAAAA"), "{}", refused.text());
    let added = browser.submit(&refused, &add, &[("publicKey", LINE)]).await;
    assert!(added.has("The SSH key is added.") && added.has("laptop"), "{}", added.text());
    let again = [("name", "same"), ("publicKey", LINE)];
    let refused = browser.submit(&added, &add, &again).await;
    assert_eq!(refused.status, 409);
    assert!(refused.has("Public key is one that you have already."), "{}", refused.text());
    let prefix = format!("{KEYS}/ssh/");
    let mut actions = added.forms().into_iter().map(|form| form.action);
    let delete = actions.find(|action| action.starts_with(&prefix)).unwrap();
    let deleted = browser.submit(&added, &delete, &[]).await;

    assert!(deleted.has("There are no SSH keys."), "{}", deleted.text());
    assert_eq!(browser.submit(&added, &delete, &[]).await.status, 404);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_s3_key_gets_another_secret_that_is_shown_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let (page, other) = (browser.open(KEYS).await, browser.open(KEYS).await);

    let first = secret(&browser.submit(&page, &format!("{KEYS}/s3"), &[]).await);
    let second = secret(&browser.submit(&other, &format!("{KEYS}/s3"), &[]).await);

    assert_ne!(first, second);
    assert_eq!((first.len(), second.len()), (40, 40));
    let page = browser.open(KEYS).await;
    assert!(!page.has(&second));
    let account = jane.send("GET", "/v2/account").await.body;
    let id = account["account"]["e24files"]["s3"]["api_id"].as_str().unwrap();
    assert!(page.has(id), "{id}: {}", page.text());
}

#[tokio::test]
async fn a_second_click_makes_no_other_key_and_no_other_secret() {
    let app = TestApp::start().await;
    let _jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let renewals =
        |page: &Page| page.forms().iter().filter(|form| form.action.ends_with("/renew")).count();

    let page = browser.open(KEYS).await;
    for path in [format!("{KEYS}/api"), action(&page, "/renew"), format!("{KEYS}/s3")] {
        let first = browser.submit(&page, &path, &[]).await;
        let second = browser.submit(&page, &path, &[]).await;
        assert_eq!(secret(&first), secret(&second), "{path}");
    }

    let after = browser.open(KEYS).await;
    assert_eq!(renewals(&after), renewals(&page) + 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_app_is_listed_with_what_it_may_do_until_its_access_is_revoked() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let scopes = "profile_read email_write";
    let tokens = client.tokens(&app, &jane.credentials(), scopes).await;
    let mut browser = as_jane(&app).await;

    let page = browser.open(APPS).await;
    for expected in ["Example <Client>", "see your profile", "add, change and delete your e-mail"] {
        assert!(page.has(expected), "{expected}: {}", page.text());
    }
    let revoke = format!("{APPS}/{}/revoke", client.id);
    let revoked = browser.submit(&page, &revoke, &[]).await;

    assert!(revoked.has("The access of the app is revoked."), "{}", revoked.text());
    assert!(revoked.has("There are no apps."), "{}", revoked.text());
    assert_eq!(profile(&app, &tokens.access).await, 401);
    let gone = browser.submit(&page, &revoke, &[]).await;
    assert_eq!(gone.status, 404);
    assert!(gone.has("This app has no access any more"), "{}", gone.text());
    app.assert_consistent().await;
}

/// The status of hub's profile for an access token.
async fn profile(app: &TestApp, access: &str) -> u16 {
    let bearer = format!("Bearer {access}");
    app.send("GET", "/api/v1.1/users/janedoe/", &[("authorization", &bearer)], None).await.status
}

#[tokio::test]
async fn an_app_is_one_row_and_revoking_it_ends_all_that_it_was_allowed() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await.credentials();
    let client = app.new_client("https://client.example.com/callback", true).await;
    let other = app.new_client("https://other.example.com/callback", true).await;
    let mut browser = as_jane(&app).await;
    let first = client.tokens(&app, &jane, "profile_read").await;
    let second = client.tokens(&app, &jane, "email_write profile_read").await;
    let kept = other.tokens(&app, &jane, "profile_read").await;
    // Without asking.
    let silent = browser.open(&client.authorize_path("profile_read")).await;
    let code = parameter(silent.location().unwrap(), "code").unwrap();

    let page = browser.open(APPS).await;
    assert_eq!(page.text().matches(&client.id).count(), 1, "{}", page.text());
    assert!(page.has("add, change and delete your e-mail"), "{}", page.text());
    // Tokens that are refreshed meanwhile do not hold it up.
    let again = [("grant_type", "refresh_token"), ("refresh_token", &*second.refresh)];
    let refreshed = client.token(&app, &again).await;
    let revoke = format!("{APPS}/{}/revoke", client.id);
    let revoked = browser.submit(&page, &revoke, &[]).await;

    assert!(revoked.has("The access of the app is revoked."), "{}", revoked.text());
    assert!(!revoked.has(&client.id) && revoked.has(&other.id), "{}", revoked.text());
    for access in [&*first.access, &*second.access, refreshed.text("access_token")] {
        assert_eq!(profile(&app, access).await, 401);
    }
    assert_eq!(client.redeem(&app, &code).await.status, 400);
    assert_eq!(profile(&app, &kept.access).await, 200);
    let asked = browser.open(&client.authorize_path("profile_read")).await;
    assert!(asked.heading().starts_with("Allow "), "{}", asked.text());
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_an_app_gets_while_it_is_revoked_is_revoked_too() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await.credentials();
    let client = app.new_client("https://client.example.com/callback", true).await;
    client.tokens(&app, &jane, "profile_read").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(APPS).await;
    let revoke = format!("{APPS}/{}/revoke", client.id);
    let revocation = browser.submit(&page, &revoke, &[]);

    // Without asking, since it is the same again.
    let silent = async { drop(client.code(&app, &jane, "profile_read").await) };
    let revoked = Box::pin(with_meanwhile(&app, revocation, silent)).await;

    assert!(revoked.has("There are no apps."), "{}", revoked.text());
    assert_eq!(app.items_of("grant").await.len(), 0);
    app.assert_consistent().await;
}

#[tokio::test]
async fn more_apps_than_fit_on_a_page_are_listed_in_pages_each_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await.credentials();
    let mut clients = Vec::new();
    for _ in 0..21 {
        let client = app.new_client("https://client.example.com/callback", true).await;
        client.code(&app, &jane, "profile_read").await;
        clients.push(client);
    }
    clients[0].code(&app, &jane, "email_read").await;
    let mut browser = as_jane(&app).await;

    let first = browser.open(APPS).await;
    let next = first.links().into_iter().find(|link| link.contains("?cursor=")).unwrap().to_owned();
    let second = browser.open(&next).await;

    for (number, client) in clients.iter().enumerate() {
        let counts = [&first, &second].map(|page| page.text().matches(&client.id).count());
        assert_eq!(counts, if number < 20 { [1, 0] } else { [0, 1] }, "{number}");
    }
    let query = next.split_once('?').unwrap().1;
    let revoke = format!("{APPS}/{}/revoke?{query}", clients[20].id);
    let revoked = browser.submit(&second, &revoke, &[]).await;
    assert!(revoked.has("The access of the app is revoked."), "{}", revoked.text());
    assert!(revoked.has("There is nothing on this page any more."), "{}", revoked.text());
}

#[tokio::test]
async fn the_own_activity_is_told_in_words_newest_first_and_in_pages() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for number in 0..60 {
        let name = json!({ "name": format!("Jane {number}") });
        assert_eq!(jane.send_json("PATCH", "/rollcall/v1/users/self", &name).await.status, 200);
    }
    let mut browser = as_jane(&app).await;
    let keys = browser.open(KEYS).await;
    let secret = secret(&browser.submit(&keys, &format!("{KEYS}/api"), &[]).await);

    let first = browser.open(ACTIVITY).await;
    let next = first.links().into_iter().find(|link| link.contains("?cursor=")).unwrap().to_owned();
    let second = browser.open(&next).await;

    let (made, changed) = (first.text().find("API key made"), first.text().find("Profile changed"));
    assert!(made.is_some() && made < changed, "{}", first.text());
    assert!(second.has("Profile made") && second.has("First page"), "{}", second.text());
    for page in [&first, &second] {
        assert!(!page.has("Jane 5") && !page.has(&secret), "{}", page.text());
    }
    let count = |page: &Page| page.text().matches("Profile changed").count();
    assert_eq!(count(&first) + count(&second), 60);
    let wrong = browser.open(&format!("{ACTIVITY}?cursor=x")).await;
    assert_eq!(wrong.status, 400);
}
