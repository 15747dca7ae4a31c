//! What a mail says.

use mail_parser::{MessageParser, PartType};

/// A parsed mail; what it lacks is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The subject.
    pub subject: String,
    /// The first part that is plain text.
    pub text: String,
    /// The first part that is HTML.
    pub html: String,
    /// The links in the text, each once.
    pub links: Vec<String>,
}

impl Message {
    /// Parses a mail in the format of the internet.
    pub fn parse(raw: &[u8]) -> Self {
        let Some(mail) = MessageParser::default().parse(raw) else { return Self::default() };
        let mut message =
            Self { subject: mail.subject().unwrap_or_default().to_owned(), ..Self::default() };
        for part in &mail.parts {
            match &part.body {
                PartType::Text(text) if message.text.is_empty() => message.text = text.to_string(),
                PartType::Html(html) if message.html.is_empty() => message.html = html.to_string(),
                _ => {}
            }
        }
        message.links = links(&message.text);
        message
    }
}

/// Whether the headers name who sends the mail, and to whom it goes.
pub(super) fn addresses(raw: &[u8]) -> (bool, Vec<String>) {
    let Some(mail) = MessageParser::default().parse(raw) else { return (false, Vec::new()) };
    let lists = [mail.to(), mail.cc(), mail.bcc()].into_iter().flatten();
    let recipients = lists.flat_map(|list| list.iter().filter_map(|own| own.address()));
    let has_sender = mail.from().is_some_and(|from| from.iter().any(|own| own.address.is_some()));
    (has_sender, recipients.map(str::to_owned).collect())
}

fn links(text: &str) -> Vec<String> {
    let words = text.split(|own: char| own.is_whitespace() || "<>()[]\"".contains(own));
    let words = words.map(|word| word.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']));
    let mut links = Vec::new();
    for word in words.filter(|word| word.starts_with("http://") || word.starts_with("https://")) {
        if !links.iter().any(|own| own == word) {
            links.push(word.to_owned());
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_decoded_and_the_links_of_the_text_stand_each_once() {
        let raw = "From: Rollcall <no-reply@example.com>\r\nTo: jane@example.com\r\n\
             Subject: =?utf-8?Q?Caf=C3=A9?=\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/alternative; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n\
             Open <http://127.0.0.1:9000/a?b=3Dc>, or http://127.0.0.1:9000/a?b=\r\n=3Dc.\r\n\
             Help: https://example.com/help.\r\n\
             --b\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nPHA+SGk8L3A+\r\n--b--\r\n";

        let message = Message::parse(raw.as_bytes());

        assert_eq!(message.subject, "Café");
        assert!(message.text.starts_with("Open <http://"), "{message:?}");
        assert_eq!(message.html, "<p>Hi</p>");
        assert_eq!(message.links, ["http://127.0.0.1:9000/a?b=c", "https://example.com/help"]);
    }

    #[test]
    fn a_mail_without_parts_has_its_text_and_one_without_a_form_has_nothing() {
        let plain = Message::parse(b"Subject: Hi\r\n\r\njavascript:x http://a/ b");

        assert_eq!((plain.subject.as_str(), plain.html.as_str()), ("Hi", ""));
        assert_eq!(plain.links, ["http://a/"]);
        assert_eq!(Message::parse(b""), Message::default());
    }
}
