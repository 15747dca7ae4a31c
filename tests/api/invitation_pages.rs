//! Pages on which invitations are answered: `/account/invitations/{token}…`.

use serde_json::{Value, json};
use shared::Settings;
use testkit::{ApiResponse, PASSWORD, Person, TestApp, basic};

use crate::mail::set;
use crate::pages::post_form;

const PAGES: &str = "/account/invitations";

/// Somebody who may invite, and the page of a link that they handed over for this address.
async fn invited<'a>(app: &'a TestApp, address: &str) -> (Person<'a>, String) {
    let jane = app.person("janedoe").await;
    set(app, "email", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    let path = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let body = json!({ "email": address, "role": "member", "deliver": "link" });
    let sent = jane.send_json("POST", &path, &body).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let page = format!("{PAGES}/{}", sent.text("link").rsplit_once('/').unwrap().1);
    (jane, page)
}

/// The heading of a page, which has this status.
fn heading(response: &ApiResponse, status: u16) -> &str {
    let page = text(response, status);
    page.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0
}

fn text(response: &ApiResponse, status: u16) -> &str {
    assert_eq!(response.status, status, "{response:?}");
    response.body.as_str().unwrap()
}

async fn get(app: &TestApp, path: &str) -> ApiResponse {
    app.send("GET", path, &[], None).await
}

/// The roles of the accounts that somebody belongs to.
async fn roles(app: &TestApp, authorization: &str) -> Vec<Value> {
    let header = [("authorization", authorization)];
    let list = app.send("GET", "/rollcall/v1/accounts", &header, None).await;
    let accounts = list.body["accounts"].as_array().unwrap_or_else(|| panic!("{list:?}"));
    accounts.iter().map(|account| account["role"].clone()).collect()
}

#[tokio::test]
async fn who_has_no_profile_chooses_one_on_the_page_and_joins() {
    let mut app = TestApp::start().await;
    app.configure(Settings::default());
    let (_, page) = invited(&app, "mary@example.com").await;
    let shown = get(&app, &page).await;
    assert_eq!(heading(&shown, 200), "Join an account");
    for expected in
        ["janedoe", "m***@example.com", "/account/sign-in?return_to=%2Faccount%2Finvitations%2F"]
    {
        assert!(text(&shown, 200).contains(expected), "{expected}: {shown:?}");
    }

    for username in ["janedoe", "postmaster"] {
        let taken = [("username", username), ("name", "Mary"), ("password", PASSWORD)];
        let refused = post_form(&app, &page, &taken).await;
        assert!(text(&refused, 409).contains("Username is taken."), "{refused:?}");
    }
    let weak = [("username", "marymajor"), ("password", "password")];
    let refused = post_form(&app, &page, &weak).await;
    assert!(text(&refused, 400).contains("one of the most common passwords"), "{refused:?}");
    let fields = [("username", "marymajor"), ("name", "Mary"), ("password", PASSWORD)];
    let joined = post_form(&app, &page, &fields).await;

    assert_eq!(heading(&joined, 200), "You joined the account");
    assert_eq!(roles(&app, &basic("marymajor", PASSWORD)).await, ["admin", "member"]);
    assert_eq!(heading(&post_form(&app, &page, &fields).await, 410), "This invitation was used");
    assert_eq!(heading(&get(&app, &page).await, 410), "This invitation was used");
    app.assert_consistent().await;
}

#[tokio::test]
async fn who_has_a_profile_signs_in_on_the_page_and_joins() {
    let app = TestApp::start().await;
    let (john, mary) = (app.person("johnroe").await, app.person("mary").await);
    let (_, page) = invited(&app, john.email()).await;
    let as_new = [("username", "marymajor"), ("password", PASSWORD)];
    let refused = post_form(&app, &page, &as_new).await;
    assert_eq!(heading(&refused, 409), "There is a profile with this address");
    let accept = format!("{page}/accept");
    let mut browser = app.browser();
    let shown = browser.open(&page).await;
    let links = shown.links().into_iter().filter(|link| link.starts_with("/account/sign-in"));
    let [sign_in] = links.collect::<Vec<_>>()[..] else { panic!("{}", shown.text()) };

    let asked = browser.open(sign_in).await;
    let marys = [("username", "mary"), ("password", PASSWORD)];
    let shown = browser.submit(&asked, "/account/sign-in", &marys).await;
    assert!(shown.path == page && shown.has("You are signed in as mary."), "{}", shown.text());
    let refused = browser.submit(&shown, &accept, &[]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.heading(), "This invitation is for somebody else");
    assert_eq!(roles(&app, mary.token()).await, ["admin"]);
    let links = shown.links().into_iter().filter(|link| link.contains("again=true"));
    let [not_mary] = links.collect::<Vec<_>>()[..] else { panic!("{}", shown.text()) };
    let asked = browser.open(not_mary).await;
    let right = [("username", john.email()), ("password", PASSWORD)];
    let shown = browser.submit(&asked, "/account/sign-in", &right).await;
    assert!(shown.path == page && shown.has("You are signed in as johnroe."), "{}", shown.text());
    for _ in 0..2 {
        let joined = browser.submit(&shown, &accept, &[]).await;
        assert_eq!((joined.status, &*joined.heading()), (200, "You joined the account"));
    }

    assert_eq!(roles(&app, john.token()).await, ["admin", "member"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_page_says_that_tomorrow_there_may_be_room_for_who_has_no_profile() {
    let app = TestApp::start().await;
    let (jane, page) = invited(&app, "mary@example.com").await;
    let new = json!({ "email": "paul@example.com", "first_name": "P", "last_name": "M", "password": PASSWORD });
    assert_eq!(jane.send_json("PUT", "/v2/accounts", &new).await.status, 200);
    set(&app, "made", "users", json!({ "N": "1000" })).await;

    let joins = [("username", "mary"), ("name", "Mary"), ("password", PASSWORD)];
    let refused = post_form(&app, &page, &joins).await;

    assert_eq!(heading(&refused, 409), "You cannot join this account");
    assert!(text(&refused, 409).contains("try again tomorrow"), "{refused:?}");
}

#[tokio::test]
async fn a_page_says_what_becomes_of_the_address_that_a_mailed_link_proves() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let (jane, handed) = invited(&app, "mary@example.com").await;
    post.deliver().await;
    let path = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let body = json!({ "email": "paul@example.com", "role": "member" });
    assert_eq!(jane.send_json("POST", &path, &body).await.status, 201);
    let mails = post.deliver().await;
    let mailed = format!("{PAGES}/{}", mails[0].message.links[0].rsplit_once('/').unwrap().1);

    for (page, is_mailed) in [(handed, false), (mailed, true)] {
        let mut browser = app.browser();
        for _ in 0..2 {
            let shown = browser.open(&page).await;
            assert_eq!(shown.has("Join only if this address is yours."), is_mailed, "{page}");
            // The next time signed in.
            browser.sign_in("janedoe", PASSWORD).await;
        }
    }
}

#[tokio::test]
async fn an_invitation_is_declined_by_a_button_and_never_by_opening_the_page() {
    let app = TestApp::start().await;
    let (jane, page) = invited(&app, "mary@example.com").await;
    let decline = format!("{page}/decline");
    for _ in 0..2 {
        assert_eq!(heading(&get(&app, &decline).await, 200), "Decline the invitation");
    }
    let elsewhere =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let other = app.send("POST", &decline, &elsewhere, Some("")).await;
    assert_eq!(heading(&other, 403), "This form came from another site");

    for _ in 0..2 {
        let declined = post_form(&app, &decline, &[]).await;
        assert_eq!(heading(&declined, 200), "You declined the invitation");
    }

    assert_eq!(heading(&get(&app, &page).await, 410), "This invitation was declined");
    let path = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let listed = jane.send("GET", &path).await;
    assert_eq!(listed.body["invitations"][0]["state"], "declined");
    let unknown = get(&app, &format!("{PAGES}/rci_YOUR_TOKEN")).await;
    assert_eq!(heading(&unknown, 410), "This link has ended");
}
