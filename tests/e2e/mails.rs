//! Mails: what the stand-in for SES keeps, and where a developer sees it.

use std::collections::BTreeMap;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use devkit::ses::Message;
use mailer::message::{Sender, compose, link};
use serde_json::{Value, json};
use shared::model::{Mail, MailKind, MailState, Timestamp};
use testkit::{basic, unique};

use crate::browser::Browser;
use crate::console::{console_url, page};
use crate::service::{base_url, dev_json, new_user, tool};
use crate::terminal::line;

/// Where the functions send mails.
fn ses() -> String {
    let text = std::fs::read_to_string(dev_json().with_file_name("env.sh")).unwrap();
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("export AWS_ENDPOINT_URL_SESV2="));
    line.unwrap().trim_matches('\'').to_owned()
}

/// Sends a mail with both parts as a function does, and returns its id.
async fn send(subject: &str, to: &str, text: &str, html: &str) -> String {
    let raw = format!(
        "From: no-reply@example.com\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
    );
    let request = json!({
        "FromEmailAddress": "no-reply@example.com",
        "Destination": { "ToAddresses": [to] },
        "Content": { "Raw": { "Data": STANDARD.encode(&raw) } },
    });
    let url = format!("{}/v2/email/outbound-emails", ses());
    let response = reqwest::Client::new().post(url).json(&request).send().await.unwrap();
    let response: Value = response.json().await.unwrap();
    let id = response["MessageId"].as_str().unwrap().to_owned();
    let file = dev_json().with_file_name("mail").join(format!("{id}.eml"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), raw);
    id
}

#[tokio::test]
async fn a_mail_is_shown_with_recipient_and_link_and_the_log_has_its_subject_alone() {
    let (subject, to) = (unique("Hi"), unique("jane") + "@example.com");
    let link = format!("{}/account/{}", base_url(), unique("x"));

    let id = send(&subject, &to, &format!("Open {link}."), "<p>Hi</p>").await;

    let shown = line("service.log", &subject).await;
    assert!(shown.ends_with(&format!(" mail {subject} to {to} {link}")), "{shown}");
    let logged = line("dev.log", &subject).await;
    assert!(logged.ends_with(&format!(" mail {subject}")), "{logged}");
    let list = page("/_dev/mails").await;
    assert!(list.contains(&to) && list.contains(&format!("href=\"{link}\"")), "{list}");
    assert!(list.contains(&format!("href=\"/_dev/mails/{id}\">{subject}</a>")), "{list}");
    assert!(page(&format!("/_dev/mails/{id}.eml")).await.contains("boundary=b"));
}

#[tokio::test]
async fn an_added_address_is_told_to_the_primary_one_by_stream_mailer_and_ses() {
    let mary = new_user().await;
    let (name, added) = (&mary.username, unique("second") + "@example.com");
    let path = format!("/api/v1.1/users/{name}/emails/");
    let authorization = basic(name, &mary.password);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];

    let body = json!({ "email": added }).to_string();
    let response = crate::service::send("POST", &path, &headers, Some(body)).await;
    assert_eq!(response.status, 201, "{response:?}");

    let to = format!(" to {name}@example.com");
    let shown = line("service.log", &to).await;
    assert!(shown.contains(" mail "), "{shown}");
    assert!(page("/_dev/mails").await.contains(&format!("{name}@example.com")));
}

#[tokio::test]
async fn a_mails_html_is_shown_in_its_own_style_and_its_script_does_not_run() {
    let html = "<p id=a style='color: rgb(1, 2, 3)'>Hello</p>\
         <script>document.querySelector('#a').textContent = 'ran'</script>";
    let id = send("Framed", "jane@example.com", "Hello as text", html).await;
    let browser = Browser::start().await;
    browser.client.goto(console_url()).await.unwrap();

    browser.open(&format!("/_dev/mails/{id}")).await;

    browser.shows("h1", "Framed").await;
    assert_eq!(browser.text(".mail pre").await, "Hello as text");
    browser.client.enter_frame(0).await.unwrap();
    browser.shows("p", "Hello").await;
    let paragraph = browser.client.find(fantoccini::Locator::Css("#a")).await.unwrap();
    assert_eq!(paragraph.css_value("color").await.unwrap(), "rgba(1, 2, 3, 1)");
    browser.end().await;
}

/// What some big client does not support in full, and why mails can do without it there.
const LACKING: [(&str, &str); 24] = [
    ("!important keyword", "only in the colours of the dark mode, where there is one"),
    ("<body> element", "the element within it has its style again"),
    ("<style> element", "all but the colours of the dark mode is inline"),
    ("@media", "only the colours of the dark mode are within it"),
    ("Attribute selector", "it is for Apple's clients"),
    ("Type selector", "it is for Apple's clients"),
    ("background", "`background-color` is, everywhere; the checker does not tell them apart"),
    ("border", "a frame of one pixel; without it the colours still set the card apart"),
    ("border-radius", "corners are not round"),
    ("color-scheme CSS property", "the mail stays light, or the client makes it dark its own way"),
    ("color-scheme meta tag", "the same"),
    ("dir attribute", "no link has it"),
    ("display", "`inline-block` gives the button its padding, and nothing else"),
    ("font-size", "only in pixels, which all support"),
    ("font-weight", "only `bold`, which all support"),
    ("lang attribute", "no cell of a table has it"),
    ("line-height", "lines are a little closer"),
    ("margin", "none is negative; without `auto` the column is on the left"),
    ("max-width", "the column is as wide as the window"),
    ("overflow", "none; the checker takes `overflow-wrap` for it"),
    (
        "overflow-wrap",
        "where neither it nor `word-break` is, a very long name makes the mail wider",
    ),
    ("padding", "what is outside of tables is closer together"),
    ("text-decoration", "only `none`: a link is underlined"),
    ("word-break", "see `overflow-wrap`"),
];

fn html_of_every_kind() -> Vec<String> {
    let sender = Sender {
        service_name: "Example".parse().unwrap(),
        from: "accounts@example.com".parse().unwrap(),
    };
    let html = |kind: MailKind| {
        let now = Timestamp::now();
        let mail = Mail {
            id: "0193745aa000000000000001".parse().unwrap(),
            kind,
            user: None,
            name: Some("Jane Doe".to_owned()),
            recipient: "jane@example.org".parse().unwrap(),
            account: None,
            about: Some("jane.new@example.org".parse().unwrap()),
            link: None,
            at: now,
            not_after: now,
            state: MailState::Queued,
            leased_until: None,
            tries: 0,
        };
        let link = link(kind, "https://accounts.example.com", "a-token");
        Message::parse(&compose(&mail, link.as_deref(), &sender).unwrap()).html
    };
    MailKind::ALL.into_iter().map(html).collect()
}

#[test]
fn mails_take_nothing_that_a_big_client_lacks_but_what_they_can_do_without() {
    let documents = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&documents, &html_of_every_kind()).unwrap();
    let script = testkit::root().join("tests/e2e/mail_checker.mjs");
    let mut node = Command::new("node");
    // From standard input, it finds the packages of the folder that it runs in.
    node.args(["--input-type=module", "-"]).arg(documents.path());
    node.stdin(std::fs::File::open(script).unwrap()).current_dir(tool("ROLLCALL_MAIL_CHECKER"));

    let ran = node.output().unwrap();

    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let lacking: BTreeMap<String, Vec<String>> = serde_json::from_slice(&ran.stdout).unwrap();
    let names: Vec<&str> = lacking.keys().map(String::as_str).collect();
    assert_eq!(names, LACKING.map(|(name, _)| name), "{lacking:#?}");
}
