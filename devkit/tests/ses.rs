//! The stand-in for SES, as a client of it sees it.
#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use devkit::ses::{Outcome, Ses};
use reqwest::{Client, Response};
use serde_json::{Value, json};

const RAW: &str = "From: no-reply@example.com\r\nTo: jane@example.com\r\nSubject: Hi\r\n\r\nHello";

async fn ses() -> Ses {
    Ses::start(None, |_| ()).await.unwrap()
}

fn mail(to: &str, raw: &str) -> Value {
    json!({
        "FromEmailAddress": "no-reply@example.com",
        "Destination": { "ToAddresses": [to] },
        "Content": { "Raw": { "Data": STANDARD.encode(raw) } },
    })
}

async fn try_send(ses: &Ses, body: &Value) -> reqwest::Result<Response> {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(1)).build().unwrap();
    let url = format!("{}/v2/email/outbound-emails", ses.endpoint());
    client.post(url).body(body.to_string()).send().await
}

/// The status, and the kind of the error.
async fn send(ses: &Ses, body: &Value) -> (u16, String) {
    let response = try_send(ses, body).await.unwrap();
    let kind = response.headers().get("x-amzn-errortype").map(|kind| kind.to_str().unwrap());
    (response.status().as_u16(), kind.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_mail_is_kept_as_it_was_sent_in_a_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.eml"), "old").unwrap();
    fs::write(folder.path().join("other.txt"), "other").unwrap();
    let ses = Ses::start(Some(folder.path().to_owned()), |_| ()).await.unwrap();

    for to in ["jane@example.com", "john@example.com"] {
        let response = try_send(&ses, &mail(to, RAW)).await.unwrap();
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(ses.mailbox().mail(body["MessageId"].as_str().unwrap()).is_some(), "{body}");
    }

    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mails = ses.mailbox().mails();
    let recipients: Vec<_> = mails.iter().map(|mail| mail.recipients.join(",")).collect();
    assert_eq!(recipients, ["jane@example.com", "john@example.com"]);
    assert_eq!(files.len(), 3, "the old mail has gone: {files:?}");
    for (file, mail) in files.iter().zip(&mails) {
        assert_eq!(file.file_stem().unwrap().to_str().unwrap(), mail.id, "they sort by time");
        assert_eq!(fs::read(file).unwrap(), RAW.as_bytes());
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_request_that_ses_would_not_take_is_rejected() {
    let ses = ses().await;
    let without = |name: &str| {
        let mut mail = mail("jane@example.com", "Subject: Hi\r\n\r\nHello");
        mail.as_object_mut().unwrap().remove(name);
        mail
    };
    let mut no_base64 = mail("jane@example.com", RAW);
    no_base64["Content"]["Raw"]["Data"] = json!("Hello!");

    for request in [
        without("FromEmailAddress"),
        without("Destination"),
        without("Content"),
        mail("", "Subject: Hi\r\n\r\nHello"),
        no_base64,
    ] {
        let rejection = send(&ses, &request).await;
        assert_eq!(rejection, (400, "BadRequestException".to_owned()), "{request}");
    }
    let other = Client::new().get(ses.endpoint()).send().await.unwrap();
    assert_eq!(other.status(), 404);
    assert!(ses.mailbox().mails().is_empty());

    let headers_alone = json!({ "Content": { "Raw": { "Data": STANDARD.encode(RAW) } } });
    assert_eq!(send(&ses, &headers_alone).await.0, 200);
    assert_eq!(ses.mailbox().mails()[0].recipients, ["jane@example.com"]);
}

#[tokio::test]
async fn the_next_calls_have_the_outcomes_that_a_test_wants_and_later_ones_succeed() {
    let (ses, mail) = (ses().await, mail("jane@example.com", RAW));
    let delay = Duration::from_millis(200);
    let outcomes = [Outcome::Throttled, Outcome::Rejected, Outcome::Unavailable];
    ses.mailbox().expect(outcomes);
    ses.mailbox().expect([Outcome::Delayed(delay), Outcome::Unanswered]);

    for (status, kind) in [
        (429, "TooManyRequestsException"),
        (400, "MessageRejected"),
        (503, "ServiceUnavailableException"),
    ] {
        assert_eq!(send(&ses, &mail).await, (status, kind.to_owned()));
    }
    assert!(ses.mailbox().mails().is_empty());
    let start = Instant::now();
    assert_eq!(send(&ses, &mail).await.0, 200);
    assert!(start.elapsed() >= delay);
    let unanswered = try_send(&ses, &mail).await;
    assert!(unanswered.is_err_and(|error| error.is_timeout()));
    assert_eq!(send(&ses, &mail).await.0, 200);
    assert_eq!(ses.mailbox().mails().len(), 3, "also those whose response was late or none");
}
