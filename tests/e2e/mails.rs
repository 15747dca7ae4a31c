//! Mails: what the stand-in for SES keeps, and where a developer sees it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::{basic, unique};

use crate::browser::Browser;
use crate::console::{console_url, page};
use crate::service::{base_url, dev_json, new_user};
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
