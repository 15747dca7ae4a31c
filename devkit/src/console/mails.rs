//! The mails that the service has sent.

use axum::body::Bytes;
use axum::http::{Response, StatusCode};
use maud::{Markup, html};

use super::page::{self, Notice, Section, facts};
use crate::ses::{Mail, Mailbox};

/// The newest ones first.
pub(super) fn list(mailbox: &Mailbox) -> Markup {
    let mails = mailbox.mails();
    html! {
        h1 { "Mails" }
        @if mails.is_empty() {
            p { "There was none since the start." }
        } @else {
            p.quiet {
                "The last " (mails.len()) " since the start, newest first, with times in UTC. "
                a href="/_dev/mails" { "Reload" }
            }
            div.scroll {
                table.requests {
                    thead {
                        tr {
                            @for name in ["time", "to", "subject", "links"] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for mail in mails.iter().rev() {
                            tr {
                                td.number { (mail.time.strftime("%H:%M:%S").to_string()) }
                                td { (mail.recipients.join(", ")) }
                                td { a href={ "/_dev/mails/" (mail.id) } { (subject(mail)) } }
                                td { (links(mail)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is below the list: a mail's page, its HTML part (`/html`), and the mail as it was sent
/// (`.eml`).
pub(super) fn below(mailbox: &Mailbox, base_url: &str, path: &str) -> Response<Bytes> {
    let (id, rest) = path.split_at(path.find(['/', '.']).unwrap_or(path.len()));
    let Some(mail) = mailbox.mail(id) else {
        let notice = Notice::new(StatusCode::NOT_FOUND, "There is no such mail.");
        return page::respond(base_url, Section::Mails, true, Err(notice));
    };
    match rest {
        "" => page::respond(base_url, Section::Mails, true, Ok(one(&mail))),
        "/html" => page::framed(&mail.message.html),
        ".eml" => page::download(&format!("{id}.eml"), "message/rfc822", mail.raw.clone()),
        _ => page::text(StatusCode::NOT_FOUND, "there is no such page"),
    }
}

fn one(mail: &Mail) -> Markup {
    let time = mail.time.strftime("%F %T UTC").to_string();
    let recipients = mail.recipients.join(", ");
    html! {
        p { a href="/_dev/mails" { "All mails" } }
        h1 { (subject(mail)) }
        (facts([("to", recipients.as_str()), ("time", &time)]))
        (links(mail))
        p { a href={ "/_dev/mails/" (mail.id) ".eml" } { "The mail as it was sent" } }
        div.mail {
            section {
                h2 { "HTML" }
                @if mail.message.html.is_empty() {
                    p { "It has no such part." }
                } @else {
                    iframe title="The HTML part" sandbox="" src={ "/_dev/mails/" (mail.id) "/html" } {}
                }
            }
            section {
                h2 { "Text" }
                @if mail.message.text.is_empty() {
                    p { "It has no such part." }
                } @else {
                    pre { (mail.message.text) }
                }
            }
        }
    }
}

fn subject(mail: &Mail) -> &str {
    let subject = mail.message.subject.trim();
    if subject.is_empty() { "(no subject)" } else { subject }
}

/// They are of HTTP alone.
fn links(mail: &Mail) -> Markup {
    html! {
        @for link in &mail.message.links {
            div { a href=(link) { (link) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "Subject: <b>Hi</b>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nOpen http://127.0.0.1:9000/<i>\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script><p>Hi\r\n--b--\r\n";

    fn mailbox() -> (Mailbox, String) {
        let mailbox = Mailbox::open(None, |_| ()).unwrap();
        let recipients = vec!["jane@example.com".to_owned()];
        let id = mailbox.keep(recipients, RAW.as_bytes().to_vec()).unwrap();
        (mailbox, id)
    }

    fn get(path: &str) -> (StatusCode, String, String) {
        let (mailbox, id) = mailbox();
        let response = below(&mailbox, "http://127.0.0.1:9000", &path.replace("{id}", &id));
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let (status, body) = (response.status(), String::from_utf8_lossy(response.body()));
        (status, policy, body.into_owned())
    }

    #[test]
    fn the_list_shows_time_recipient_subject_and_links_as_text() {
        let (mailbox, id) = mailbox();
        let page = list(&mailbox).into_string();

        assert!(page.contains("jane@example.com"), "{page}");
        assert!(page.contains(&format!("href=\"/_dev/mails/{id}\">&lt;b&gt;Hi&lt;/b&gt;<")));
        assert!(page.contains("<a href=\"http://127.0.0.1:9000/\">"), "{page}");
        let empty = Mailbox::open(None, |_| ()).unwrap();
        assert!(list(&empty).into_string().contains("none since the start"));
    }

    #[test]
    fn a_mails_html_is_framed_without_scripts_and_its_text_is_text() {
        let (status, policy, page) = get("{id}");
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("<iframe title=\"The HTML part\" sandbox=\"\" src=\"/_dev/mails/"));
        assert!(page.contains("127.0.0.1:9000/&lt;i&gt;") && !page.contains("alert(1)"), "{page}");
        assert!(policy.contains("; frame-src 'self'") && !policy.contains("unsafe"), "{policy}");

        let (status, policy, html) = get("{id}/html");
        assert_eq!(status, StatusCode::OK);
        assert!(html.starts_with("<script>alert(1)</script><p>Hi"), "{html}");
        assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("; sandbox"));
        assert!(!policy.contains("script"), "{policy}");
    }

    #[test]
    fn the_raw_mail_is_the_one_that_was_sent_and_an_unknown_one_is_not_found() {
        let (status, _, raw) = get("{id}.eml");
        assert_eq!((status, raw.as_str()), (StatusCode::OK, RAW));

        for path in ["{id}.txt", "{id}/html/", "{id}x", "x.eml", "../requests"] {
            assert_eq!(get(path).0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
