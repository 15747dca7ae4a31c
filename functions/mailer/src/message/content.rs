//! What a mail says, independent of its format.

use shared::ServiceName;
use shared::model::{Mail, MailedAccount, Role, Timestamp};

use super::words::{Action, words};
use super::{ComposeError, untrusted};

/// What both parts of a mail are rendered from.
pub(super) struct Content {
    pub(super) service: String,
    pub(super) subject: String,
    pub(super) heading: &'static str,
    pub(super) greeting: String,
    pub(super) opening: String,
    /// Labels and values.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) action: Option<Link>,
    pub(super) advice: Vec<String>,
    pub(super) footer: String,
}

/// What to do, and where.
pub(super) struct Link {
    pub(super) label: &'static str,
    pub(super) url: String,
}

impl Content {
    pub(super) fn new(
        mail: &Mail,
        url: Option<&str>,
        service_name: &ServiceName,
    ) -> Result<Self, ComposeError> {
        let words = words(mail.kind);
        let service = untrusted::service(service_name);
        let recipient = untrusted::address(&mail.recipient);
        let fill = |text: &str| text.replace("{service}", &service);
        let validity = words.action.as_ref().map(|_| validity(mail));
        let link = |action: Action| match url {
            Some(url) => Ok(Link { label: action.label, url: url.to_owned() }),
            None => Err(ComposeError::MissingLink(mail.kind)),
        };
        let name = mail.name.as_deref().and_then(untrusted::name);
        Ok(Self {
            subject: format!("{} {} {service}", words.heading, words.preposition),
            heading: words.heading,
            greeting: name.map_or("Hello,".to_owned(), |name| format!("Hello {name},")),
            opening: fill(words.opening),
            facts: facts(mail, words.address),
            action: words.action.map(link).transpose()?,
            advice: validity
                .into_iter()
                .chain(words.advice.iter().map(|text| fill(text)))
                .collect(),
            footer: format!(
                "{service} sent this mail to {recipient} automatically. No mail from {service} \
                 asks for your password."
            ),
            service,
        })
    }
}

fn facts(mail: &Mail, address: Option<&'static str>) -> Vec<(&'static str, String)> {
    let about = mail.about.as_ref().unwrap_or(&mail.recipient);
    let address = address.map(|label| (label, untrusted::address(about)));
    let invited = mail.account.as_ref().map(invited_to);
    let facts = [("Time", time(mail.at))].into_iter().chain(address);
    facts.chain(invited.into_iter().flatten()).collect()
}

/// What an invitation says of the account. Names that a mail client may make a link of are left out.
fn invited_to(account: &MailedAccount) -> Vec<(&'static str, String)> {
    let role = match account.role {
        Role::Admin => "Admin",
        Role::Member => "Member",
    };
    let named = |label, name| untrusted::name(name).map(|name| (label, name));
    let facts = [
        named("Account", &account.name),
        named("Invited by", &account.invited_by),
        Some(("Role", role.to_owned())),
    ];
    facts.into_iter().flatten().collect()
}

fn validity(mail: &Mail) -> String {
    let lifetime = mail.not_after.as_second() - mail.at.as_second();
    let (count, unit) = match lifetime / 60 {
        1 => (1, "minute"),
        60 => (1, "hour"),
        minutes if minutes > 1440 && minutes % 1440 == 0 => (minutes / 1440, "days"),
        minutes if minutes % 60 == 0 => (minutes / 60, "hours"),
        minutes => (minutes, "minutes"),
    };
    let end = time(mail.not_after);
    format!("The link works for {count} {unit}, until {end}. It does not sign you in.")
}

fn time(at: Timestamp) -> String {
    at.strftime("%-d %B %Y at %H:%M UTC").to_string()
}
