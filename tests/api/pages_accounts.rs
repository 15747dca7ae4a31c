//! The pages of accounts: the list, an account, its registry and its activity.

use serde_json::{Value, json};
use shared::model::Role;
use testkit::{Browser, PASSWORD, Page, Person, TestApp};

use crate::mail::set;

const ACCOUNTS: &str = "/account/accounts";

async fn signed_in<'a>(app: &'a TestApp, name: &str) -> Browser<'a> {
    let mut browser = app.browser();
    browser.sign_in(name, PASSWORD).await;
    browser
}

/// Jane, the path of her account's page, and a browser in which she is signed in.
async fn jane(app: &TestApp) -> (Person<'_>, String, Browser<'_>) {
    let jane = app.person("janedoe").await;
    let path = format!("{ACCOUNTS}/{}", jane.account());
    let browser = signed_in(app, "janedoe").await;
    (jane, path, browser)
}

/// The account of a path, as the API shows it.
async fn stored(person: &Person<'_>, path: &str) -> Value {
    let id = path.rsplit_once('/').unwrap().1;
    person.send("GET", &format!("/rollcall/v1/accounts/{id}")).await.body
}

fn shows(page: &Page, status: u16, texts: &[&str]) {
    assert_eq!(page.status, status, "{}: {}", page.path, page.text());
    for text in texts {
        assert!(page.has(text), "{text}: {}", page.text());
    }
}

/// Whether the page has a form for this.
fn offers(page: &Page, action: &str) -> bool {
    page.forms().iter().any(|form| form.action == action)
}

