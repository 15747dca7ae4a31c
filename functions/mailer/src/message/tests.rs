//! What arrives, as a parser that is not ours reads it.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser};
use shared::model::{MailState, MailedAccount, Role, Timestamp};

use super::*;

const BASE: &str = "https://accounts.example.com";
const TOKEN: &str = "rcw_AZ3dFgT5kQpX0n8vYt7LrM2sHcJbWqEuIoPaKzDfGhVxNyTmCl";

fn mail(kind: MailKind) -> Mail {
    Mail {
        id: "0193745aa000000000000001".parse().unwrap(),
        kind,
        user: None,
        name: Some("Jane Doe".to_owned()),
        recipient: "Jane@example.org".parse().unwrap(),
        about: None,
        account: None,
        link: None,
        at: "2026-11-28T22:58:00Z".parse().unwrap(),
        not_after: "2026-11-28T23:28:00Z".parse().unwrap(),
        state: MailState::Queued,
        leased_until: None,
        tries: 0,
    }
}

fn sender(service_name: &str) -> Sender {
    Sender {
        service_name: service_name.parse().unwrap(),
        from: "accounts@example.com".parse().unwrap(),
    }
}

fn composed(mail: &Mail, service_name: &str) -> Vec<u8> {
    compose(mail, link(mail.kind, BASE, TOKEN).as_deref(), &sender(service_name)).unwrap()
}

fn parsed(message: &[u8]) -> Message<'_> {
    MessageParser::new().parse(message).unwrap()
}

fn parts(message: &[u8]) -> (String, String) {
    let parsed = parsed(message);
    assert_eq!((parsed.parts.len(), parsed.attachment_count()), (3, 0));
    let part = |index: usize| parsed.parts[index].text_contents().unwrap().to_owned();
    (part(1).replace("\r\n", "\n"), part(2))
}

/// What the parts of a mail to somebody of this name say.
fn parts_for(name: &str) -> (String, String) {
    let mail = Mail { name: Some(name.to_owned()), ..mail(MailKind::PasswordChanged) };
    parts(&composed(&mail, "Example"))
}

/// The values of an attribute.
fn attribute<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn both_parts_of_every_kind_say_the_same() {
    for kind in MailKind::ALL {
        let about = Some("jane.new@example.org".parse().unwrap());
        let message = composed(&Mail { about, ..mail(kind) }, "Example");
        let (text, html) = parts(&message);

        let html = html_to_text(&html.split_once("</head>").unwrap().1.replace("<p", " <p"));
        let text = text.replace(":\n", "\n").replace("\n--\n", "\n");
        let words: Vec<_> = text.split_whitespace().collect();
        let html_words: Vec<_> = html.split_whitespace().collect();
        let subject = parsed(&message).subject().unwrap().to_owned();

        assert!(html_words.ends_with(&words), "{kind:?}:\n{html}\n{text}");
        let before = html_words[..html_words.len() - words.len()].join(" ");
        let heading = before.strip_prefix("Example ").unwrap();
        assert!(subject.starts_with(heading), "{kind:?}: {subject}");
        assert!(subject.ends_with(" Example"), "{kind:?}: {subject}");
        assert!(words.len() > 40 && words.starts_with(&["Hello", "Jane", "Doe,"]), "{text}");
        assert!(!text.contains('{'), "{text}");
    }
}

#[test]
fn every_subject_and_opening_is_of_one_kind() {
    let said = MailKind::ALL.map(|kind| {
        let message = composed(&mail(kind), "Example");
        let (text, _) = parts(&message);
        (parsed(&message).subject().unwrap().to_owned(), text)
    });

    for (index, (subject, text)) in said.iter().enumerate() {
        let same = said.iter().filter(|other| other.0 == *subject || other.1 == *text).count();
        assert_eq!(same, 1, "{:?}", MailKind::ALL[index]);
    }
}

#[test]
fn the_only_links_are_those_to_the_page_of_the_kind() {
    for (kind, page) in [
        (MailKind::EmailProof, Some("/account/emails/verify/")),
        (MailKind::SignUp, Some("/account/sign-up/")),
        (MailKind::PasswordReset, Some("/account/reset/")),
        (MailKind::Invitation, Some("/account/invitations/")),
    ]
    .into_iter()
    .chain(MailKind::ALL.map(|kind| (kind, None)).into_iter().filter(|(kind, _)| {
        let with_link =
            [MailKind::EmailProof, MailKind::SignUp, MailKind::PasswordReset, MailKind::Invitation];
        !with_link.contains(kind)
    })) {
        let (text, html) = parts(&composed(&mail(kind), "Example"));

        let url = page.map(|page| format!("{BASE}{page}{TOKEN}"));
        let url = url.as_deref();
        assert_eq!(link(kind, BASE, TOKEN).as_deref(), url);
        assert_eq!(text.lines().find(|line| line.contains("://")), url, "{kind:?}");
        assert_eq!(text.matches("://").count(), url.iter().count(), "{kind:?}");
        assert_eq!(
            attribute(&html, "href"),
            vec![url; 2].into_iter().flatten().collect::<Vec<_>>()
        );
        assert_eq!(html.matches("://").count(), 3 * url.iter().count(), "{kind:?}");
    }
}

