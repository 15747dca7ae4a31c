//! Mail: what a write puts into the outbox, and what the mailer makes of it whatever fails.

use std::time::Duration;

use devkit::ses::Outcome;
use serde_json::{Value, json};
use shared::mail::seal_link;
use shared::model::{MailLink, MailToken, MailTokenSubject};
use testkit::{PASSWORD, Person, Post, Service, TestApp};

use crate::crashes::members_task;

const EMAILS: &str = "/api/v1.1/users/janedoe/emails/";
const DATA: &str = "/v2/account/data";

/// How many changes a response of the mailer reports as not handled.
pub(crate) fn failures(response: &Value) -> usize {
    response["batchItemFailures"].as_array().unwrap().len()
}

pub(crate) async fn change_password(jane: &Person<'_>) {
    let new = json!({ "password": "another horse battery" });
    let changed = jane.send_json("POST", DATA, &new).await;
    assert_eq!(changed.status, 200, "{changed:?}");
}

pub(crate) async fn add_email(jane: &Person<'_>, address: &str) {
    let added = jane.send_json("POST", EMAILS, &json!({ "email": address })).await;
    assert_eq!(added.status, 201, "{added:?}");
}

/// Sets an attribute of items of this type, past all functions.
pub(crate) async fn set(app: &TestApp, kind: &str, attribute: &str, value: Value) {
    for item in app.items_of(kind).await {
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        set_at(app, &key, attribute, &value).await;
    }
}

/// Sets an attribute of one item.
pub(crate) async fn set_at(app: &TestApp, key: &Value, attribute: &str, value: &Value) {
    let change = json!({
        "Key": key,
        "UpdateExpression": "SET #attribute = :value",
        "ExpressionAttributeNames": { "#attribute": attribute },
        "ExpressionAttributeValues": { ":value": value },
    });
    app.engine("UpdateItem", change).await;
}

/// Gives the mails that wait this link.
pub(crate) async fn set_link(app: &TestApp, kind: &str, link: &MailLink) {
    let texts = json!(link);
    let texts = texts.as_object().unwrap().iter();
    let texts: serde_json::Map<_, _> =
        texts.map(|(name, text)| (name.clone(), json!({ "S": text }))).collect();
    set(app, "mail", "link", json!({ "M": texts })).await;
    set(app, "mail", "kind", json!({ "S": kind })).await;
}

/// A mail to Jane that waits, and the event that tells of it.
pub(crate) async fn waiting_mail(app: &TestApp, post: &mut Post, jane: &Person<'_>) -> Value {
    change_password(jane).await;
    let notice = post.next_event().await.unwrap();
    assert_eq!(failures(&post.invoke(&notice).await), 0);
    assert_eq!((app.items_of("notice").await.len(), app.items_of("mail").await.len()), (0, 1));
    post.next_event().await.unwrap()
}

#[tokio::test]
async fn a_changed_password_is_told_to_the_primary_and_the_oldest_proved_addresses() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    for number in 0..6 {
        add_email(&jane, &format!("jane{number}@example.com")).await;
    }
    post.deliver().await;
    set(&app, "email", "provedAt", json!({ "S": "2026-11-28T12:00:00Z" })).await;
    add_email(&jane, "unproved@example.com").await;
    let added = post.deliver().await;

    change_password(&jane).await;
    let changed = post.deliver().await;

    let mut recipients: Vec<_> = changed.iter().flat_map(|mail| &mail.recipients).collect();
    recipients.sort();
    let others = ["jane0", "jane1", "jane2", "jane3"].map(|name| format!("{name}@example.com"));
    let expected: Vec<_> = others.iter().chain([&jane.email().to_owned()]).cloned().collect();
    assert_eq!(recipients, expected.iter().collect::<Vec<_>>());
    assert_eq!(added.len(), 5);
    assert!(changed.iter().all(|mail| mail.message.subject.contains("password")), "{changed:?}");
    assert_eq!(app.items_of("mail").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_primary_address_that_is_not_proved_gets_ten_notices_a_day_over_all_users() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let sent = async |post: &mut Post| {
        change_password(&jane).await;
        post.deliver().await.len()
    };
    for _ in 0..10 {
        assert_eq!(sent(&mut post).await, 1);
    }

    assert_eq!(sent(&mut post).await, 0);
    assert_eq!(app.items_of("notice").await, Vec::<Value>::new());

    let day = json!({ "S": TestApp::in_seconds(-24 * 3600).to_string() });
    let requests = app.items_of("mailRequests").await;
    let requests = requests.iter().find(|own| own["kind"]["S"] == "notice_to_unproved").unwrap();
    let mut times = requests["times"]["L"].clone();
    assert_eq!(times.as_array().unwrap().len(), 10);
    times[0] = day;
    set(&app, "mailRequests", "times", json!({ "L": times })).await;
    assert_eq!((sent(&mut post).await, sent(&mut post).await), (1, 0));

    set(&app, "email", "provedAt", json!({ "S": "2026-11-28T12:00:00Z" })).await;
    assert_eq!(sent(&mut post).await, 1, "proved");
}

