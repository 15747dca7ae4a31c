//! Bounces and complaints: which addresses get no more mail, and until when.

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::mail::seal_link;
use shared::model::{MailToken, MailTokenSubject, Timestamp};
use testkit::{Fault, Person, TestApp};

use crate::mail::{add_email, failures, set, set_link, waiting_mail};

const WRITE: &str = "TransactWriteItems";

/// When mails bounce and are complained of.
static AT: LazyLock<Timestamp> = LazyLock::new(|| TestApp::in_seconds(-60));

/// What SES publishes to `EventBridge` of a mail, as AWS documents it.
fn event(detail_type: &str, mut detail: Value, recipients: &[&str]) -> Value {
    let subject = detail_type.trim_start_matches("Email ");
    detail["mail"] = json!({
        "timestamp": TestApp::in_seconds(-120),
        "source": "Rollcall <accounts@example.com>",
        "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
        "sendingAccountId": "123456789012",
        "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
        "destination": recipients,
        "headersTruncated": false,
        "headers": [{ "name": "Subject", "value": subject }],
        "commonHeaders": { "from": ["accounts@example.com"], "to": recipients },
        "tags": {
            "ses:configuration-set": ["rollcall"],
            "ses:source-ip": ["192.0.2.0"],
            "ses:from-domain": ["example.com"],
            "ses:caller-identity": ["mailer"],
        },
    });
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": "aws.ses",
        "account": "123456789012",
        "time": TestApp::in_seconds(0),
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    })
}

fn bounce_of(kind: &str, recipients: &[&str]) -> Value {
    let bounced = recipients.iter().map(|address| {
        json!({
            "emailAddress": address,
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        })
    });
    let bounce = json!({
        "bounceType": kind,
        "bounceSubType": "General",
        "bouncedRecipients": bounced.collect::<Vec<_>>(),
        "timestamp": *AT,
        "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
        "reportingMTA": "dsn; mta.example.com",
    });
    event("Email Bounced", json!({ "eventType": "Bounce", "bounce": bounce }), recipients)
}

/// A hard bounce.
pub(crate) fn bounce(recipients: &[&str]) -> Value {
    bounce_of("Permanent", recipients)
}

fn complaint(feedback_type: Option<&str>, recipient: &str) -> Value {
    let complaint = json!({
        "complainedRecipients": [{ "emailAddress": recipient }],
        "timestamp": *AT,
        "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
        "complaintSubType": null,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": feedback_type,
        "arrivalDate": *AT,
    });
    let detail = json!({ "eventType": "Complaint", "complaint": complaint });
    event("Email Complaint Received", detail, &[recipient])
}

/// How often addresses of this user were marked, by the log.
async fn entries(app: &TestApp, person: &Person<'_>) -> Vec<Value> {
    let mut entries = app.items_of("audit").await;
    let log = format!("AUDIT#USER#{}", person.user().id);
    entries.retain(|entry| {
        entry["pk"]["S"] == log.as_str() && entry["action"]["S"] == "email.undeliverable"
    });
    entries
}

/// How many mails are sent of one of this kind that waits, to an address that bounced before if
/// `bounced`.
async fn sent(kind: &str, bounced: bool) -> usize {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    let event = waiting_mail(&app, &mut post, &jane).await;
    if kind != "password_changed" {
        let token = MailToken::generate(MailTokenSubject::Reset(jane.user().id)).unwrap();
        let base = "https://accounts.example.com".to_owned();
        let link = seal_link(app.service_keys(), base, &token).await.unwrap();
        set_link(&app, kind, &link).await;
    }
    if bounced {
        app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();
    }

    assert_eq!(failures(&post.invoke(&event).await), 0, "{kind}");

    assert_eq!(app.items_of("mail").await, [] as [Value; 0], "{kind}");
    post.sent().len()
}

#[tokio::test]
async fn after_a_hard_bounce_nothing_is_sent_but_what_proves_the_address() {
    for (kind, after) in
        [("password_changed", 0), ("password_reset", 0), ("email_proof", 1), ("sign_up", 1)]
    {
        assert_eq!(sent(kind, false).await, 1, "{kind}");
        assert_eq!(sent(kind, true).await, after, "{kind}");
    }
}