#[test]
fn an_invitation_names_account_and_sender_unless_a_client_may_make_a_link_of_them() {
    let invitation = |name: &str, invited_by: &str| {
        let account = MailedAccount {
            name: name.to_owned(),
            role: Role::Member,
            invited_by: invited_by.to_owned(),
        };
        let not_after = "2026-12-05T22:58:00Z".parse().unwrap();
        let mail = Mail { account: Some(account), not_after, ..mail(MailKind::Invitation) };
        parts(&composed(&mail, "Example")).0
    };

    let text = invitation("Blue <Team>", "Jane Doe");
    assert!(text.contains("Account: Blue <Team>\nInvited by: Jane Doe\nRole: Member\n"), "{text}");
    let flat = text.replace('\n', " ");
    assert!(flat.contains("works for 7 days, until 5 December 2026 at 22:58 UTC"), "{flat}");
    let text = invitation("Win at example.net", "www");
    assert!(!text.contains("example.net") && !text.contains("Invited by"), "{text}");
    assert!(text.contains("Role: Member"), "{text}");
}

#[test]
fn a_kind_that_takes_a_link_is_not_sent_without_one() {
    for kind in MailKind::ALL {
        let expected = link(kind, BASE, TOKEN).map(|_| ComposeError::MissingLink(kind));

        assert_eq!(compose(&mail(kind), None, &sender("Example")).err(), expected);
    }
}

#[test]
fn the_html_part_loads_and_runs_nothing() {
    for kind in MailKind::ALL {
        let (_, html) = parts(&composed(&mail(kind), "Example"));

        let html = html.to_lowercase();
        for loading in [
            "src",
            "url(",
            "@import",
            "<img",
            "<link",
            "<script",
            "<iframe",
            "<form",
            "background=",
        ] {
            assert!(!html.contains(loading), "{kind:?}: {loading}");
        }
        let mut tags = html.split('<').filter_map(|tag| tag.split('>').next());
        assert!(!tags.any(|tag| tag.contains(" on")), "{kind:?}: {html}");
    }
}

#[test]
fn the_headers_are_these_and_no_others() {
    let message = composed(&mail(MailKind::PasswordReset), "Example");
    let headers = String::from_utf8(message).unwrap();
    let (headers, _) = headers.split_once("\r\n\r\n").unwrap();

    assert_eq!(
        headers.split("\r\n").collect::<Vec<_>>(),
        [
            "From: \"Example\" <accounts@example.com>",
            "To: <Jane@example.org>",
            "Subject: Reset your password for Example",
            "Date: Sat, 28 Nov 2026 22:58:00 +0000",
            "Message-ID: <0193745aa000000000000001@example.com>",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: OOF, AutoReply",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"=_0193745aa000000000000001\"",
        ]
    );
}

#[test]
fn a_mail_that_is_sent_twice_is_the_same_mail() {
    let mail = mail(MailKind::EmailProof);

    assert_eq!(composed(&mail, "Example"), composed(&mail, "Example"));
}

#[test]
fn a_message_is_ascii_in_short_lines_that_end_in_crlf() {
    for kind in MailKind::ALL {
        let name = Some("Żółć 李小龍 ישראל".to_owned());
        let recipient = format!("{}@bücher.example", "x".repeat(40)).parse().unwrap();
        let message = composed(&Mail { name, recipient, ..mail(kind) }, &"ü".repeat(60));

        let message = String::from_utf8(message).unwrap();
        assert!(message.is_ascii());
        for line in message.split("\r\n") {
            assert!(line.len() <= 78 && !line.contains(['\r', '\n']), "{line:?}");
        }
    }
}

#[test]
fn lines_of_the_text_part_are_short_except_for_the_url() {
    for kind in MailKind::ALL {
        let (text, _) = parts(&composed(&mail(kind), &"Example ".repeat(7)));

        for line in text.lines().filter(|line| !line.contains("://")) {
            assert!(line.len() <= 72 && line.trim_end() == line, "{line:?}");
        }
    }
}

#[test]
fn any_name_of_the_service_is_in_the_headers_as_it_is() {
    for name in [
        "Überaccount 用户",
        "Doe, Jane; \"Example\" <x@evil.example>",
        "a\\b (c)",
        "{service}",
        &"Ż".repeat(60),
        &"x".repeat(60),
    ] {
        let message = composed(&mail(MailKind::PasswordChanged), name);
        let message = parsed(&message);

        let from = message.from().unwrap();
        assert_eq!(from.iter().count(), 1);
        assert_eq!(from.first().unwrap().address(), Some("accounts@example.com"));
        assert_eq!(from.first().unwrap().name(), Some(name));
        assert_eq!(message.subject(), Some(&*format!("Your password was changed at {name}")));
    }
}

