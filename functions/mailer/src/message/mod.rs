//! A mail as it is sent (RFC 5322). Its text part and its HTML part are made from one content.

mod content;
mod html;
#[cfg(test)]
mod tests;
mod text;
mod untrusted;
mod words;

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use shared::ServiceName;
use shared::mail::INVITATION_PAGE;
use shared::model::{EmailAddress, Mail, MailKind};

use content::Content;

/// Who sends a mail.
pub struct Sender {
    /// The service, as its users know it.
    pub service_name: ServiceName,
    /// The address that the mail comes from.
    pub from: EmailAddress,
}

/// Why there is no mail to send. A retry does not help.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// SES does not support SMTPUTF8, so it cannot reach the recipient.
    #[error("the recipient's address is not ASCII before the @")]
    UnsupportedRecipient,
    /// The service is set up with an address that SES cannot send from.
    #[error("the sender's address is not ASCII before the @")]
    UnsupportedSender,
    /// What the mail says cannot be done without a link.
    #[error("a mail of the kind `{}` takes a link", .0.as_str())]
    MissingLink(MailKind),
}

/// Composes the mail as it is sent: the same bytes each time. `link` is the whole URL of
/// [`link`], if the kind has one.
pub fn compose(mail: &Mail, link: Option<&str>, sender: &Sender) -> Result<Vec<u8>, ComposeError> {
    let (local, domain) = ascii_parts(&sender.from).ok_or(ComposeError::UnsupportedSender)?;
    let from = format!("{local}@{domain}");
    let to = mailbox(&mail.recipient)?;
    let content = Content::new(mail, link, &sender.service_name)?;
    // No text contains `=_` and the mail's id.
    let alternative =
        ContentType::new("multipart/alternative").attribute("boundary", format!("=_{}", mail.id));
    let parts = vec![
        MimePart::new("text/plain", text::render(&content)),
        MimePart::new("text/html", html::render(&content)),
    ];
    let mut message = Vec::new();
    MessageBuilder::new()
        .from(Address::new_address(Some(content.service.as_str()), from))
        .to(to)
        .subject(content.subject.as_str())
        .date(Date::new(mail.at.as_second()))
        .message_id(format!("{}@{domain}", mail.id))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        // Exchange knows only this one. `All` would suppress bounces too, which have to arrive.
        .header("X-Auto-Response-Suppress", Raw::new("OOF, AutoReply"))
        .body(MimePart::new(alternative, parts))
        .serialize(&mut message);
    Ok(message)
}

/// The URL of the page that a token of this kind opens. `base_url` has no slash at its end.
pub fn link(kind: MailKind, base_url: &str, token: &str) -> Option<String> {
    let page = match kind {
        MailKind::EmailProof => "emails/verify",
        MailKind::SignUp => "sign-up",
        MailKind::PasswordReset => "reset",
        MailKind::Invitation => INVITATION_PAGE,
        MailKind::EmailProofHeld
        | MailKind::SignUpHeld
        | MailKind::PasswordChanged
        | MailKind::EmailAdded
        | MailKind::EmailRemoved
        | MailKind::PrimaryEmailChanged
        | MailKind::EmailLost
        | MailKind::ApiKeyCreated
        | MailKind::SecondFactorOn
        | MailKind::SecondFactorOff
        | MailKind::RecoveryCodeUsed
        | MailKind::PasskeyAdded
        | MailKind::PasskeyRemoved
        | MailKind::NewSignIn
        | MailKind::UserDeleted => return None,
    };
    Some(format!("{base_url}/account/{page}/{token}"))
}

/// The recipient's address as SES takes it.
pub fn mailbox(recipient: &EmailAddress) -> Result<String, ComposeError> {
    let (local, domain) = ascii_parts(recipient).ok_or(ComposeError::UnsupportedRecipient)?;
    Ok(format!("{local}@{domain}"))
}

/// The parts of an address as SES takes them. The part before the @ is as it was entered: folded,
/// it may name somebody else's mailbox. The domain is that of the normal form, by which an address
/// is proved.
fn ascii_parts(address: &EmailAddress) -> Option<(&str, &str)> {
    let (local, _) = address.as_entered().rsplit_once('@')?;
    let (_, domain) = address.normal().rsplit_once('@')?;
    local.is_ascii().then_some((local, domain))
}