#[tokio::test]
async fn the_mark_has_no_address_and_ends_after_400_days() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    app.mail_feedback(&bounce(&[&jane.email().to_uppercase()])).await.unwrap();

    let [mark] = &app.items_of("undeliverable").await[..] else { panic!("one mark") };
    let digest = jane.user().primary_email.digest();
    assert_eq!(mark["pk"]["S"], format!("ADDRESS#{digest}"));
    assert_eq!(mark["sk"]["S"], "UNDELIVERABLE");
    assert_eq!(mark["since"]["S"], AT.to_string());
    assert_eq!(mark["cause"]["S"], "bounce");
    let end = mark["ttl"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(end - AT.as_second(), 400 * 24 * 60 * 60);
    assert!(!mark.to_string().contains('@'), "{mark}");
}

#[tokio::test]
async fn a_bounce_that_is_not_for_good_and_a_report_that_it_is_no_spam_change_nothing() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = app.written().await;

    for event in [
        bounce_of("Transient", &[jane.email()]),
        bounce_of("Undetermined", &[jane.email()]),
        complaint(Some("not-spam"), jane.email()),
    ] {
        app.mail_feedback(&event).await.unwrap();
    }

    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn a_complaint_marks_the_address_whatever_its_type() {
    for feedback_type in [Some("abuse"), Some("other"), None] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;

        app.mail_feedback(&complaint(feedback_type, jane.email())).await.unwrap();

        let marks = app.items_of("undeliverable").await;
        assert_eq!(marks[0]["cause"]["S"], "complaint");
        let entries = entries(&app, &jane).await;
        assert_eq!(entries[0]["details"]["M"]["cause"]["S"], "complaint");
        assert_eq!(entries[0]["actor"]["M"]["kind"]["S"], "system");
    }
}

#[tokio::test]
async fn an_event_that_comes_again_leaves_one_mark_and_one_entry() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let event = bounce(&[jane.email()]);

    let (one, other) = tokio::join!(app.mail_feedback(&event), app.mail_feedback(&event));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    app.mail_feedback(&event).await.unwrap();
    app.mail_feedback(&complaint(Some("abuse"), jane.email())).await.unwrap();

    assert_eq!(entries(&app, &jane).await.len(), 1);
    let marks = app.items_of("undeliverable").await;
    assert_eq!((marks.len(), &marks[0]["cause"]["S"]), (1, &json!("bounce")));
}

#[tokio::test]
async fn a_mark_that_fails_is_an_error_and_one_whose_response_is_lost_is_left_once() {
    for (fault, is_ok) in
        [(Fault::Rejected("ValidationException"), false), (Fault::ResponseLost, true)]
    {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = bounce(&[jane.email()]);
        app.proxy().disturb(WRITE, fault);

        assert_eq!(app.mail_feedback(&event).await.is_ok(), is_ok, "{fault:?}");
        assert_eq!(app.items_of("undeliverable").await.len(), usize::from(is_ok), "{fault:?}");
        app.mail_feedback(&event).await.unwrap();

        assert_eq!(entries(&app, &jane).await.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_proved_meanwhile_is_not_marked_by_the_next_attempt_either() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let event = bounce(&[jane.email()]);
    let proof = json!({
        "Key": { "pk": { "S": format!("USER#{}", jane.user().id) },
                 "sk": { "S": format!("EMAIL#{}", jane.email()) } },
        "UpdateExpression": "SET provedAt = :now, version = version + :one",
        "ExpressionAttributeValues": {
            ":now": { "S": TestApp::in_seconds(0) },
            ":one": { "N": "1" },
        },
    });
    app.proxy().before(WRITE, app.engine_later("UpdateItem", proof));

    assert!(app.mail_feedback(&event).await.is_err());
    app.mail_feedback(&event).await.unwrap();

    assert_eq!(app.items_of("undeliverable").await, [] as [Value; 0]);
}

#[tokio::test]
async fn an_address_that_is_removed_meanwhile_is_marked_without_an_entry() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    add_email(&jane, "second@example.com").await;
    let event = bounce(&["second@example.com"]);
    let delete = |pk: String, sk: &str| {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        app.engine_later("DeleteItem", json!({ "Key": key }))
    };
    let claim = delete("CLAIM#EMAIL#second@example.com".to_owned(), "CLAIM");
    let email = delete(format!("USER#{}", jane.user().id), "EMAIL#second@example.com");
    app.proxy().before(WRITE, async {
        claim.await;
        email.await;
    });

    assert!(app.mail_feedback(&event).await.is_err());
    app.mail_feedback(&event).await.unwrap();

    assert_eq!(app.items_of("undeliverable").await.len(), 1);
    assert_eq!(entries(&app, &jane).await, [] as [Value; 0]);
}

#[tokio::test]
async fn an_address_that_is_claimed_meanwhile_is_not_marked_without_an_entry() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let claim = json!({ "Item": {
        "pk": { "S": "CLAIM#EMAIL#nobody@example.com" },
        "sk": { "S": "CLAIM" },
        "type": { "S": "claim" },
        "user": { "S": jane.user().id },
    } });
    app.proxy().before(WRITE, app.engine_later("PutItem", claim));

    assert!(app.mail_feedback(&bounce(&["nobody@example.com"])).await.is_err());

    assert_eq!(app.items_of("undeliverable").await, [] as [Value; 0]);
}