#[tokio::test]
async fn an_account_is_made_chosen_and_deleted_by_its_name() {
    let app = TestApp::start().await;
    let (jane, own, mut browser) = jane(&app).await;
    let list = browser.open(ACCOUNTS).await;
    shows(&list, 200, &["janedoe Current Admin"]);
    assert!(!offers(&list, &format!("{own}/current")));

    let name = "<b>Team</b> فريق";
    let page = browser.submit(&list, ACCOUNTS, &[("name", name)]).await;
    shows(&page, 200, &["The account is made.", name, "janedoe@example.com", "Owner janedoe"]);
    let path = page.path.strip_suffix("?done=made").unwrap().to_owned();
    let current = format!("{path}/current");
    let page = browser.submit(&page, &current, &[]).await;
    shows(&page, 200, &["You have another current account.", &format!("{name} Current")]);
    assert_eq!(stored(&jane, &path).await["isCurrent"], true);

    let page = browser.open(&path).await;
    assert!(!offers(&page, &current));
    let delete = format!("{path}/delete");
    for wrong in ["", "Team", "janedoe"] {
        let page = browser.submit(&page, &delete, &[("confirmation", wrong)]).await;
        shows(&page, 400, &["Name of the account is another one"]);
    }
    let deleted = browser.submit(&page, &delete, &[("confirmation", name)]).await;
    shows(&deleted, 200, &["The account is deleted."]);
    assert!(!deleted.has(name));
    let again = browser.submit(&page, &delete, &[("confirmation", name)]).await;
    shows(&again, 404, &["There is no such account"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn white_space_in_the_name_of_an_account_to_delete_is_entered_as_it_looks() {
    let app = TestApp::start().await;
    let (_jane, _, mut browser) = jane(&app).await;

    for (name, wrong, entered) in [
        ("Tea  m", "Team", "Tea m"),
        ("Tea\u{a0}m", "Team", "Tea m"),
        ("Tea m", "Tea n", " Tea \u{3000}m "),
    ] {
        let list = browser.open(ACCOUNTS).await;
        let page = browser.submit(&list, ACCOUNTS, &[("name", name)]).await;
        let delete = format!("{}/delete", page.path.strip_suffix("?done=made").unwrap());
        let page = browser.submit(&page, &delete, &[("confirmation", wrong)]).await;
        shows(&page, 400, &["Name of the account is another one"]);
        let deleted = browser.submit(&page, &delete, &[("confirmation", entered)]).await;
        shows(&deleted, 200, &["The account is deleted."]);
    }
}

#[tokio::test]
async fn what_cannot_be_made_stays_in_the_form_with_its_reason() {
    let app = TestApp::start().await;
    let (_jane, own, mut browser) = jane(&app).await;
    let john = app.person("johnroe").await;
    let list = browser.open(ACCOUNTS).await;

    for (name, email, status, why) in [
        ("", "team@example.com", 400, "Name is required."),
        ("Team", "team", 400, "Contact address must be an e-mail address."),
        ("Team", john.email(), 409, "Contact address belongs to another account, or to somebody"),
    ] {
        let fields = [("name", name), ("email", email)];
        let page = browser.submit(&list, ACCOUNTS, &fields).await;
        shows(&page, status, &[why]);
        assert_eq!((page.value("name").as_str(), page.value("email").as_str()), (name, email));
        let shown = browser.open(&own).await;
        let page = browser.submit(&shown, &own, &fields).await;
        shows(&page, status, &[why, "janedoe@example.com"]);
        assert_eq!((page.value("name").as_str(), page.value("email").as_str()), (name, email));
    }

    set(&app, "counts", "accountsOwned", json!({ "N": "100" })).await;
    let page = browser.submit(&list, ACCOUNTS, &[("name", "Team")]).await;
    shows(&page, 409, &["There is no room for another one: a user can own at most 100 accounts."]);
    assert_eq!(page.value("name"), "Team");
}

#[tokio::test]
async fn a_long_list_of_accounts_has_pages_and_shows_nothing_twice() {
    let app = TestApp::start().await;
    let (jane, _, mut browser) = jane(&app).await;
    for number in 0..16 {
        let body = json!({ "name": format!("Team {number:02}") });
        assert_eq!(jane.send_json("POST", "/rollcall/v1/accounts", &body).await.status, 201);
    }

    let first = browser.open(ACCOUNTS).await;
    let next = first.links().into_iter().find(|link| link.contains("?cursor=")).unwrap().to_owned();
    let second = browser.open(&next).await;

    assert!(first.has("Team 14") && !first.has("Team 15"), "{}", first.text());
    assert!(second.has("Team 15") && !second.has("Team 14"), "{}", second.text());
    assert!(second.has("First page") && !second.has("Next page"), "{}", second.text());
    // What is done there leads back there.
    let id =
        second.links().into_iter().find(|link| link.starts_with("/account/accounts/")).unwrap();
    let choose = format!("{id}/current?{}", next.split_once('?').unwrap().1);
    let chosen = browser.submit(&second, &choose, &[]).await;
    shows(&chosen, 200, &["You have another current account.", "Team 15 Current"]);
}

#[tokio::test]
async fn a_member_sees_the_account_and_an_admin_changes_it() {
    let app = TestApp::start().await;
    let (jane, path, mut browser) = jane(&app).await;
    let john = app.person("johnroe").await;
    app.join(&john, &jane.account(), Role::Member).await;
    let mut johns = signed_in(&app, "johnroe").await;

    let page = johns.open(&path).await;
    let seen = [
        "Name janedoe",
        "Contact address janedoe@example.com",
        "Owner janedoe",
        "Your role Member",
        "Workers at most 10,000",
        "Storage at most 500 MB",
        "Memory of a worker at most 1 GiB",
    ];
    shows(&page, 200, &seen);
    for action in [&path, &format!("{path}/delete")] {
        assert!(!offers(&page, action), "{action}");
    }
    let before = browser.open(&path).await;
    let fields = [("name", "Team"), ("email", "team@example.com")];
    let saved = browser.submit(&before, &path, &fields).await;
    shows(
        &saved,
        200,
        &["The changes are saved.", "Name Team", "Contact address team@example.com"],
    );

    // What another tab still shows does not replace it unseen.
    let page = browser.submit(&before, &path, &[("name", "Jane's")]).await;
    shows(&page, 409, &["Somebody else changed this meanwhile", "Name Team"]);
    assert_eq!(page.value("name"), "Jane's");
    assert_eq!(stored(&jane, &path).await["name"], "Team");
    let page = browser.submit(&page, &path, &[]).await;
    shows(&page, 200, &["Name Jane's", "Contact address janedoe@example.com"]);
}

#[tokio::test]
async fn a_form_of_somebody_who_is_no_admin_any_more_changes_nothing() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let path = format!("{ACCOUNTS}/{}", jane.account());
    let registry = format!("{path}/registry");
    let mut browser = signed_in(&app, "johnroe").await;
    let (page, of_registry) = (browser.open(&path).await, browser.open(&registry).await);
    let member = format!("/rollcall/v1/accounts/{}/members/{}", jane.account(), john.user().id);
    let demoted = jane.send_json("PATCH", &member, &json!({ "role": "member" })).await;
    assert_eq!(demoted.status, 200);

    let refused = browser.submit(&page, &path, &[("name", "Mine")]).await;
    shows(&refused, 403, &["Nothing was done: this takes an admin"]);
    let delete = format!("{path}/delete");
    let refused = browser.submit(&page, &delete, &[("confirmation", "janedoe")]).await;
    shows(&refused, 403, &["Nothing was done: this takes an admin"]);
    let refused = browser.submit(&of_registry, &registry, &REGISTRY).await;
    shows(&refused, 403, &["Only admins of the account see this page."]);

    assert_eq!(stored(&jane, &path).await["name"], "janedoe");
}

#[tokio::test]
async fn who_is_no_member_finds_no_account_and_members_not_what_is_the_admins() {
    let app = TestApp::start().await;
    let (_jane, path, mut browser) = jane(&app).await;
    let john = app.person("johnroe").await;
    let johns = format!("{ACCOUNTS}/{}", john.account());

    for below in ["", "/members", "/invitations", "/registry", "/activity"] {
        for (id, status) in [(johns.as_str(), 403), ("/account/accounts/5f7b1b", 404)] {
            let page = browser.open(&format!("{id}{below}")).await;
            shows(&page, status, &["There is no such account", "Your accounts"]);
            assert!(!page.has("johnroe"), "{}", page.text());
        }
        assert_eq!(browser.open(&format!("{path}{below}")).await.status, 200, "{below}");
    }
    app.join(&app.person("marymajor").await, &john.account(), Role::Member).await;
    let mut marys = signed_in(&app, "marymajor").await;
    let links = marys.open(&johns).await;
    for below in ["/invitations", "/registry", "/activity"] {
        let page = format!("{johns}{below}");
        assert!(!links.links().contains(&page.as_str()), "{page}");
        shows(&marys.open(&page).await, 403, &["Only admins of the account see this page."]);
    }
}

/// The fields of a registry, as they are entered.
pub(crate) const REGISTRY: [(&str, &str); 4] = [
    ("server", "https://registry.example.com"),
    ("email", "user@example.com"),
    ("username", "registryuser"),
    ("password", "dckr_pat_00000"),
];

#[tokio::test]
async fn a_registry_is_set_replaced_and_taken_away_and_its_password_is_never_shown() {
    let app = TestApp::start().await;
    let (_jane, path, mut browser) = jane(&app).await;
    let path = format!("{path}/registry");
    let empty = browser.open(&path).await;
    shows(&empty, 200, &["The account has no registry."]);

    let mut wrong = REGISTRY;
    wrong[0].1 = "http://registry.example.com";
    let page = browser.submit(&empty, &path, &wrong).await;
    shows(&page, 400, &["Server must be an https URL.", "The account has no registry."]);
    assert_eq!(
        (page.value("username").as_str(), page.value("password").as_str()),
        ("registryuser", "")
    );
    let page = browser.submit(&page, &path, &REGISTRY).await;
    let stored = ["The registry is saved.", "Server https://registry.example.com"];
    shows(&page, 200, &stored);
    assert_eq!(page.value("password"), "");
    assert!(!page.response.body.to_string().contains("dckr_pat_00000"));

    // Another tab still shows that there is none.
    let mut other = REGISTRY;
    other[2].1 = "other";
    let late = browser.submit(&empty, &path, &other).await;
    shows(&late, 409, &["Somebody else changed this meanwhile", "Username registryuser"]);
    assert_eq!(late.value("username"), "other");
    let page = browser.submit(&late, &path, &other).await;
    shows(&page, 200, &["Username other"]);
    let delete = format!("{path}/delete");
    for _ in 0..2 {
        let gone = browser.submit(&page, &delete, &[]).await;
        shows(&gone, 200, &["The account has no registry any more."]);
    }
}

#[tokio::test]
async fn an_admin_reads_what_was_done_to_the_account_in_pages() {
    let app = TestApp::start().await;
    let (jane, path, mut browser) = jane(&app).await;
    let api = format!("/rollcall/v1/accounts/{}", jane.account());
    for number in 0..51 {
        let body = json!({ "name": format!("Team {number}") });
        assert_eq!(jane.send_json("PATCH", &api, &body).await.status, 200);
    }
    let path = format!("{path}/activity");

    let first = browser.open(&path).await;
    shows(&first, 200, &["Account changed", "Next page"]);
    let next = first.links().into_iter().find(|link| link.contains("?cursor=")).unwrap().to_owned();
    let second = browser.open(&next).await;

    shows(&second, 200, &["Account changed", "Account created", "First page"]);
    assert!(!first.has("Account created") && !second.has("Next page"));
}