#[tokio::test]
async fn notices_of_addresses_use_up_none_that_warns_of_a_changed_password() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    for number in 0..11 {
        add_email(&jane, &format!("jane{number}@example.com")).await;
    }
    assert_eq!(post.deliver().await.len(), 10);

    change_password(&jane).await;

    let mails = post.deliver().await;
    assert_eq!((mails.len(), &mails[0].recipients[..]), (1, &[jane.email().to_owned()][..]));
}

#[tokio::test]
async fn a_strangers_address_that_stops_being_primary_is_counted_too_and_so_is_the_user() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    set(&app, "email", "provedAt", json!({ "S": "2026-11-28T12:00:00Z" })).await;
    let toggles =
        [("a@stranger.example", 12), ("b@stranger.example", 6), ("c@stranger.example", 6)];
    let mut mails = Vec::new();

    for (stranger, times) in toggles {
        add_email(&jane, stranger).await;
        for _ in 0..times {
            for address in [stranger, jane.email()] {
                let body = json!({ "email": address, "verified": true, "primary": true });
                let changed = jane.send_json("PATCH", EMAILS, &body).await;
                assert_eq!(changed.status, 200, "{changed:?}");
            }
        }
        mails.extend(post.deliver().await);
    }

    let to = |address: &str| {
        mails.iter().filter(|mail| mail.recipients.iter().any(|own| own == address)).count()
    };
    assert_eq!(toggles.map(|(stranger, _)| to(stranger)), [10, 6, 4], "ten, and 20 of one user");
    assert_eq!(to(jane.email()), 3 + 2 * 24, "her own gets all of them");
}

#[tokio::test]
async fn a_name_that_looks_like_a_header_or_a_link_is_text() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let name = json!({ "name": "Bcc: all@example.com https://evil.example/" });
    let renamed = jane.send_json("PATCH", "/rollcall/v1/users/self", &name).await;
    assert_eq!(renamed.status, 200, "{renamed:?}");

    change_password(&jane).await;
    let mails = post.deliver().await;

    assert_eq!((mails.len(), &mails[0].recipients[..]), (1, &[jane.email().to_owned()][..]));
    assert_eq!(mails[0].message.links, Vec::<String>::new());
    assert!(!mails[0].message.subject.contains("Bcc"), "{mails:?}");
}

#[tokio::test]
async fn a_removed_address_is_told_and_so_is_the_former_primary_one() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    add_email(&jane, "second@example.com").await;
    post.deliver().await;
    set(&app, "email", "provedAt", json!({ "S": TestApp::in_seconds(-60).to_string() })).await;

    let primary = json!({ "email": "second@example.com", "verified": true, "primary": true });
    assert_eq!(jane.send_json("PATCH", EMAILS, &primary).await.status, 200);
    let told = post.deliver().await;
    let gone = jane.send_json("DELETE", EMAILS, &json!({ "email": jane.email() })).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let removed = post.deliver().await;

    for mails in [told, removed] {
        let mut recipients: Vec<_> =
            mails.iter().flat_map(|mail| mail.recipients.clone()).collect();
        recipients.sort();
        assert_eq!(recipients, [jane.email(), "second@example.com"]);
    }
}

#[tokio::test]
async fn a_removed_address_that_nobody_proved_is_not_told() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    add_email(&jane, "stranger@example.com").await;
    let verified = json!({ "email": "stranger@example.com", "verified": true });
    assert_eq!(jane.send_json("PATCH", EMAILS, &verified).await.status, 200);
    post.deliver().await;

    let body = json!({ "email": "stranger@example.com" });
    assert_eq!(jane.send_json("DELETE", EMAILS, &body).await.status, 204);

    let mails = post.deliver().await;
    let recipients: Vec<_> = mails.iter().flat_map(|mail| mail.recipients.clone()).collect();
    assert_eq!(recipients, [jane.email()]);
}

