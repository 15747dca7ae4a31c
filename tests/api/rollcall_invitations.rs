//! `/rollcall/v1/accounts/{id}/invitations…` and `/rollcall/v1/invitations/{token}…`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::Settings;
use shared::model::{Role, TokenKind};
use shared::table::Actor;
use testkit::{ApiResponse, Fault, PASSWORD, Person, Post, TestApp, basic, held_up};

use crate::mail::{set, set_at};
use crate::meanwhile::with_meanwhile;

const ACCOUNTS: &str = "/rollcall/v1/accounts";
const LINKS: &str = "/rollcall/v1/invitations";
const SELF: &str = "/rollcall/v1/users/self";
const FREE: &str = "mary@example.com";

fn code(response: &ApiResponse) -> (u16, &str) {
    (response.status, response.body["code"].as_str().unwrap_or_default())
}

async fn open() -> (TestApp, Post) {
    let mut app = TestApp::start().await;
    let post = app.start_mail().await;
    (app, post)
}

/// Somebody who may invite: an admin who has proved an address.
async fn host<'a>(app: &'a TestApp, name: &str) -> Person<'a> {
    let person = app.person(name).await;
    person.credentials().prove_address(app).await;
    person
}

/// Somebody and an account of their own, who may invite, and nobody's mail.
async fn invitations(app: &TestApp) -> (Person<'_>, String) {
    let jane = host(app, "janedoe").await;
    let path = format!("{ACCOUNTS}/{}/invitations", jane.account());
    (jane, path)
}

