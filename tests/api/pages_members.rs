//! The pages of an account's members and invitations.

use serde_json::json;
use shared::Settings;
use shared::model::Role;
use testkit::{Browser, PASSWORD, Page, Person, TestApp};

use crate::mail::set;
use crate::meanwhile::with_meanwhile;
use crate::pages::mailed_path;
use crate::pages_accounts::REGISTRY;

async fn signed_in<'a>(app: &'a TestApp, name: &str) -> Browser<'a> {
    let mut browser = app.browser();
    browser.sign_in(name, PASSWORD).await;
    browser
}

/// The path of a page of a person's account.
fn below(owner: &Person<'_>, page: &str) -> String {
    format!("/account/accounts/{}/{page}", owner.account())
}

/// A service that sends no mail.
async fn without_mail() -> TestApp {
    let mut app = TestApp::start().await;
    app.configure(Settings::default());
    app
}

/// The page of invitations to the account of Jane, who has proved her address.
async fn invitations(app: &TestApp) -> (Browser<'_>, Page) {
    let jane = app.person("janedoe").await;
    set(app, "email", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    let mut browser = signed_in(app, "janedoe").await;
    let page = browser.open(&below(&jane, "invitations")).await;
    (browser, page)
}

fn shows(page: &Page, status: u16, texts: &[&str]) {
    assert_eq!(page.status, status, "{}: {}", page.path, page.text());
    for text in texts {
        assert!(page.has(text), "{text}: {}", page.text());
    }
}

/// What a page has buttons for: the end of each form's action.
fn verbs(page: &Page) -> Vec<String> {
    let forms = page.forms();
    let paths = forms.iter().map(|form| form.action.split('?').next().unwrap());
    let verbs = paths.filter(|path| path.contains("/members/"));
    verbs.map(|path| path.rsplit_once('/').unwrap().1.to_owned()).collect()
}

/// Presses the button that does this to a member.
async fn press(
    browser: &mut Browser<'_>,
    page: &Page,
    (owner, member): (&Person<'_>, &Person<'_>),
    verb: &str,
) -> Page {
    let action = below(owner, &format!("members/{}/{verb}", member.user().id));
    browser.submit(page, &action, &[]).await
}

/// What has been done to a member who is not the caller, as their own list of accounts shows it.
async fn role(member: &Person<'_>, owner: &Person<'_>) -> Option<String> {
    let list = member.send("GET", "/rollcall/v1/accounts").await;
    let accounts = list.body["accounts"].as_array().unwrap();
    let of_owner = accounts.iter().find(|own| own["id"] == owner.account().as_str())?;
    of_owner["role"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn an_admin_changes_roles_and_removes_members_and_the_owner_hands_over() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    john.send_json("PATCH", "/rollcall/v1/users/self", &json!({ "name": "جون <i>Roe" })).await;
    let mut browser = signed_in(&app, "janedoe").await;
    let page = browser.open(&below(&jane, "members")).await;
    shows(&page, 200, &["2 members", "janedoe You Owner Admin", "جون <i>Roe johnroe Member"]);
    assert_eq!(verbs(&page), ["role", "remove"]);

    let page = press(&mut browser, &page, (&jane, &john), "role").await;
    shows(&page, 200, &["The role is changed.", "johnroe Admin"]);
    assert_eq!(verbs(&page), ["role", "owner", "remove"]);
    let handed = press(&mut browser, &page, (&jane, &john), "owner").await;
    shows(
        &handed,
        200,
        &["The account has another owner.", "johnroe Owner Admin", "janedoe You Admin"],
    );
    assert_eq!(verbs(&handed), ["role", "remove"]);

    // What the earlier page still offers.
    for (verb, status, why) in [
        ("role", 409, "Nothing was done: the owner stays an admin"),
        ("remove", 409, "Nothing was done: the owner stays an admin"),
        ("owner", 403, "Nothing was done: this takes an admin"),
    ] {
        let refused = press(&mut browser, &page, (&jane, &john), verb).await;
        shows(&refused, status, &[why, "johnroe Owner"]);
    }
    let mut johns = signed_in(&app, "johnroe").await;
    let page = johns.open(&below(&jane, "members")).await;
    let removed = press(&mut johns, &page, (&jane, &jane), "remove").await;
    shows(&removed, 200, &["The member is removed.", "1 member"]);
    assert_eq!(role(&jane, &jane).await, None);
    let again = press(&mut johns, &page, (&jane, &jane), "role").await;
    shows(&again, 404, &["Nothing was done: this user is not a member any more."]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn members_see_each_other_without_buttons_and_may_leave() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    app.join(&app.person("marymajor").await, &jane.account(), Role::Member).await;
    let mut browser = signed_in(&app, "johnroe").await;

    let page = browser.open(&below(&jane, "members")).await;
    shows(&page, 200, &["janedoe Owner Admin", "johnroe You Member", "marymajor Member"]);
    assert_eq!(verbs(&page), ["remove"], "the own end");
    let left = press(&mut browser, &page, (&jane, &john), "remove").await;

    assert_eq!(left.path, "/account/accounts?done=left");
    shows(&left, 200, &["You left the account."]);
    assert_eq!(role(&john, &jane).await, None);
    let again = press(&mut browser, &page, (&jane, &john), "remove").await;
    shows(&again, 403, &["There is no such account"]);
}

#[tokio::test]
async fn an_admin_steps_down_and_sees_what_a_member_sees() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let mut browser = signed_in(&app, "johnroe").await;
    let page = browser.open(&below(&jane, "members")).await;
    assert_eq!(verbs(&page), ["role", "remove"]);

    let page = press(&mut browser, &page, (&jane, &john), "role").await;

    shows(&page, 200, &["The role is changed.", "johnroe You Member"]);
    assert_eq!(verbs(&page), ["remove"]);
}

#[tokio::test]
async fn many_members_are_in_pages_and_what_is_done_leads_back_to_the_same_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut people = Vec::new();
    for number in 10..29 {
        let person = app.person(&format!("member{number}")).await;
        app.join(&person, &jane.account(), Role::Member).await;
        people.push(person);
    }
    let mut browser = signed_in(&app, "janedoe").await;

    let first = browser.open(&below(&jane, "members")).await;
    let next = first.links().into_iter().find(|link| link.contains("?cursor=")).unwrap().to_owned();
    let second = browser.open(&next).await;

    shows(&first, 200, &["20 members", "member24"]);
    assert!(!first.has("member25") && !second.has("member24") && second.has("member25"));
    let last = people.last().unwrap();
    let query = next.split_once('?').unwrap().1;
    let action = below(&jane, &format!("members/{}/remove?{query}", last.user().id));
    let removed = browser.submit(&second, &action, &[]).await;
    shows(&removed, 200, &["The member is removed.", "member25", "member27"]);
    assert!(!removed.has("member28") && !removed.has("member24"), "{}", removed.text());
}

/// What a page says of a member who is not what an earlier one showed.
const CHANGED: &str = "Nothing was done: somebody else changed this member meanwhile.";

#[tokio::test]
async fn what_changed_about_a_member_is_shown_before_anything_is_done() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let path = below(&jane, "members");
    let member = format!("/rollcall/v1/accounts/{}/members/{}", jane.account(), john.user().id);
    let mut browser = signed_in(&app, "janedoe").await;
    let page = browser.open(&path).await;

    let admin = json!({ "role": "admin" });
    assert_eq!(jane.send_json("PATCH", &member, &admin).await.status, 200);
    let refused = press(&mut browser, &page, (&jane, &john), "remove").await;
    shows(&refused, 409, &[CHANGED, "johnroe Admin"]);
    assert_eq!(verbs(&refused), ["role", "owner", "remove"]);
    // It is as it was to be.
    let same = press(&mut browser, &page, (&jane, &john), "role").await;
    shows(&same, 200, &["The role is changed.", "johnroe Admin"]);

    // Whoever left and came back was not there when the page was shown.
    assert_eq!(jane.send("DELETE", &member).await.status, 204);
    app.join(&john, &jane.account(), Role::Admin).await;
    for verb in ["role", "owner", "remove"] {
        let refused = press(&mut browser, &same, (&jane, &john), verb).await;
        shows(&refused, 409, &[CHANGED, "janedoe You Owner Admin", "johnroe Admin"]);
    }
    assert_eq!(role(&john, &jane).await.as_deref(), Some("admin"));
    let page = browser.open(&path).await;
    let removed = press(&mut browser, &page, (&jane, &john), "remove").await;
    shows(&removed, 200, &["The member is removed.", "1 member"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_form_that_says_twice_which_version_it_was_made_from_does_nothing() {
    let app = TestApp::start().await;
    let (jane, _john) = app.owner_and(Role::Admin).await;
    set(&app, "email", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    let invitations = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let invitation = json!({ "email": "mary@example.com", "role": "admin", "deliver": "link" });
    jane.send_json("POST", &invitations, &invitation).await;
    let mut browser = signed_in(&app, "janedoe").await;
    let registry = below(&jane, "registry");
    let page = browser.open(&registry).await;
    browser.submit(&page, &registry, &REGISTRY).await;
    let account = format!("/account/accounts/{}", jane.account());
    let (members, invitations) = (below(&jane, "members"), below(&jane, "invitations"));

    let mut ends = Vec::new();
    for path in ["/account", &account, &registry, &members, &invitations] {
        for form in browser.open(path).await.forms() {
            let shown = form.as_shown();
            let Some(version) = shown.iter().find(|(name, _)| name == "version") else { continue };
            let changed = |name: &str| ["name", "username", "password"].contains(&name);
            let fields = shown.iter().map(|(name, value)| {
                (name.as_str(), if changed(name) { "another" } else { value.as_str() })
            });
            let twice: Vec<_> = fields.chain([("version", version.1.as_str())]).collect();
            let sent = browser.post_without_following(&form.action, &twice).await;
            assert_eq!(sent.status, 400, "{}", form.action);
            let action = form.action.split('?').next().unwrap();
            ends.push(action.rsplit('/').next().unwrap().to_owned());
        }
    }
    ends.sort();
    let id = jane.account();
    let mut all = ["account", &id, "registry", "delete", "role", "owner", "remove", "revoke"];
    all.sort_unstable();
    assert_eq!(ends, all);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_member_who_changes_while_being_removed_is_shown_as_is_and_stays() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let member = format!("/rollcall/v1/accounts/{}/members/{}", jane.account(), john.user().id);
    let mut browser = signed_in(&app, "janedoe").await;
    let page = browser.open(&below(&jane, "members")).await;

    let admin = json!({ "role": "admin" });
    let change = async { assert_eq!(jane.send_json("PATCH", &member, &admin).await.status, 200) };
    let removal = press(&mut browser, &page, (&jane, &john), "remove");
    let refused = Box::pin(with_meanwhile(&app, removal, change)).await;

    shows(&refused, 409, &[CHANGED, "johnroe Admin"]);
    assert_eq!(role(&john, &jane).await.as_deref(), Some("admin"));
    app.assert_consistent().await;
}

#[tokio::test]
async fn making_an_admin_takes_a_fresh_password_and_taking_the_role_away_does_not() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let path = below(&jane, "members");
    let old = json!({ "S": "2026-01-01T00:00:00Z" });
    let mut browser = signed_in(&app, "janedoe").await;
    let page = browser.open(&path).await;
    set(&app, "session", "provedAt", old.clone()).await;

    let asked = press(&mut browser, &page, (&jane, &john), "role").await;
    shows(&asked, 403, &["Enter your password"]);
    assert_eq!(role(&john, &jane).await.as_deref(), Some("member"));
    let asked = browser.submit(&asked, "/account/confirm", &[("password", PASSWORD)]).await;
    let made = press(&mut browser, &asked, (&jane, &john), "role").await;
    shows(&made, 200, &["The role is changed.", "johnroe Admin"]);

    set(&app, "session", "provedAt", old).await;
    let taken = press(&mut browser, &made, (&jane, &john), "role").await;
    shows(&taken, 200, &["The role is changed.", "johnroe Member"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_invitation_that_was_sent_again_is_not_revoked_before_one_has_seen_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    set(&app, "email", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    let path = below(&jane, "invitations");
    let api = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    let invite = async |role: &str| {
        let body = json!({ "email": "mary@example.com", "role": role, "deliver": "link" });
        let sent = jane.send_json("POST", &api, &body).await;
        assert!(matches!(sent.status, 200 | 201), "{sent:?}");
    };
    let revoke = |page: &Page| {
        let mut actions = page.forms().into_iter().map(|form| form.action);
        actions.find(|action| action.ends_with("/revoke")).unwrap()
    };
    invite("member").await;
    let mut browser = signed_in(&app, "janedoe").await;
    let page = browser.open(&path).await;

    invite("admin").await;
    let refused = browser.submit(&page, &revoke(&page), &[]).await;

    let waits = "mary@example.com Admin Waits for an answer";
    let why = "Nothing was done: the invitation was sent again meanwhile.";
    shows(&refused, 409, &[why, waits]);
    let gone = browser.submit(&refused, &revoke(&refused), &[]).await;
    shows(&gone, 200, &["The invitation is revoked.", "mary@example.com Admin Revoked"]);
    // A second click.
    let again = browser.submit(&refused, &revoke(&refused), &[]).await;
    shows(&again, 200, &["The invitation is revoked."]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_second_click_shows_the_link_of_the_one_invitation_again() {
    let app = without_mail().await;
    let (mut browser, page) = invitations(&app).await;
    let path = page.path.clone();

    let fields = [("email", "mary@example.com")];
    let first = browser.submit(&page, &path, &fields).await;
    let second = browser.submit(&page, &path, &fields).await;

    shows(&first, 200, &["The invitation is made. No mail was sent.", "rci_"]);
    assert_eq!((second.status, &second.response.body), (200, &first.response.body));
    let list = browser.open(&path).await;
    assert!(list.has("mary@example.com") && !list.has("times)"), "{}", list.text());
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_invitation_is_mailed_seen_and_revoked() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let path = below(&jane, "invitations");
    let mut browser = signed_in(&app, "janedoe").await;
    let page = browser.open(&path).await;
    shows(&page, 200, &["Nobody was invited in the last 30 days."]);

    // Nobody knows yet that she is who she says.
    let fields = [("email", "mary@example.com"), ("role", "admin"), ("hours", "24")];
    let refused = browser.submit(&page, &path, &fields).await;
    shows(&refused, 403, &["confirm one of your own e-mail addresses first"]);
    assert_eq!(
        fields.map(|(name, _)| refused.value(name)),
        fields.map(|(_, text)| text.to_owned())
    );
    set(&app, "email", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    post.deliver().await;
    let page = browser.submit(&refused, &path, &[]).await;
    shows(
        &page,
        200,
        &["The invitation is on its way.", "mary@example.com Admin Waits for an answer"],
    );
    let link = mailed_path(&mut post).await;
    assert_eq!(app.browser().open(&link).await.heading(), "Join an account");

    for (email, status, why) in [
        ("mary", 400, "E-mail address must be an e-mail address."),
        (jane.email(), 409, "E-mail address is that of a member."),
        ("mary@example.com", 429, "Nobody was invited: too many invitations"),
    ] {
        let refused = browser.submit(&page, &path, &[("email", email), ("role", "admin")]).await;
        shows(&refused, status, &[why]);
        assert_eq!(
            (refused.value("email").as_str(), refused.value("role").as_str()),
            (email, "admin")
        );
        assert_eq!(refused.response.header("retry-after").is_some(), status == 429);
    }
    let forms = page.forms();
    let revoke = forms.iter().find(|form| form.action.ends_with("/revoke")).unwrap();
    let gone = browser.submit(&page, &revoke.action, &[]).await;
    shows(&gone, 200, &["The invitation is revoked.", "mary@example.com Admin Revoked"]);
    assert!(!gone.forms().iter().any(|form| form.action.ends_with("/revoke")));
    assert_eq!(app.browser().open(&link).await.heading(), "This invitation was revoked");
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_link_of_an_invitation_is_shown_once_and_after_a_while_only_for_the_password() {
    let app = without_mail().await;
    let (mut browser, page) = invitations(&app).await;
    let path = page.path.clone();
    set(&app, "session", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;

    // The service sends no mail, so that there is nothing to choose.
    assert!(!page.has("instead of sending a mail"), "{}", page.text());
    let asked = browser.submit(&page, &path, &[("email", "mary@example.com")]).await;
    shows(&asked, 403, &["Enter your password"]);
    let asked = browser.submit(&asked, "/account/confirm", &[("password", PASSWORD)]).await;
    let shown = browser.submit(&asked, &path, &[]).await;

    shows(&shown, 200, &["The invitation is made. No mail was sent.", "This is shown only once."]);
    let text = shown.text();
    let link = text.split(' ').find(|word| word.contains("/account/invitations/rci_")).unwrap();
    let list = browser.open(&path).await;
    shows(&list, 200, &["mary@example.com Member Waits for an answer"]);
    assert!(!list.response.body.to_string().contains("rci_"));
    let joined = link.split_once("/account/").unwrap().1;
    let joined = app.browser().open(&format!("/account/{joined}")).await;
    assert_eq!(joined.heading(), "Join an account");
}

#[tokio::test]
async fn what_was_answered_cannot_be_revoked_and_the_newest_invitation_comes_first() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    set(&app, "email", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    let path = below(&jane, "invitations");
    let api = format!("/rollcall/v1/accounts/{}/invitations", jane.account());
    for number in 10..27 {
        let email = format!("guest{number}@example.com");
        let body = json!({ "email": email, "role": "member", "deliver": "link" });
        assert_eq!(jane.send_json("POST", &api, &body).await.status, 201);
    }
    let mut browser = signed_in(&app, "janedoe").await;

    let page = browser.open(&path).await;
    let next = page.links().into_iter().find(|link| link.contains("?cursor=")).unwrap().to_owned();
    let rest = browser.open(&next).await;
    assert!(page.has("guest26") && page.has("guest11") && !page.has("guest10"), "{}", page.text());
    assert!(rest.has("guest10") && !rest.has("guest11"), "{}", rest.text());
    set(&app, "invitation", "state", json!({ "S": "accepted" })).await;
    let forms = page.forms();
    let revoke = forms.iter().find(|form| form.action.ends_with("/revoke")).unwrap();
    let refused = browser.submit(&page, &revoke.action, &[]).await;

    shows(&refused, 409, &["Nothing was done: the invitation was answered meanwhile.", "Accepted"]);
}