#[tokio::test]
async fn each_recipient_is_marked_but_one_that_is_malformed() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    let event = bounce(&[jane.email(), "no address", john.email()]);
    app.mail_feedback(&event).await.unwrap();

    assert_eq!(app.items_of("undeliverable").await.len(), 2);
    for person in [jane, john] {
        assert_eq!(entries(&app, &person).await.len(), 1);
    }
}

#[tokio::test]
async fn an_address_of_nobody_is_marked_without_an_entry() {
    let app = TestApp::start().await;
    let before = app.items_of("audit").await;

    app.mail_feedback(&bounce(&["nobody@example.com"])).await.unwrap();

    assert_eq!(app.items_of("undeliverable").await.len(), 1);
    assert_eq!(app.items_of("audit").await, before);
}

#[tokio::test]
async fn an_address_that_was_proved_since_is_not_marked() {
    for (proved, marks) in [(30, 0), (-30, 1)] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        add_email(&jane, "second@example.com").await;
        let proved_at = Timestamp::from_second(AT.as_second() + proved).unwrap();
        let proved_at = json!({ "S": proved_at.to_string() });
        set(&app, "email", "provedAt", proved_at).await;

        app.mail_feedback(&bounce(&["second@example.com"])).await.unwrap();

        assert_eq!(app.items_of("undeliverable").await.len(), marks, "{proved}");
    }
}

#[tokio::test]
async fn a_mark_that_has_ended_stops_no_mail_and_is_replaced_by_the_next_bounce() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();
    set(&app, "undeliverable", "since", json!({ "S": "2025-01-01T00:00:00Z" })).await;
    set(&app, "undeliverable", "ttl", json!({ "N": "1770000000" })).await;

    let event = waiting_mail(&app, &mut post, &jane).await;
    assert_eq!(failures(&post.invoke(&event).await), 0);
    app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();

    assert_eq!(post.sent().len(), 1);
    assert_eq!(app.items_of("undeliverable").await[0]["since"]["S"], AT.to_string());
    assert_eq!(entries(&app, &jane).await.len(), 2);
}

#[tokio::test]
async fn a_malformed_event_is_an_error_that_names_no_address() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = app.written().await;
    let without = |pointer: &str, name: &str| {
        let mut event = bounce(&[jane.email()]);
        event.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
        event
    };
    let mut other_type = bounce(&[jane.email()]);
    other_type["detail"]["eventType"] = json!(jane.email());

    for event in [
        json!({}),
        json!(jane.email()),
        without("", "detail"),
        without("/detail", "eventType"),
        without("/detail", "bounce"),
        without("/detail/bounce", "bounceType"),
        without("/detail/bounce", "bouncedRecipients"),
        without("/detail/bounce", "timestamp"),
        without("/detail/bounce/bouncedRecipients/0", "emailAddress"),
        other_type,
    ] {
        let error = app.mail_feedback(&event).await.unwrap_err();
        let text = format!("{}", shared::ErrorChain(&error));
        assert!(text.contains("event of SES") && !text.contains('@'), "{text}");
    }

    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn an_address_that_is_marked_is_proved_again_though_it_was_proved() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    set(&app, "email", "provedAt", json!({ "S": TestApp::in_seconds(-3600).to_string() })).await;
    let path = format!("/rollcall/v1/users/self/emails/{}/verification", jane.email());
    assert_eq!(jane.send("POST", &path).await.status, 409);
    app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();

    assert_eq!(jane.send("POST", &path).await.status, 202);
    let mails = post.deliver().await;
    let link = &mails[0].message.links[0];
    let page = link.split_once("/account/").unwrap().1;
    let proved = app.send("POST", &format!("/account/{page}"), &[], Some("")).await;

    assert_eq!(proved.status, 200, "{proved:?}");
    assert_eq!(app.items_of("undeliverable").await, Vec::<Value>::new());
}