async fn send(jane: &Person<'_>, address: &str, more: Value) -> ApiResponse {
    let mut body = json!({ "email": address, "role": "member" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("{ACCOUNTS}/{}/invitations", jane.account());
    jane.send_json("POST", &path, &body).await
}

/// The path of the link of a new invitation that is handed over.
async fn handed(jane: &Person<'_>, address: &str) -> String {
    path_of(&send(jane, address, json!({ "deliver": "link" })).await)
}

fn path_of(sent: &ApiResponse) -> String {
    assert!(matches!(sent.status, 200 | 201), "{sent:?}");
    format!("{LINKS}/{}", sent.text("link").rsplit_once('/').unwrap().1)
}

/// The path of the link of a new invitation that is mailed.
async fn mailed(post: &mut Post, jane: &Person<'_>, address: &str) -> String {
    post.deliver().await;
    let sent = send(jane, address, json!({})).await;
    assert!(matches!(sent.status, 200 | 201), "{sent:?}");
    let mails = post.deliver().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let [link] = mails[0].message.links.as_slice() else { panic!("{mails:?}") };
    format!("{LINKS}/{}", link.rsplit_once('/').unwrap().1)
}

async fn accept(person: &Person<'_>, path: &str) -> ApiResponse {
    person.send("POST", &format!("{path}/accept")).await
}

/// Accepts as clients do: what was too busy is sent again.
async fn settled(send: impl AsyncFn() -> ApiResponse) -> ApiResponse {
    for _ in 0..20 {
        let response = send().await;
        if response.status != 503 {
            return response;
        }
    }
    panic!("too busy for twenty attempts")
}

/// Accepts without a credential.
async fn join(app: &TestApp, path: &str, username: &str) -> ApiResponse {
    let body = json!({ "username": username, "name": "Mary Major", "password": PASSWORD });
    let headers = [("content-type", "application/json")];
    app.send("POST", &format!("{path}/accept"), &headers, Some(&body.to_string())).await
}

async fn bare(app: &TestApp, method: &str, path: &str) -> ApiResponse {
    app.send(method, path, &[], None).await
}

/// The addresses of a user: each with whether it is the primary one, and whether it is proved.
async fn emails(app: &TestApp, authorization: &str) -> Vec<(String, bool, bool)> {
    let header = [("authorization", authorization)];
    let list = app.send("GET", &format!("{SELF}/emails"), &header, None).await;
    let emails = list.body["emails"].as_array().unwrap_or_else(|| panic!("{list:?}")).iter();
    let view = |own: &Value| {
        let address = own["email"].as_str().unwrap().to_owned();
        (address, own["primary"] == true, !own["provedAt"].is_null())
    };
    emails.map(view).collect()
}

fn owned(email: &str, primary: bool, proved: bool) -> (String, bool, bool) {
    (email.to_owned(), primary, proved)
}

/// The roles of the accounts that somebody belongs to, the personal one first.
async fn roles(app: &TestApp, authorization: &str) -> Vec<String> {
    let header = [("authorization", authorization)];
    let list = app.send("GET", ACCOUNTS, &header, None).await;
    let accounts = list.body["accounts"].as_array().unwrap_or_else(|| panic!("{list:?}")).iter();
    accounts.map(|account| account["role"].as_str().unwrap().to_owned()).collect()
}

/// The states of the account's invitations, as its admin sees them.
async fn states(jane: &Person<'_>) -> Vec<String> {
    let list = jane.send("GET", &format!("{ACCOUNTS}/{}/invitations", jane.account())).await;
    let all = list.body["invitations"].as_array().unwrap_or_else(|| panic!("{list:?}")).iter();
    all.map(|own| own["state"].as_str().unwrap().to_owned()).collect()
}

async fn actions(person: &Person<'_>, path: &str) -> Vec<String> {
    let log = person.send("GET", path).await;
    let entries = log.body["entries"].as_array().unwrap_or_else(|| panic!("{log:?}")).iter();
    entries.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

/// Lets time pass for the limits of mails.
async fn forget_sends(app: &TestApp) {
    set(app, MAIL_REQUESTS, "times", json!({ "L": [] })).await;
}

const MAIL_REQUESTS: &str = "mailRequests";
const PAST: &str = "2026-01-01T00:00:00Z";

async fn expire(app: &TestApp) {
    set(app, "invitation", "expiresAt", json!({ "S": PAST })).await;
    for list in app.items_of("pendingInvitations").await {
        let mut list = list.clone();
        let pending = list["pending"]["M"].as_object_mut().unwrap();
        pending.values_mut().for_each(|end| *end = json!({ "S": PAST }));
        app.engine("PutItem", json!({ "Item": list })).await;
    }
}

#[tokio::test]
async fn who_has_the_invited_address_joins_by_the_mailed_link_and_has_proved_it() {
    let (app, mut post) = open().await;
    let (jane, path) = invitations(&app).await;
    let john = app.person("johnroe").await;
    post.deliver().await;

    let body = json!({ "email": "JohnRoe@example.com", "role": "admin", "expiresInHours": 48 });
    let sent = jane.send_json("POST", &path, &body).await;

    let id = sent.text("id").to_owned();
    let invitation = json!({
        "id": id, "email": "JohnRoe@example.com", "role": "admin", "state": "pending",
        "invitedBy": jane.user().id, "createdAt": sent.body["createdAt"],
        "expiresAt": sent.body["expiresAt"], "lastSentAt": sent.body["createdAt"], "sendCount": 1,
    });
    assert_eq!(sent.parts(), (201, &invitation));
    assert_eq!(sent.header("location"), Some(&*format!("{path}/{id}")));
    let mails = post.deliver().await;
    assert_eq!((mails.len(), &mails[0].recipients), (1, &vec!["JohnRoe@example.com".to_owned()]));
    let [link] = mails[0].message.links.as_slice() else { panic!("{mails:?}") };
    assert!(link.contains("/account/invitations/rci_"), "{link}");
    let link = format!("{LINKS}/{}", link.rsplit_once('/').unwrap().1);
    let account = json!({ "id": jane.account(), "name": "janedoe" });
    let shown = json!({
        "account": account, "role": "admin", "email": "J***@example.com",
        "expiresAt": sent.body["expiresAt"],
    });
    assert_eq!(bare(&app, "GET", &link).await.parts(), (200, &shown));
    assert_eq!(bare(&app, "GET", &link).await.status, 200, "it works on");

    let joined = accept(&john, &link).await;

    let member = json!({
        "account": account, "userId": john.user().id, "username": "johnroe", "role": "admin",
        "joinedAt": joined.body["joinedAt"],
    });
    assert_eq!(joined.parts(), (200, &member));
    assert_eq!(roles(&app, john.token()).await, ["admin", "admin"]);
    assert_eq!(emails(&app, john.token()).await, [owned("JohnRoe@example.com", true, true)]);
    assert_eq!(states(&jane).await, ["accepted"]);
    let log = actions(&jane, &format!("{ACCOUNTS}/{}/audit", jane.account())).await;
    assert_eq!(log[2..], ["invitation.sent", "account.created"]);
    let mut joined = log[..2].to_vec();
    joined.sort();
    assert_eq!(joined, ["invitation.accepted", "member.added"]);
    let log = actions(&john, &format!("{SELF}/audit")).await;
    let mut joined = log[..2].to_vec();
    joined.sort();
    assert_eq!(joined, ["email.proved", "member.added"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_body_beside_a_credential_is_json_as_elsewhere_and_says_nothing_of_the_caller() {
    let (app, _post) = open().await;
    let (jane, _) = invitations(&app).await;
    let mary = app.person("mary").await;
    let path = format!("{}/accept", handed(&jane, mary.email()).await);
    let somebody_else = json!({ "username": "janedoe", "password": PASSWORD }).to_string();

    for (kind, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("application/json", r#"{"username":"x","username":"y"}"#, 400),
        ("text/plain", "x", 415),
        ("text/plain", "", 200),
        ("application/json", "null", 200),
        ("application/json", &somebody_else, 200),
    ] {
        let headers = [("authorization", mary.token()), ("content-type", kind)];
        let accepted = app.send("POST", &path, &headers, Some(body)).await;
        assert_eq!(accepted.status, status, "{kind} {body}: {accepted:?}");
    }
    let headers = [("content-type", "text/plain"), ("authorization", "Bearer x")];
    assert_eq!(app.send("POST", &path, &headers, Some("x")).await.status, 401);
    assert_eq!(emails(&app, mary.token()).await, [owned(FREE, true, false)]);
}

#[tokio::test]
async fn an_address_that_nobody_has_becomes_the_callers_by_the_mailed_link() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let link = mailed(&mut post, &jane, FREE).await;

    assert_eq!(accept(&john, &link).await.status, 200);

    let expected = [owned("johnroe@example.com", true, false), owned(FREE, false, true)];
    assert_eq!(emails(&app, john.token()).await, expected);
    let told = post.deliver().await;
    assert!(told[0].message.subject.contains("address was added"), "{told:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn who_has_the_address_unproved_loses_it_to_whoever_accepts_the_mailed_link() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let (john, mary) = (app.person("johnroe").await, app.person("mary").await);
    let link = mailed(&mut post, &jane, mary.email()).await;

    assert_eq!(accept(&john, &link).await.status, 200);

    let expected = [owned("johnroe@example.com", true, false), owned(FREE, false, true)];
    assert_eq!(emails(&app, john.token()).await, expected);
    let placeholder = format!("{}@users.invalid", mary.user().id);
    assert_eq!(emails(&app, mary.token()).await, [owned(&placeholder, true, false)]);
    assert_eq!(actions(&mary, &format!("{SELF}/audit")).await[0], "email.lost");
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_invitation_of_an_address_that_somebody_else_has_proved_stays_pending() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let (john, mary) = (app.person("johnroe").await, app.person("mary").await);
    set(&app, "email", "provedAt", json!({ "S": PAST })).await;
    let link = mailed(&mut post, &jane, mary.email()).await;

    assert_eq!(code(&accept(&john, &link).await), (403, "other_recipient"));
    let refused = join(&app, &link, "marymajor").await;
    assert_eq!(code(&refused), (401, "credential_required"), "{refused:?}");
    assert!(refused.header("www-authenticate").is_some());

    assert_eq!(states(&jane).await, ["pending"]);
    assert_eq!(accept(&mary, &link).await.status, 200);
    app.assert_consistent().await;
}

#[tokio::test]
async fn who_is_no_user_becomes_one_and_a_member_at_once_even_if_sign_up_is_closed() {
    let (mut app, mut post) = open().await;
    app.configure(Settings { sends_mail: true, ..Settings::default() });
    let (jane, _) = invitations_without_links(&app).await;
    let mary = app.person("mary").await;
    let link = mailed(&mut post, &jane, FREE).await;
    drop(mary);

    let none = bare(&app, "POST", &format!("{link}/accept")).await;
    assert_eq!(code(&none), (401, "credential_required"));
    let json = [("content-type", "application/json")];
    for (body, refused) in [
        ("{}", (401, "credential_required")),
        (" null ", (401, "credential_required")),
        (r#"{"name":"Mary"}"#, (401, "credential_required")),
        (r#"{"username":"marymajor"}"#, (400, "invalid_request")),
        (r#"{"password":null}"#, (400, "invalid_request")),
        (r#"{"username":"marymajor","password":"x","password":"y"}"#, (400, "invalid_request")),
        ("[]", (400, "invalid_request")),
    ] {
        let asked = app.send("POST", &format!("{link}/accept"), &json, Some(body)).await;
        assert_eq!(code(&asked), refused, "{body}: {asked:?}");
        let challenge = asked.header("www-authenticate").unwrap_or_default();
        assert_eq!(challenge.contains("Basic"), refused.0 == 401, "{body}: {asked:?}");
    }
    for (header, body, refused) in [
        (("content-type", "text/plain"), "", (401, "credential_required")),
        (("content-encoding", "gzip"), r#"{"username":"x"}"#, (415, "unsupported_media_type")),
    ] {
        let asked = app.send("POST", &format!("{link}/accept"), &[header], Some(body)).await;
        assert_eq!(code(&asked), refused, "{header:?}: {asked:?}");
    }
    for username in ["janedoe", "postmaster"] {
        let taken = join(&app, &link, username).await;
        assert_eq!(code(&taken), (409, "conflict"), "{taken:?}");
    }
    let weak = json!({ "username": "marymajor", "password": "password" }).to_string();
    let weak = app.send("POST", &format!("{link}/accept"), &json, Some(&weak)).await;
    assert_eq!(code(&weak), (400, "invalid_request"));
    assert_eq!(states(&jane).await, ["pending"]);

    let made = join(&app, &link, "marymajor").await;

    let member = json!({
        "account": { "id": jane.account(), "name": "janedoe" }, "userId": made.body["userId"],
        "username": "marymajor", "role": "member", "joinedAt": made.body["joinedAt"],
    });
    assert_eq!(made.parts(), (201, &member));
    assert_eq!(made.header("location"), Some(SELF));
    let basic = testkit::basic("marymajor", PASSWORD);
    assert_eq!(roles(&app, &basic).await, ["admin", "member"]);
    assert_eq!(emails(&app, &basic).await, [owned(FREE, true, true)]);
    let id = made.text("userId").parse().unwrap();
    assert!(app.table().user_and(id, ()).await.unwrap().0.unwrap().password_is_own);
    assert_eq!(code(&join(&app, &link, "maryminor").await), (410, "used"));
    app.assert_consistent().await;
}

/// As [`invitations`], without the pages that prove an address.
async fn invitations_without_links(app: &TestApp) -> (Person<'_>, String) {
    let jane = app.person("janedoe").await;
    set(app, "email", "provedAt", json!({ "S": PAST })).await;
    let path = format!("{ACCOUNTS}/{}/invitations", jane.account());
    (jane, path)
}

#[tokio::test]
async fn a_link_that_is_handed_over_is_shown_once_and_proves_and_takes_no_address() {
    let (app, mut post) = open().await;
    let (jane, path) = invitations(&app).await;
    let (john, mary) = (app.person("johnroe").await, app.person("mary").await);
    post.deliver().await;

    let sent = send(&jane, mary.email(), json!({ "deliver": "link" })).await;
    assert!(sent.text("link").starts_with("https://"), "{sent:?}");
    assert_eq!(post.deliver().await.len(), 0);
    let listed = jane.send("GET", &path).await;
    assert!(!listed.body.to_string().contains("rci_"), "{listed:?}");
    let link = path_of(&sent);
    assert_eq!(code(&accept(&john, &link).await), (403, "other_recipient"));
    assert_eq!(code(&join(&app, &link, "marymajor").await), (401, "credential_required"));
    assert_eq!(accept(&mary, &link).await.status, 200);
    assert_eq!(emails(&app, mary.token()).await, [owned(FREE, true, false)]);

    let free = handed(&jane, "paul@example.com").await;
    assert_eq!(code(&accept(&john, &free).await), (403, "other_recipient"), "nobody has it");
    assert_eq!(join(&app, &free, "paulmajor").await.status, 201);
    let basic = testkit::basic("paulmajor", PASSWORD);
    assert_eq!(emails(&app, &basic).await, [owned("paul@example.com", true, false)]);
    assert_eq!(roles(&app, &basic).await, ["admin", "member"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_service_without_mail_invites_by_link_alone() {
    let mut app = TestApp::start().await;
    app.configure(Settings { sends_mail: false, ..Settings::default() });
    let (jane, _) = invitations_without_links(&app).await;

    assert_eq!(code(&send(&jane, FREE, json!({})).await), (501, "mail_not_configured"));
    assert_eq!(send(&jane, FREE, json!({ "deliver": "link" })).await.status, 201);
}

#[tokio::test]
async fn the_same_person_again_is_200_as_long_as_they_are_a_member() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    let (john, mary) = (app.person("johnroe").await, app.person("mary").await);
    let link = handed(&jane, john.email()).await;

    let first = accept(&john, &link).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(accept(&john, &link).await.parts(), (200, &first.body));
    assert_eq!(code(&accept(&mary, &link).await), (410, "used"));
    assert_eq!(code(&bare(&app, "GET", &link).await), (410, "used"));
    assert_eq!(code(&bare(&app, "POST", &format!("{link}/decline")).await), (410, "used"));

    app.expelling(&john, &jane.account()).await;
    assert_eq!(code(&accept(&john, &link).await), (410, "used"), "nobody comes back by it");
    app.assert_consistent().await;
}

#[tokio::test]
async fn every_end_of_an_invitation_has_its_code() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let all = async |link: &str| {
        [
            code(&bare(&app, "GET", link).await).1.to_owned(),
            code(&accept(&john, link).await).1.to_owned(),
            code(&join(&app, link, "marymajor").await).1.to_owned(),
        ]
    };
    let same = |code: &str| [code; 3].map(str::to_owned);

    let replaced = handed(&jane, john.email()).await;
    let declined = handed(&jane, john.email()).await;
    assert_eq!(all(&replaced).await, same("replaced"));
    let refused = bare(&app, "POST", &format!("{replaced}/decline")).await;
    assert_eq!(code(&refused), (410, "replaced"));

    for _ in 0..2 {
        assert_eq!(bare(&app, "POST", &format!("{declined}/decline")).await.status, 204);
    }
    assert_eq!(all(&declined).await, same("declined"));
    assert_eq!(states(&jane).await, ["declined"]);

    let sent = send(&jane, john.email(), json!({ "deliver": "link" })).await;
    assert_eq!(sent.status, 201, "a new one: {sent:?}");
    let revoked = path_of(&sent);
    let one = format!("{path}/{}", sent.text("id"));
    for _ in 0..2 {
        assert_eq!(jane.send("DELETE", &one).await.status, 204);
    }
    assert_eq!(all(&revoked).await, same("revoked"));
    assert_eq!(all(&declined).await, same("replaced"));

    let sent = send(&jane, john.email(), json!({ "deliver": "link" })).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let expired = path_of(&sent);
    expire(&app).await;
    assert_eq!(all(&expired).await, same("expired"));
    assert_eq!(states(&jane).await, ["expired"]);
    let again = send(&jane, john.email(), json!({ "deliver": "link" })).await;
    assert_eq!((again.status, again.body["sendCount"].clone()), (200, json!(2)));
    assert_eq!(all(&expired).await, same("replaced"));

    let gone = path_of(&again);
    let deleted = jane.send("DELETE", &format!("{ACCOUNTS}/{}", jane.account())).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(all(&gone).await, same("revoked"));

    for unknown in [format!("{LINKS}/rci_YOUR_TOKEN"), format!("{LINKS}/nothing"), forged(&gone)] {
        assert_eq!(all(&unknown).await, same("link_ended"), "{unknown}");
    }
    app.assert_consistent().await;
}

/// A token for the same invitation, with another secret.
fn forged(link: &str) -> String {
    use shared::model::{MailToken, MailTokenSubject};
    let (_, token) = link.rsplit_once('/').unwrap();
    let (account, id, _) = MailToken::parse_invitation(token).unwrap();
    let forged = MailToken::generate(MailTokenSubject::Invitation(account, id)).unwrap();
    format!("{LINKS}/{}", forged.reveal())
}

#[tokio::test]
async fn what_was_answered_is_not_revoked_and_what_is_unknown_not_found() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let sent = send(&jane, john.email(), json!({ "deliver": "link" })).await;
    let one = format!("{path}/{}", sent.text("id"));

    assert_eq!(code(&john.send("DELETE", &one).await), (403, "forbidden"));
    accept(&john, &path_of(&sent)).await;

    assert_eq!(code(&jane.send("DELETE", &one).await), (409, "conflict"));
    assert_eq!(states(&jane).await, ["accepted"]);
    for id in ["nothing", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"] {
        let unknown = jane.send("DELETE", &format!("{path}/{id}")).await;
        assert_eq!(code(&unknown), (404, "not_found"), "{id}");
    }
}

#[tokio::test]
async fn an_invitation_ends_when_who_sent_it_is_no_admin_any_more_and_does_not_come_back() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    let mary = app.person("mary").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    let path = format!("{ACCOUNTS}/{}/invitations", jane.account());
    let body = json!({ "email": mary.email(), "role": "member", "deliver": "link" });
    let link = path_of(&john.send_json("POST", &path, &body).await);
    let account = jane.account().parse().unwrap();
    let set_role = async |role| {
        let operator = Actor::operator();
        app.table().set_role(&operator, account, john.user().id, role).await.unwrap();
    };

    set_role(Role::Member).await;
    assert_eq!(code(&bare(&app, "GET", &link).await), (410, "revoked"));
    assert_eq!(code(&accept(&mary, &link).await), (410, "revoked"));
    assert_eq!(code(&accept(&john, &link).await), (410, "revoked"), "before whose it is");
    let declined = bare(&app, "POST", &format!("{link}/decline")).await;
    assert_eq!(code(&declined), (410, "revoked"));
    assert_eq!(states(&jane).await, ["revoked"]);
    set_role(Role::Admin).await;
    assert_eq!(code(&accept(&mary, &link).await), (410, "revoked"));

    let again = jane.send_json("POST", &path, &body).await;
    assert_eq!(again.status, 201, "a new one: {again:?}");
    assert_eq!(accept(&mary, &path_of(&again)).await.status, 200);
    app.assert_consistent().await;
}

/// What the sender, or the operator, does that ends a leaked credential and all that it made.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Disabled,
    RevokedWithDescendants,
    PasswordAndKeysChanged,
    FirstOwnPassword,
}

const ENDINGS: [Ending; 4] = [
    Ending::Disabled,
    Ending::RevokedWithDescendants,
    Ending::PasswordAndKeysChanged,
    Ending::FirstOwnPassword,
];
const NEW_PASSWORD: &str = "no swan sings at 5 in the morning";

/// Makes it happen; `leaked` is a token of the sender's that sent the invitation.
async fn end(app: &TestApp, sender: &Person<'_>, leaked: &Person<'_>, ending: Ending) {
    let id = testkit::token_id(leaked.token()).unwrap();
    let ended = match ending {
        Ending::Disabled => {
            let operator = Actor::operator();
            app.table().set_disabled(&operator, sender.user().id, true).await.unwrap();
            return;
        }
        Ending::RevokedWithDescendants => {
            sender.send("DELETE", &format!("/rollcall/v1/tokens/{id}?descendants=true")).await
        }
        Ending::PasswordAndKeysChanged | Ending::FirstOwnPassword => {
            let is_first = matches!(ending, Ending::FirstOwnPassword);
            let is_own = json!({ "BOOL": !is_first });
            set_at(app, &sender.key(), "passwordIsOwn", &is_own).await;
            let body = json!({
                "currentPassword": PASSWORD, "password": NEW_PASSWORD, "revokeKeys": !is_first,
            });
            sender.send_json("PUT", &format!("{SELF}/password"), &body).await
        }
    };
    assert_eq!(ended.status, 204, "{ending:?}: {ended:?}");
}

#[tokio::test]
async fn an_invitation_ends_with_what_ends_all_that_a_leaked_credential_made() {
    for ending in ENDINGS {
        let (app, mut post) = open().await;
        let (jane, path) = invitations(&app).await;
        let john = host(&app, "johnroe").await;
        app.join(&john, &jane.account(), Role::Admin).await;
        let leaked = john.with_token(john.new_token(TokenKind::User, None, None).await);
        post.deliver().await;
        let mary = app.person("mary").await;
        let body = json!({ "email": mary.email(), "role": "admin", "deliver": "link" });
        let known = path_of(&leaked.send_json("POST", &path, &body).await);
        let mailed = mailed_by(&mut post, &leaked, &path, "new@example.com").await;

        end(&app, &john, &leaked, ending).await;

        for link in [&known, &mailed] {
            let shown = bare(&app, "GET", link).await;
            assert_eq!(code(&shown), (410, "revoked"), "{ending:?}: {shown:?}");
        }
        assert_eq!(code(&accept(&mary, &known).await), (410, "revoked"), "{ending:?}");
        assert_eq!(code(&join(&app, &mailed, "newcomer").await), (410, "revoked"), "{ending:?}");
        let declined = bare(&app, "POST", &format!("{known}/decline")).await;
        assert_eq!(code(&declined), (410, "revoked"), "{ending:?}");
        assert_eq!(states(&jane).await, ["revoked"; 2], "{ending:?}");
        let again = json!({ "email": mary.email(), "role": "member", "deliver": "link" });
        let again = jane.send_json("POST", &path, &again).await;
        assert_eq!(again.status, 201, "{ending:?}: {again:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn what_ends_invitations_between_the_read_and_the_write_of_an_acceptance_counts() {
    for ending in ENDINGS {
        let app = TestApp::start().await;
        let (jane, path) = invitations(&app).await;
        let john = host(&app, "johnroe").await;
        app.join(&john, &jane.account(), Role::Admin).await;
        let leaked = john.with_token(john.new_token(TokenKind::User, None, None).await);
        let mary = app.person("mary").await;
        let invite = async |address: &str| {
            let body = json!({ "email": address, "role": "admin", "deliver": "link" });
            path_of(&leaked.send_json("POST", &path, &body).await)
        };
        let (known, free) = (invite(mary.email()).await, invite("new@example.com").await);

        let ends = Box::pin(end(&app, &john, &leaked, ending));
        let refused = with_meanwhile(&app, accept(&mary, &known), ends).await;

        assert_eq!(code(&refused), (410, "revoked"), "{ending:?}");
        assert_eq!(code(&join(&app, &free, "newcomer").await), (410, "revoked"), "{ending:?}");
        assert_eq!(roles(&app, mary.token()).await, ["admin"], "{ending:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn an_invitation_outlives_its_token_and_a_change_of_the_password_alone() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let token = jane.with_token(jane.new_token(TokenKind::User, None, None).await);
    let mary = app.person("mary").await;
    let body = json!({ "email": mary.email(), "role": "member", "deliver": "link" });
    let link = path_of(&token.send_json("POST", &path, &body).await);
    let id = testkit::token_id(token.token()).unwrap();

    assert_eq!(jane.send("DELETE", &format!("/rollcall/v1/tokens/{id}")).await.status, 204);
    let body = json!({ "currentPassword": PASSWORD, "password": NEW_PASSWORD });
    assert_eq!(jane.send_json("PUT", &format!("{SELF}/password"), &body).await.status, 204);

    assert_eq!(accept(&mary, &link).await.status, 200);
}

#[tokio::test]
async fn the_address_of_a_disabled_sender_is_not_taken_by_an_invitation_of_its_own() {
    let (app, mut post) = open().await;
    let (jane, path) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    let second = "second@example.com";
    let add = json!({ "email": second });
    assert_eq!(john.send_json("POST", &format!("{SELF}/emails"), &add).await.status, 201);
    let link = mailed_by(&mut post, &john, &path, second).await;
    let mary = app.person("mary").await;

    let disable = Box::pin(end(&app, &john, &john, Ending::Disabled));
    let refused = with_meanwhile(&app, accept(&mary, &link), disable).await;

    assert_eq!(code(&refused), (410, "revoked"));
    app.assert_consistent().await;
}

/// The path of the link of a new invitation to another account, which is mailed.
async fn mailed_by(post: &mut Post, person: &Person<'_>, path: &str, address: &str) -> String {
    post.deliver().await;
    let body = json!({ "email": address, "role": "member" });
    let sent = person.send_json("POST", path, &body).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let mails = post.deliver().await;
    format!("{LINKS}/{}", mails[0].message.links[0].rsplit_once('/').unwrap().1)
}

#[tokio::test]
async fn who_joins_by_a_link_that_was_handed_over_counts_as_made_by_its_sender() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let first = handed(&jane, FREE).await;
    assert_eq!(join(&app, &first, "mary").await.status, 201);
    set(&app, "made", "users", json!({ "N": "1000" })).await;

    let second = handed(&jane, "second@example.com").await;
    assert_eq!(code(&join(&app, &second, "second").await), (409, "limit_reached"));
    let made = make(&app, "mary", "third").await;
    assert_eq!(made.status, 409, "{made:?}");

    let by_mail = mailed(&mut post, &jane, "fourth@example.com").await;
    assert_eq!(join(&app, &by_mail, "fourth").await.status, 201);
    app.assert_consistent().await;
}

/// The response to a user who makes another one.
async fn make(app: &TestApp, maker: &str, username: &str) -> ApiResponse {
    let basic = basic(maker, PASSWORD);
    let headers = [("authorization", &*basic), ("content-type", "application/json")];
    let token = json!({ "name": "maker", "kind": "user" }).to_string();
    let token = app.send("POST", "/rollcall/v1/tokens", &headers, Some(&token)).await;
    let user = json!({
        "username": username, "password": PASSWORD, "email": format!("{username}@example.com"),
        "first_name": "Made", "last_name": "User",
    });
    let headers = [("authorization", token.text("token")), ("content-type", "application/json")];
    app.send("PUT", "/v2/accounts", &headers, Some(&user.to_string())).await
}

#[tokio::test]
async fn what_who_joins_by_a_mailed_link_makes_and_invites_counts_for_the_sender() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let link = mailed(&mut post, &jane, FREE).await;
    assert_eq!(join(&app, &link, "mary").await.status, 201);
    assert_eq!(app.items_of("made").await, [] as [Value; 0], "nobody made her");

    assert_eq!(make(&app, "mary", "third").await.status, 200);
    let mary = jane.with_token(basic("mary", PASSWORD));
    let own = mary.send("GET", ACCOUNTS).await.body["accounts"][0]["id"].clone();
    let path = format!("{ACCOUNTS}/{}/invitations", own.as_str().unwrap());
    let link = mailed_by(&mut post, &mary, &path, "fourth@example.com").await;
    assert_eq!(join(&app, &link, "fourth").await.status, 201);
    assert_eq!(make(&app, "fourth", "fifth").await.status, 200);

    let count = async |kind: &str, number: &str| {
        let counts = app.items_of(kind).await;
        let of_users = counts.iter().filter(|item| text(item, "pk").starts_with("USER#"));
        let numbers = of_users.map(|item| (text(item, "pk"), item[number]["N"].clone()));
        numbers.collect::<Vec<_>>()
    };
    let root = format!("USER#{}", jane.user().id);
    assert_eq!(count("made", "users").await, [(root.clone(), json!("2"))]);
    assert_eq!(count("invited", "invitations").await, [(root, json!("2"))]);
    app.assert_consistent().await;
}

fn text(item: &Value, attribute: &str) -> String {
    item[attribute]["S"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_invites_a_thousand_times_a_day_from_all_accounts() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    handed(&jane, FREE).await;
    for count in app.items_of("invited").await {
        let is_users = count["pk"]["S"].as_str().unwrap().starts_with("USER#");
        let invitations = if is_users { "999" } else { "1" };
        let key = json!({ "pk": count["pk"], "sk": count["sk"] });
        set_at(&app, &key, "invitations", &json!({ "N": invitations })).await;
    }
    let made = jane.send_json("POST", ACCOUNTS, &json!({ "name": "Another" })).await;
    let path = format!("{ACCOUNTS}/{}/invitations", made.text("id"));
    let body = json!({ "email": FREE, "role": "member", "deliver": "link" });

    assert_eq!(jane.send_json("POST", &path, &body).await.status, 201);
    let refused = jane.send_json("POST", &path, &body).await;
    assert_eq!(code(&refused), (429, "too_many_mails"));
}

#[tokio::test]
async fn a_proof_by_a_token_becomes_the_users_own_who_accepts_with_the_password() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let mary = host(&app, "mary").await;
    let leaked = john.with_token(john.new_token(TokenKind::User, None, None).await);
    let link = mailed(&mut post, &mary, john.email()).await;
    assert_eq!(accept(&leaked, &link).await.status, 200);
    forget_sends(&app).await;
    let link = mailed(&mut post, &jane, john.email()).await;

    let by_password = john.with_token(john.basic());
    assert_eq!(accept(&by_password, &link).await.status, 200);
    end(&app, &john, &leaked, Ending::RevokedWithDescendants).await;

    assert_eq!(emails(&app, john.token()).await, [owned(john.email(), true, true)]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_is_proved_by_an_invitation_is_the_address_as_the_mail_was_sent_to_it() {
    for is_primary in [false, true] {
        let (app, mut post) = open().await;
        let (jane, _) = invitations(&app).await;
        let john = app.person("johnroe").await;
        let stored = if is_primary { john.email().to_owned() } else { "second@example.com".into() };
        if !is_primary {
            let add = json!({ "email": stored });
            assert_eq!(john.send_json("POST", &format!("{SELF}/emails"), &add).await.status, 201);
        }
        let (local, domain) = stored.split_once('@').unwrap();
        let mailed_to = format!("{}@{domain}", local.to_uppercase());
        let link = mailed(&mut post, &jane, &mailed_to).await;

        assert_eq!(accept(&john, &link).await.status, 200);

        let emails = emails(&app, john.token()).await;
        assert!(emails.contains(&owned(&mailed_to, is_primary, true)), "{emails:?}");
        assert!(emails.iter().all(|(email, ..)| *email != stored), "{emails:?}");
        let user = john.send("GET", SELF).await;
        assert_eq!(user.body["primaryEmail"] == mailed_to, is_primary, "{user:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn an_invitation_of_an_own_address_does_not_bring_back_who_left() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    let other = json!({ "email": "second@example.com" });
    assert_eq!(john.send_json("POST", &format!("{SELF}/emails"), &other).await.status, 201);
    let body = json!({ "email": "second@example.com", "role": "admin", "deliver": "link" });
    let link = path_of(&john.send_json("POST", &path, &body).await);
    assert_eq!(code(&accept(&john, &link).await), (409, "already_member"));

    let account = jane.account().parse().unwrap();
    app.table().remove_member(&Actor::operator(), account, john.user().id).await.unwrap();

    assert_eq!(code(&accept(&john, &link).await), (410, "revoked"));
    assert_eq!(roles(&app, john.token()).await, ["admin"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_invitation_counts_before_the_recipient_the_membership_and_the_limit() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let (john, mary) = (app.person("johnroe").await, app.person("mary").await);
    let link = handed(&jane, john.email()).await;
    app.join(&john, &jane.account(), Role::Member).await;
    app.join(&mary, &jane.account(), Role::Member).await;
    let account = json!({
        "Key": { "pk": { "S": format!("ACCOUNT#{}", jane.account()) }, "sk": { "S": "ACCOUNT" } },
        "UpdateExpression": "SET memberCount = :most",
        "ExpressionAttributeValues": { ":most": { "N": "10000" } },
    });
    app.engine("UpdateItem", account).await;

    assert_eq!(code(&accept(&mary, &link).await), (403, "other_recipient"));
    assert_eq!(code(&accept(&john, &link).await), (409, "already_member"));
    app.expelling(&john, &jane.account()).await;
    set(&app, "account", "memberCount", json!({ "N": "10000" })).await;
    assert_eq!(code(&accept(&john, &link).await), (409, "limit_reached"));
    let taken = handed(&jane, app.person("peterdoe").await.email()).await;
    assert_eq!(code(&join(&app, &taken, "petermajor").await), (401, "credential_required"));
    let full = handed(&jane, "paul@example.com").await;
    assert_eq!(code(&join(&app, &full, "paulmajor").await), (409, "limit_reached"));
    jane.send("DELETE", &format!("{path}/{}", invitation_id(&john))).await;
    assert_eq!(code(&accept(&mary, &link).await), (410, "revoked"));
}

#[tokio::test]
async fn who_sent_it_and_whose_it_is_count_before_the_limit_of_addresses() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let (john, mary) = (app.person("johnroe").await, host(&app, "mary").await);
    let free = mailed(&mut post, &jane, "paul@example.com").await;
    set(&app, "email", "provedAt", json!({ "S": PAST })).await;
    let marys = mailed(&mut post, &jane, mary.email()).await;
    app.set(&john, "emailCount", json!({ "N": "50" })).await;

    assert_eq!(code(&accept(&john, &free).await), (409, "limit_reached"));
    assert_eq!(code(&accept(&john, &marys).await), (403, "other_recipient"));
    demote_past_all_functions(&app, &jane).await;
    for link in [&free, &marys] {
        assert_eq!(code(&accept(&john, link).await), (410, "revoked"));
    }
}

/// Makes the owner of an account a plain member of it.
async fn demote_past_all_functions(app: &TestApp, jane: &Person<'_>) {
    for side in jane.membership_keys(&jane.account()) {
        let change = json!({
            "Key": side,
            "UpdateExpression": "SET #role = :member",
            "ExpressionAttributeNames": { "#role": "role" },
            "ExpressionAttributeValues": { ":member": { "S": "member" } },
        });
        app.engine("UpdateItem", change).await;
    }
}

fn invitation_id(person: &Person<'_>) -> String {
    shared::model::InvitationId::from(&person.user().primary_email).to_string()
}

#[tokio::test]
async fn only_an_admin_with_a_proved_address_invites_and_sees_who_was() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let mary = app.person("mary").await;
    let path = format!("{ACCOUNTS}/{}/invitations", jane.account());
    let body = json!({ "email": "paul@example.com", "role": "member", "deliver": "link" });

    assert_eq!(code(&jane.send_json("POST", &path, &body).await), (403, "address_not_proved"));
    jane.credentials().prove_address(&app).await;
    assert_eq!(jane.send_json("POST", &path, &body).await.status, 201);
    for person in [&john, &mary] {
        person.credentials().prove_address(&app).await;
        assert_eq!(code(&person.send_json("POST", &path, &body).await), (403, "forbidden"));
        assert_eq!(code(&person.send("GET", &path).await), (403, "forbidden"));
    }
    let unknown = format!("{ACCOUNTS}/nothing/invitations");
    assert_eq!(code(&jane.send_json("POST", &unknown, &body).await), (404, "not_found"));
    for (field, value) in [
        ("email", json!("nothing")),
        ("email", json!("somebody@users.invalid")),
        ("role", json!("owner")),
        ("expiresInHours", json!(0)),
        ("expiresInHours", json!(721)),
        ("deliver", json!("pigeon")),
    ] {
        let mut body = body.clone();
        body[field] = value;
        let refused = jane.send_json("POST", &path, &body).await;
        assert_eq!(code(&refused), (400, "invalid_request"), "{body}");
        assert!(refused.body.to_string().contains(field), "{refused:?}");
    }
}

#[tokio::test]
async fn only_a_members_primary_address_is_known_to_be_one() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let other = json!({ "email": "second@example.com" });
    assert_eq!(john.send_json("POST", &format!("{SELF}/emails"), &other).await.status, 201);
    app.join(&john, &jane.account(), Role::Member).await;
    post.deliver().await;

    let member = send(&jane, john.email(), json!({})).await;
    assert_eq!(code(&member), (409, "already_member"));
    let link = mailed(&mut post, &jane, "second@example.com").await;
    assert_eq!(code(&accept(&john, &link).await), (409, "already_member"));
    assert_eq!(states(&jane).await, ["pending"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn one_that_waits_is_sent_again_and_its_earlier_link_ends() {
    let (app, mut post) = open().await;
    let (jane, path) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let first = mailed(&mut post, &jane, john.email()).await;
    let before = jane.send("GET", &path).await.body["invitations"][0].clone();

    let early = send(&jane, john.email(), json!({})).await;
    assert_eq!(code(&early), (429, "too_many_mails"));
    let wait: u64 = early.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    forget_sends(&app).await;
    let again = send(&jane, "JOHNROE@example.com", json!({ "role": "admin" })).await;

    assert_eq!(again.status, 200, "{again:?}");
    for (name, value) in [
        ("id", before["id"].clone()),
        ("createdAt", before["createdAt"].clone()),
        ("role", json!("admin")),
        ("sendCount", json!(2)),
        ("state", json!("pending")),
    ] {
        assert_eq!(again.body[name], value, "{name}");
    }
    assert_eq!(code(&accept(&john, &first).await), (410, "replaced"));
    assert_eq!(states(&jane).await, ["pending"], "one for an address");
    let mails = post.deliver().await;
    let link = format!("{LINKS}/{}", mails[0].message.links[0].rsplit_once('/').unwrap().1);
    assert_eq!(accept(&john, &link).await.text("role"), "admin");
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_gets_five_invitations_a_day_over_all_accounts() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    post.deliver().await;
    let ago = |minutes: i64| json!({ "S": TestApp::in_seconds(-60 * minutes).to_string() });

    assert_eq!(send(&john, FREE, json!({})).await.status, 201);
    let times: Vec<Value> = [5, 4, 3, 2].map(ago).to_vec();
    set(&app, MAIL_REQUESTS, "times", json!({ "L": times })).await;
    assert_eq!(send(&jane, FREE, json!({})).await.status, 201, "the fifth");
    let times: Vec<Value> = [6, 5, 4, 3, 2].map(ago).to_vec();
    set(&app, MAIL_REQUESTS, "times", json!({ "L": times })).await;

    assert_eq!(code(&send(&jane, FREE, json!({})).await), (429, "too_many_mails"));
    assert_eq!(send(&jane, FREE, json!({ "deliver": "link" })).await.status, 200, "no mail");
}

#[tokio::test]
async fn an_account_invites_two_hundred_times_a_day() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    handed(&jane, FREE).await;
    set(&app, "invited", "invitations", json!({ "N": "199" })).await;

    assert_eq!(send(&jane, FREE, json!({ "deliver": "link" })).await.status, 200);
    let refused = send(&jane, FREE, json!({ "deliver": "link" })).await;
    assert_eq!(code(&refused), (429, "too_many_mails"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_invitations_wait_and_what_has_ended_does_not_count() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let link = json!({ "deliver": "link" });
    for number in 0..99 {
        let sent = send(&jane, &format!("mary{number}@example.com"), link.clone()).await;
        assert_eq!(sent.status, 201, "{number}: {sent:?}");
    }

    let (one, other) = tokio::join!(
        send(&jane, "one@example.com", link.clone()),
        send(&jane, "other@example.com", link.clone()),
    );
    let mut statuses = [code(&one), code(&other)];
    statuses.sort_unstable();
    assert_eq!(statuses, [(201, ""), (409, "limit_reached")], "{one:?} {other:?}");
    set(&app, "invited", "invitations", json!({ "N": "1" })).await;
    let again = send(&jane, "mary0@example.com", link.clone()).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(code(&send(&jane, FREE, link.clone()).await), (409, "limit_reached"));

    assert_eq!(jane.send("DELETE", &format!("{path}/{}", again.text("id"))).await.status, 204);
    assert_eq!(send(&jane, FREE, link.clone()).await.status, 201);
    assert_eq!(code(&send(&jane, "b@example.com", link.clone()).await), (409, "limit_reached"));
    app.assert_consistent().await;
    expire(&app).await;
    assert_eq!(send(&jane, "b@example.com", link.clone()).await.status, 201);
    let listed = app.items_of("pendingInvitations").await;
    assert_eq!(listed[0]["pending"]["M"].as_object().unwrap().len(), 1, "{listed:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn invitations_of_who_is_no_admin_any_more_give_their_places_to_others() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    for number in 0..100 {
        let address = format!("mary{number}@example.com");
        let body = json!({ "email": address, "role": "member", "deliver": "link" });
        let inviter = if number % 2 == 0 { &jane } else { &john };
        assert_eq!(inviter.send_json("POST", &path, &body).await.status, 201);
    }
    let link = json!({ "deliver": "link" });
    assert_eq!(code(&send(&jane, FREE, link.clone()).await), (409, "limit_reached"));
    let account = jane.account().parse().unwrap();
    app.table().remove_member(&Actor::operator(), account, john.user().id).await.unwrap();

    assert_eq!(send(&jane, FREE, link).await.status, 201);

    let listed = app.items_of("pendingInvitations").await;
    assert_eq!(listed[0]["pending"]["M"].as_object().unwrap().len(), 51);
}

#[tokio::test]
async fn lists_show_every_state_in_pages_oldest_first() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = app.person("johnroe").await;
    for number in 0..4 {
        let link = handed(&jane, &format!("mary{number}@example.com")).await;
        if number == 0 {
            bare(&app, "POST", &format!("{link}/decline")).await;
        }
    }
    accept(&john, &handed(&jane, john.email()).await).await;

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = jane.send("GET", &format!("{path}?limit=2{cursor}")).await;
        let entries = page.body["invitations"].as_array().unwrap().clone();
        seen.extend(entries.iter().map(|own| own["email"].as_str().unwrap().to_owned()));
        let next = page.body["nextCursor"].as_str().map(|next| format!("&cursor={next}"));
        cursor = next.unwrap_or_default();
    }
    assert_eq!(cursor, "");
    let expected = ["mary0", "mary1", "mary2", "mary3", "johnroe"];
    assert_eq!(seen, expected.map(|name| format!("{name}@example.com")));
    for (state, count) in
        [("pending", 3), ("declined", 1), ("accepted", 1), ("revoked", 0), ("expired", 0)]
    {
        let listed = jane.send("GET", &format!("{path}?state={state}")).await;
        assert_eq!(listed.body["invitations"].as_array().unwrap().len(), count, "{state}");
    }
    assert_eq!(code(&jane.send("GET", &format!("{path}?state=gone")).await).0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_who_accept_one_invitation_one_joins() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let mut people = Vec::new();
    for number in 0..64 {
        people.push(app.person(&format!("john{number}")).await);
    }
    let link = mailed(&mut post, &jane, FREE).await;

    let responses =
        join_all(people.iter().map(|person| settled(async || accept(person, &link).await))).await;

    let mut codes: Vec<_> = responses.iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes[0], (200, ""));
    assert!(codes[1..].iter().all(|code| *code == (410, "used")), "{codes:?}");
    let account = json!({ "pk": format!("ACCOUNT#{}", jane.account()) });
    let members = app.items_of("membership").await;
    let members = members.iter().filter(|item| item["pk"]["S"] == account["pk"]).count();
    assert_eq!(members, 2);
    assert_eq!(held_up(&jane.account()), [""; 0]);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_times_at_once_the_same_person_is_one_member_and_each_is_200() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let link = handed(&jane, john.email()).await;

    let responses = join_all((0..64).map(|_| settled(async || accept(&john, &link).await))).await;

    assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
    assert_eq!(roles(&app, john.token()).await, ["admin", "member"]);
    let log = actions(&jane, &format!("{ACCOUNTS}/{}/audit", jane.account())).await;
    assert_eq!(log.iter().filter(|action| *action == "member.added").count(), 1, "{log:?}");
    assert_eq!(held_up(&jane.account()), [""; 0]);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_links_for_one_address_at_once_are_each_200_and_one_works() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    handed(&jane, FREE).await;

    let link = json!({ "deliver": "link" });
    let again = (0..64).map(|_| settled(async || send(&jane, FREE, link.clone()).await));
    let sent = join_all(again).await;

    assert!(sent.iter().all(|response| response.status == 200), "{sent:?}");
    assert_eq!(held_up(&jane.account()), [""; 0]);
    let mut works = 0;
    for response in &sent {
        let shown = bare(&app, "GET", &path_of(response)).await;
        works += usize::from(shown.status == 200);
        assert!([(200, ""), (410, "replaced")].contains(&code(&shown)), "{shown:?}");
    }
    assert_eq!(works, 1);
    let listed = jane.send("GET", &path).await;
    // One whose response came too late was sent again.
    let count = listed.body["invitations"][0]["sendCount"].as_u64().unwrap();
    assert!(count >= 65, "{listed:?}");
    let log = actions(&jane, &format!("{ACCOUNTS}/{}/audit?limit=100", jane.account())).await;
    let entries = log.iter().filter(|action| *action == "invitation.sent").count();
    assert_eq!(entries as u64, count, "{log:?}");
    handed(&jane, FREE).await;
    let links = app.items_of("invitation").await[0]["links"]["M"].as_object().unwrap().len();
    assert_eq!(links, 21, "the newest twenty beside the one that works");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_mails_to_one_address_at_once_one_is_sent_and_the_rest_is_429() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    post.deliver().await;

    let sent =
        join_all((0..64).map(|_| settled(async || send(&jane, FREE, json!({})).await))).await;

    let mut codes: Vec<_> = sent.iter().map(code).collect();
    codes.sort_unstable();
    // Of the one that is sent, a busy machine may have sent the response too late.
    assert!(matches!(codes[0], (201, "") | (429, "too_many_mails")), "{codes:?}");
    assert!(codes[1..].iter().all(|code| *code == (429, "too_many_mails")), "{codes:?}");
    assert_eq!(held_up(&jane.account()), [""; 0]);
    assert_eq!(post.deliver().await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_become_users_by_one_invitation_at_once_one_does() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    let link = handed(&jane, FREE).await;
    let names: Vec<_> = (0..8).map(|number| format!("marymajor{number}")).collect();

    let responses = join_all(names.iter().map(|name| join(&app, &link, name))).await;

    let mut codes: Vec<_> = responses.iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes[0], (201, ""), "{codes:?}");
    assert!(codes[1..].iter().all(|code| *code == (410, "used")), "{codes:?}");
    app.assert_consistent().await;
}

/// The round trips of an acceptance that succeeds, and the actions of its last write.
async fn cost(app: &TestApp, accepting: impl Future<Output = ApiResponse>) -> (usize, usize) {
    app.proxy().count();
    let response = accepting.await;
    assert!(matches!(response.status, 200 | 201), "{response:?}");
    let calls = app.proxy().calls();
    let write = calls.iter().rfind(|call| call.operation == "TransactWriteItems");
    (app.proxy().rounds(), write.map_or(0, |write| write.parts))
}

#[tokio::test]
async fn accepting_costs_two_round_trips_unless_somebody_else_has_the_address() {
    let (app, mut post) = open().await;
    let (jane, _) = invitations(&app).await;
    let people = ["johnroe", "pauldoe", "lucydoe", "lukedoe", "peterdoe"];
    let mut others = Vec::new();
    for name in people {
        others.push(app.person(name).await);
    }
    let [john, paul, lucy, luke, peter] = others.as_slice() else { panic!("five") };
    let mary = app.person("mary").await;

    let own = handed(&jane, john.email()).await;
    assert_eq!(cost(&app, accept(john, &own)).await, (2, 14), "the caller's own");
    let own = mailed(&mut post, &jane, paul.email()).await;
    assert_eq!(cost(&app, accept(paul, &own)).await, (2, 16), "proved by it");
    let free = mailed(&mut post, &jane, "lucy@example.com").await;
    assert_eq!(cost(&app, accept(lucy, &free)).await, (2, 19), "added by it");
    // The write finds somebody; the request is read again; the claim; who has it; the write.
    let taken = mailed(&mut post, &jane, mary.email()).await;
    assert_eq!(cost(&app, accept(luke, &taken)).await, (6, 26), "taken by it");
    let free = mailed(&mut post, &jane, "luke@example.com").await;
    assert_eq!(cost(&app, join(&app, &free, "markmajor")).await, (2, 23), "somebody new");
    let taken = mailed(&mut post, &jane, peter.email()).await;
    assert_eq!(cost(&app, join(&app, &taken, "petermajor")).await, (5, 30), "taken by them");
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_acceptance_whose_response_was_lost_is_found_done() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    let john = app.person("johnroe").await;
    let link = handed(&jane, john.email()).await;

    app.proxy().disturb_all_of("TransactWriteItems", Some(Fault::ResponseLost));
    let lost = accept(&john, &link).await;
    app.proxy().disturb_all_of("TransactWriteItems", None);

    assert!(matches!(lost.status, 200 | 503), "{lost:?}");
    assert_eq!(accept(&john, &link).await.status, 200);
    assert_eq!(roles(&app, john.token()).await, ["admin", "member"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_ends_an_invitation_between_the_read_and_the_write_of_an_acceptance_counts() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    let mary = app.person("mary").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    let invite_to = async |address: &str| {
        let body = json!({ "email": address, "role": "member", "deliver": "link" });
        path_of(&john.send_json("POST", &path, &body).await)
    };
    let invite = async || invite_to(mary.email()).await;
    let account = jane.account().parse().unwrap();
    let one = format!("{path}/{}", invitation_id(&mary));

    let link = invite().await;
    let revoke = async { assert_eq!(jane.send("DELETE", &one).await.status, 204) };
    let refused = with_meanwhile(&app, accept(&mary, &link), revoke).await;
    assert_eq!(code(&refused), (410, "revoked"));

    let link = invite().await;
    let resend = async { drop(invite().await) };
    let refused = with_meanwhile(&app, accept(&mary, &link), resend).await;
    assert_eq!(code(&refused), (410, "replaced"));

    let link = invite().await;
    let decline = async {
        assert_eq!(bare(&app, "POST", &format!("{link}/decline")).await.status, 204);
    };
    let refused = with_meanwhile(&app, accept(&mary, &link), decline).await;
    assert_eq!(code(&refused), (410, "declined"));

    let link = invite().await;
    let set_role = async |role| {
        let operator = Actor::operator();
        app.table().set_role(&operator, account, john.user().id, role).await.unwrap();
    };
    let demote = Box::pin(set_role(Role::Member));
    let refused = with_meanwhile(&app, accept(&mary, &link), demote).await;
    assert_eq!(code(&refused), (410, "revoked"));

    set_role(Role::Admin).await;
    let link = invite_to("paul@example.com").await;
    let demote = Box::pin(set_role(Role::Member));
    let refused = with_meanwhile(&app, join(&app, &link, "paulmajor"), demote).await;
    assert_eq!(code(&refused), (410, "revoked"));
    assert_eq!(roles(&app, mary.token()).await, ["admin"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_unknown_account_is_404_and_a_query_that_cannot_be_read_400() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    for list in ["members", "plan"] {
        let unknown =
            jane.send("GET", &format!("{ACCOUNTS}/aaaaaaaaaaaaaaaaaaaaaaaa/{list}")).await;
        assert_eq!(code(&unknown), (404, "not_found"), "{list}");
    }
    let link = handed(&jane, FREE).await;
    let shown = bare(&app, "GET", &format!("{link}?a=%ff")).await;
    assert_eq!(code(&shown), (400, "invalid_request"));
    let declined = bare(&app, "POST", &format!("{link}/decline?a=%ff")).await;
    assert_eq!(code(&declined), (400, "invalid_request"));
}

#[tokio::test]
async fn the_operator_ends_what_a_user_sent_or_all_that_waits_in_an_account() {
    let app = TestApp::start().await;
    let (jane, path) = invitations(&app).await;
    let john = host(&app, "johnroe").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    let invite = async |by: &Person<'_>, address: &str| {
        let body = json!({ "email": address, "role": "admin", "deliver": "link" });
        path_of(&by.send_json("POST", &path, &body).await)
    };
    let (of_jane, of_john) = (invite(&jane, FREE).await, invite(&john, "paul@example.com").await);
    invite(&jane, "peter@example.com").await;
    let (table, operator) = (app.table(), Actor::operator());
    let is_revoked = async |link: &str| {
        let shown = bare(&app, "GET", link).await;
        assert!([(200, ""), (410, "revoked")].contains(&code(&shown)), "{shown:?}");
        shown.status == 410
    };

    for _ in 0..2 {
        table.revoke_invitations_by(&operator, jane.user().id).await.unwrap();
        assert!(is_revoked(&of_jane).await && !is_revoked(&of_john).await);
    }
    assert_eq!(actions(&jane, &format!("{SELF}/audit")).await[0], "invitation.revoked");
    let another = invite(&jane, FREE).await;
    assert!(!is_revoked(&another).await, "she may invite");

    // What ended before is left out, but not what would wait again.
    table.revoke_invitations_by(&operator, john.user().id).await.unwrap();
    let of_john = invite(&john, "ruth@example.com").await;
    assert!(!is_revoked(&of_john).await, "he may invite");
    app.set(&john, "disabled", json!({ "BOOL": true })).await;
    let account = jane.account().parse().unwrap();
    let revoked = table.revoke_invitations_to(&operator, account).await.unwrap();
    assert_eq!(revoked.len(), 2);
    app.set(&john, "disabled", json!({ "BOOL": false })).await;
    assert!(is_revoked(&another).await && is_revoked(&of_john).await);
    assert_eq!(states(&jane).await, ["revoked"; 4]);
    assert_eq!(table.revoke_invitations_to(&operator, account).await.unwrap(), []);
    let log = format!("{ACCOUNTS}/{}/audit?action=invitation.revoked", jane.account());
    assert_eq!(actions(&jane, &log).await.len(), 2);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_invitation_that_is_sent_while_the_operator_ends_all_ends_with_them() {
    let app = TestApp::start().await;
    let (jane, _) = invitations(&app).await;
    let first = handed(&jane, FREE).await;
    let (table, account) = (app.table(), jane.account().parse().unwrap());
    let operator = Actor::operator();
    let again = async {
        handed(&jane, FREE).await;
    };

    let all = Box::pin(table.revoke_invitations_to(&operator, account));
    let revoked = with_meanwhile(&app, all, Box::pin(again)).await.unwrap();

    assert_eq!(revoked.len(), 1);
    assert_eq!(states(&jane).await, ["revoked"]);
    assert_eq!(code(&bare(&app, "GET", &first).await).0, 410);
    app.assert_consistent().await;
}