#[tokio::test]
async fn a_sign_in_from_another_network_is_told_and_the_first_and_later_ones_are_not() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let sign_in = async |address: &str| {
        let basic = jane.basic();
        let header = [("authorization", &*basic)];
        let client = app.at(address);
        let signed_in = client.send("GET", "/rollcall/v1/users/self", &header, None).await;
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
    };

    sign_in("203.0.113.9").await;
    assert_eq!(post.deliver().await.len(), 0);
    sign_in("198.51.100.7").await;
    sign_in("198.51.100.8").await;
    sign_in("203.0.113.9").await;

    let told = post.deliver().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message.subject.starts_with("New sign-in"), "{told:?}");
    assert_eq!(told[0].recipients, [jane.email()]);
}

#[tokio::test]
async fn nobody_is_told_of_a_known_network_after_a_rotation_of_the_service_key() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    app.person("janedoe").await;
    let basic = testkit::basic("janedoe", PASSWORD);
    let header = [("authorization", &*basic)];
    for address in ["203.0.113.9", "198.51.100.7"] {
        let client = app.at(address);
        let signed_in = client.send("GET", "/rollcall/v1/users/self", &header, None).await;
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
    }
    assert_eq!(post.deliver().await.len(), 1);

    app.rotate_service_key().await;
    let home = app.at("203.0.113.9");
    let signed_in = home.send("GET", "/rollcall/v1/users/self", &header, None).await;

    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    assert_eq!(post.deliver().await.len(), 0);
}

#[tokio::test]
async fn a_link_in_a_mail_has_its_token_which_the_table_does_not_reveal() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    let token = MailToken::generate(MailTokenSubject::Reset(jane.user().id)).unwrap();
    let base = "https://accounts.example.com".to_owned();
    let link = seal_link(app.service_keys(), base, &token).await.unwrap();
    set_link(&app, "password_reset", &link).await;
    assert!(!app.items_of("mail").await[0].to_string().contains(&token.reveal()));

    assert_eq!(failures(&post.invoke(&event).await), 0);

    let url = format!("https://accounts.example.com/account/reset/{}", token.reveal());
    assert_eq!(post.sent()[0].message.links, [url]);
}

#[tokio::test]
async fn a_service_that_sends_no_mail_puts_nothing_into_the_outbox() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    change_password(&jane).await;

    assert_eq!(app.items_of("notice").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_ses_surely_did_not_take_is_sent_once_it_does() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    post.expect([Outcome::Throttled, Outcome::Throttled]);

    assert_eq!(failures(&post.invoke(&event).await), 1);
    assert_eq!(failures(&post.invoke(&event).await), 1);
    assert_eq!(app.items_of("mail").await[0]["tries"]["N"], "2");
    assert_eq!(failures(&post.invoke(&event).await), 0);

    assert_eq!((post.sent().len(), app.items_of("mail").await.len()), (1, 0));
}

#[tokio::test]
async fn a_mail_that_ses_rejects_for_good_is_kept_and_never_tried_again() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    post.expect([Outcome::Rejected]);

    for _ in 0..2 {
        assert_eq!(failures(&post.invoke(&event).await), 0);
    }

    assert_eq!(app.items_of("mail").await[0]["state"]["S"], "dead");
    assert_eq!(post.sent().len(), 0);
}

#[tokio::test]
async fn a_mail_whose_outcome_is_unknown_waits_for_the_end_of_its_lease() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    post.expect([Outcome::Unavailable]);

    for _ in 0..2 {
        assert_eq!(failures(&post.invoke(&event).await), 1);
    }
    assert_eq!(app.items_of("mail").await[0]["tries"]["N"], "1");
    set(&app, "mail", "leasedUntil", json!({ "N": "1" })).await;
    assert_eq!(failures(&post.invoke(&event).await), 0);

    assert_eq!((post.sent().len(), app.items_of("mail").await.len()), (1, 0));
}

#[tokio::test]
async fn a_mail_that_comes_twice_or_to_two_mailers_at_once_is_sent_once() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;

    let (one, other) = tokio::join!(post.invoke(&event), post.invoke(&event));
    assert!(failures(&one) + failures(&other) <= 1, "{one} {other}");
    assert_eq!(failures(&post.invoke(&event).await), 0);

    assert_eq!(post.sent().len(), 1);
}

#[tokio::test]
async fn a_notice_that_comes_to_two_mailers_at_once_makes_one_mail_of_each_address() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    change_password(&jane).await;
    let event = post.next_event().await.unwrap();

    let (one, other) = tokio::join!(post.invoke(&event), post.invoke(&event));
    assert!(failures(&one) + failures(&other) <= 1, "{one} {other}");

    assert_eq!(app.items_of("mail").await.len(), 1);
}