#[test]
fn a_name_changes_nothing_but_the_greeting() {
    let (unnamed_text, unnamed_html) = parts_for("");
    for name in [
        "Żółć",
        "ישראל ישראלי",
        "<script>alert(1)",
        "</p><a href=x>",
        "\"&amp;{service}",
        "Eve\r\nBcc: eve@evil.example\r\n\r\nHello",
        "Click https://evil.example now",
        "\u{2069}\u{202e}reversed",
        "w".repeat(60).as_str(),
    ] {
        let (text, html) = parts_for(name);

        let (greeting, text) = text.split_once('\n').unwrap();
        assert_eq!(format!("Hello,\n{text}"), unnamed_text, "{name}");
        assert!(greeting.starts_with("Hello") && greeting.ends_with(','), "{greeting}");
        let (before, rest) = html.split_once("Hello").unwrap();
        let (greeting, after) = rest.split_once("</p>").unwrap();
        assert_eq!(format!("{before}Hello,</p>{after}"), unnamed_html, "{name}");
        assert!(!greeting.contains(['<', '>']), "{greeting}");
    }
}

#[test]
fn a_name_is_shown_as_text_and_isolated() {
    for (name, in_text, in_html) in [
        ("Żółć", "Hello Żółć,", "Hello Żółć,"),
        ("<b>&", "Hello <b>&,", "Hello &lt;b&gt;&amp;,"),
        ("דנה", "Hello \u{2068}דנה\u{2069},", "Hello \u{2068}דנה\u{2069},"),
        ("Click https://evil.example now", "Hello,", "Hello,"),
    ] {
        let (text, html) = parts_for(name);

        assert_eq!(text.lines().next(), Some(in_text));
        assert!(html.contains(&format!(">{in_html}</p>")), "{html}");
    }
}

#[test]
fn the_title_of_the_html_part_is_the_subject() {
    let message = composed(&mail(MailKind::SignUp), "<Example>");
    let (_, html) = parts(&message);

    assert!(html.contains("<title>Finish signing up for &lt;Example&gt;</title>"), "{html}");
}

#[test]
fn a_notice_names_the_address_that_it_is_about() {
    for kind in [
        MailKind::EmailAdded,
        MailKind::EmailRemoved,
        MailKind::PrimaryEmailChanged,
        MailKind::EmailLost,
    ] {
        let (own, _) = parts(&composed(&mail(kind), "Example"));
        let about = Some("other@bücher.example".parse().unwrap());
        let (other, html) = parts(&composed(&Mail { about, ..mail(kind) }, "Example"));

        assert!(own.to_lowercase().contains("address: jane@example.org\n"), "{own}");
        assert!(other.to_lowercase().contains("address: other@bücher.example\n"), "{other}");
        assert!(html.contains("<strong>other@bücher.example</strong>"), "{html}");
    }
}

#[test]
fn a_link_says_how_long_it_works() {
    let end: Timestamp = "2027-01-02T03:04:05Z".parse().unwrap();
    for (seconds, lifetime) in [
        (1800, "30 minutes"),
        (3600, "1 hour"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (176_400, "49 hours"),
    ] {
        let at = Timestamp::from_second(end.as_second() - seconds).unwrap();
        let mail = Mail { at, not_after: end, ..mail(MailKind::SignUp) };
        let (text, _) = parts(&composed(&mail, "Example"));

        let text = text.replace('\n', " ");
        assert!(
            text.contains(&format!(
                "The link works for {lifetime}, until 2 January 2027 at 03:04 UTC. It does not sign you in."
            )),
            "{text}"
        );
    }
}

#[test]
fn a_mail_goes_to_the_address_as_entered_at_the_domain_of_its_normal_form() {
    for (entered, to) in [
        ("Jane.Doe@Example.ORG", "<Jane.Doe@example.org>"),
        ("x@BÜCHER.example", "<x@xn--bcher-kva.example>"),
        (r#""Jane, Doe"@example.org"#, r#"<"Jane, Doe"@example.org>"#),
        (r#""a>b"@example.org"#, r#"<"a>b"@example.org>"#),
    ] {
        let recipient = entered.parse().unwrap();
        let message = composed(&Mail { recipient, ..mail(MailKind::SignUp) }, "Example");

        let message = String::from_utf8(message).unwrap();
        assert_eq!(message.lines().nth(1), Some(&*format!("To: {to}")));
    }
}

#[test]
fn an_address_that_ses_cannot_reach_is_an_error() {
    for entered in ["用户@example.org", "ｊａｎｅ@example.org", "\"ü\"@example.org"] {
        let recipient: EmailAddress = entered.parse().unwrap();
        let mail = Mail { recipient: recipient.clone(), ..mail(MailKind::UserDeleted) };

        let error = compose(&mail, None, &sender("Example")).err();

        assert_eq!(error, Some(ComposeError::UnsupportedRecipient), "{entered}");
        let sender = Sender { from: recipient, ..sender("Example") };
        let error = compose(&self::mail(mail.kind), None, &sender).err();
        assert_eq!(error, Some(ComposeError::UnsupportedSender), "{entered}");
    }
}
