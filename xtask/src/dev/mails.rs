//! Mails: the stream that makes a function send them, and the line of each.

use std::sync::Arc;

use anyhow::Result;
use devkit::engine::Engine;
use devkit::ses::Mail;
use devkit::stream::EventSource;
use devkit::template::Template;
use tokio::task::JoinSet;

use super::TABLE_NAME;
use super::emulator::Functions;
use super::exchange::printable;
use super::paint::{Colour, Paint};

/// Plays the table's stream into the functions that the template names, until the tasks are
/// dropped.
pub(super) async fn play_stream(
    engine: &Engine,
    template: &Template,
    functions: &Functions,
) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    for mapping in template.event_source_mappings() {
        let source = EventSource::open(engine.endpoint(), TABLE_NAME, mapping).await?;
        let terminal = Arc::clone(&functions.terminal);
        let report = move |problem: String| terminal.notice(Colour::Red, &problem);
        tasks.spawn(source.play(functions.clone(), report));
    }
    Ok(tasks)
}

/// The line of a mail, for a log: whom it goes to and where it leads is not in it.
pub(super) fn log_line(mail: &Mail) -> String {
    words(mail, Paint::plain()).join(" ")
}

/// The line of a mail, for the developer.
pub(super) fn line(mail: &Mail, paint: Paint) -> String {
    let mut words = words(mail, paint);
    words.push(format!("to {}", printable(&mail.recipients.join(", "))));
    words.extend(mail.message.links.first().map(|link| paint.with(Colour::Green, printable(link))));
    words.join(" ")
}

fn words(mail: &Mail, paint: Paint) -> Vec<String> {
    let time = paint.with(Colour::Dim, mail.time.strftime("%H:%M:%S"));
    vec![time, "mail".to_owned(), printable(&mail.message.subject)]
}

#[cfg(test)]
mod tests {
    use devkit::ses::Message;

    use super::*;

    #[test]
    fn a_mail_is_one_line_and_the_log_has_neither_address_nor_link() {
        let raw = b"Subject: Your address\r\n\r\nOpen http://a/b\x1b[2J or http://c/";
        let mail = Mail {
            id: "1".to_owned(),
            time: "2026-11-28T12:03:11Z".parse().unwrap(),
            recipients: vec!["jane@example.com".to_owned(), "a\u{1b}[2J@b".to_owned()],
            raw: raw.to_vec(),
            message: Message::parse(raw),
        };

        assert_eq!(
            line(&mail, Paint::plain()),
            "12:03:11 mail Your address to jane@example.com, a\u{fffd}[2J@b http://a/b\u{fffd}"
        );
        assert_eq!(log_line(&mail), "12:03:11 mail Your address");
    }
}