#[tokio::test]
async fn a_mail_whose_time_is_over_is_never_sent() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    set(&app, "mail", "notAfter", json!({ "S": "2026-11-01T00:00:00Z" })).await;

    assert_eq!(failures(&post.invoke(&event).await), 0);

    assert_eq!(post.sent().len(), 0);
}

#[tokio::test]
async fn a_mailer_that_dies_before_it_sends_leaves_the_mail_to_the_next_one() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    set(&app, "mail", "state", json!({ "S": "leased" })).await;
    set(&app, "mail", "leasedUntil", json!({ "N": "99999999999999" })).await;

    assert_eq!(failures(&post.invoke(&event).await), 1);
    set(&app, "mail", "leasedUntil", json!({ "N": "1" })).await;
    assert_eq!(failures(&post.invoke(&event).await), 0);

    assert_eq!(post.sent().len(), 1);
}

#[tokio::test]
async fn a_mail_that_cannot_be_deleted_is_sent_again_after_its_lease() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    let mail = app.items_of("mail").await.remove(0);

    assert_eq!(failures(&post.invoke(&event).await), 0);
    // As the next mailer finds it if the deletion was lost.
    app.engine("PutItem", json!({ "Item": mail })).await;
    assert_eq!(failures(&post.invoke(&event).await), 0);

    let sent = post.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].raw, sent[1].raw, "the same mail, with the same id");
}

#[tokio::test]
async fn a_deleted_user_is_told_at_the_primary_address() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let (id, email) = (jane.user().id, jane.email().to_owned());
    let table = app.others().sending_mail(true);
    let user = table.users(std::iter::once(id)).await.unwrap().remove(0);
    let operator = shared::table::Actor::operator();
    table.begin_user_deletion(&operator, &user).await.unwrap();
    table.finish_user_deletion(&operator, id).await.unwrap();

    let told = post.deliver().await;

    assert_eq!(told.iter().map(|mail| mail.recipients.clone()).collect::<Vec<_>>(), [[email]]);
}

/// A mail that waits for longer than the stream tries; its shard.
async fn overdue_mail(app: &TestApp, post: &mut Post) -> String {
    let mut mail = app.items_of("mail").await.remove(0);
    let new = mail.clone();
    // An hour and more ago, by the time in its id.
    let id = format!("0000{}", &mail["id"]["S"].as_str().unwrap()[4..]);
    (mail["id"], mail["sk"]) = (json!({ "S": id }), json!({ "S": format!("MAIL#{id}") }));
    app.engine("PutItem", json!({ "Item": mail })).await;
    let key = json!({ "pk": new["pk"], "sk": new["sk"] });
    app.engine("DeleteItem", json!({ "Key": key })).await;
    while post.next_event().await.is_some() {}
    new["pk"]["S"].as_str().unwrap().trim_start_matches("OUTBOX#").to_owned()
}

#[tokio::test]
async fn no_number_of_cleanup_tasks_keeps_mail_waiting_that_the_sweep_brings_again() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    drop(waiting_mail(&app, &mut post, &jane).await);
    let shard = overdue_mail(&app, &mut post).await;
    let task = |number: u32| members_task(&format!("{number:023}{shard}")).to_string();
    app.import((0..3000).map(task).collect()).await.unwrap();

    let swept = app.table().clone().sending_mail(true).sweep(Duration::from_secs(1)).await;

    assert!(swept.timed_out > 0 && swept.finished > 0, "{swept:?}");
    assert_eq!(post.deliver().await.len(), 1);
}

#[tokio::test]
async fn mail_that_waits_for_longer_than_the_stream_tries_is_brought_again_by_the_sweep() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    drop(waiting_mail(&app, &mut post, &jane).await);
    app.sweep().await.unwrap();
    assert_eq!(post.deliver().await.len(), 0, "the stream has it");
    overdue_mail(&app, &mut post).await;

    let swept = app.sweep().await.unwrap();
    assert_eq!(swept.finished, 1);
    assert_eq!(post.deliver().await.len(), 1);

    assert_eq!(app.items_of("mail").await, Vec::<Value>::new());
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_was_added_and_removed_without_proof() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    add_email(&jane, "somebody.else@example.com").await;
    let gone = json!({ "email": "somebody.else@example.com" });
    assert_eq!(jane.send_json("DELETE", EMAILS, &gone).await.status, 204);

    let told = post.deliver().await;

    assert!(told.iter().all(|mail| mail.recipients == [jane.email()]), "{told:?}");
    assert_eq!(told.len(), 2);
}
