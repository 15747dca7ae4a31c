//! Delivering what waits in the outbox.

use shared::mail::reveal_token;
use shared::model::{Mail, MailId, MailState, Timestamp};
use shared::table::{OutboxItem, Stored};
use shared::{Error, Result};

use crate::Mailer;
use crate::message::{compose, link, mailbox};
use crate::ses::Outcome;

/// Whether the stream has to bring an item again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Done,
    Again,
}

impl Mailer {
    /// Delivers the item with this id, if it still waits.
    ///
    /// At least once while it is in time, and twice only if nobody knows whether SES took it, or
    /// whether it was deleted after.
    pub(crate) async fn deliver(&self, id: MailId) -> Result<Delivery> {
        match self.table.outbox_item(id).await? {
            None => Ok(Delivery::Done),
            Some(OutboxItem::Notice(notice)) => {
                let addressed = self.table.address_notice(*notice).await;
                if addressed.as_ref().is_ok_and(|has_room| !has_room) {
                    tracing::info!(notice = %id, outcome = "limited", "left an unproved address out");
                }
                again_if_overtaken(addressed.map(|_| Delivery::Done))
            }
            Some(OutboxItem::Mail(mail)) => {
                let delivered = Box::pin(self.deliver_mail(*mail)).await;
                again_if_overtaken(delivered)
            }
        }
    }

    async fn deliver_mail(&self, mail: Stored<Mail>) -> Result<Delivery> {
        let now = Timestamp::now();
        let is_leased = mail.leased_until.is_some_and(|end| now.as_millisecond() < end);
        if mail.state == MailState::Dead || now >= mail.not_after {
            return Ok(Delivery::Done);
        }
        if is_leased {
            return Ok(Delivery::Again);
        }
        if !mail.kind.proves_address() && self.table.is_undeliverable(&mail.recipient).await? {
            let (kind, tries) = (mail.kind.as_str(), mail.tries);
            tracing::info!(mail = %mail.id, kind, tries, outcome = "undeliverable", "sent no mail");
            self.table.delete_mail(&mail).await?;
            return Ok(Delivery::Done);
        }
        let mail = self.table.lease_mail(mail).await?;
        let outcome = self.send(&mail).await;
        let (kind, tries) = (mail.kind.as_str(), mail.tries);
        let reported = outcome.as_ref().map_or("failed", |outcome| outcome.as_str());
        tracing::info!(mail = %mail.id, kind, tries, outcome = reported, "tried to send a mail");
        match outcome {
            Ok(Outcome::Sent) => {
                self.table.delete_mail(&mail).await?;
                Ok(Delivery::Done)
            }
            Ok(Outcome::Rejected) => {
                self.table.reject_mail(mail).await?;
                Ok(Delivery::Done)
            }
            Ok(Outcome::NotSent) => {
                self.table.release_mail(mail).await?;
                Ok(Delivery::Again)
            }
            Ok(Outcome::Unknown) => Ok(Delivery::Again),
            Err(error) => {
                self.table.release_mail(mail).await?;
                Err(error)
            }
        }
    }

    /// Composes the mail, and has SES send it. An error means that it was not sent.
    async fn send(&self, mail: &Mail) -> Result<Outcome> {
        let token = reveal_token(&self.service_keys, mail).await?;
        let base_url = mail.link.as_ref().map(|link| link.base_url.as_str());
        let url = base_url.zip(token).and_then(|(base, token)| link(mail.kind, base, &token));
        let composed = mailbox(&mail.recipient)
            .and_then(|recipient| Ok((recipient, compose(mail, url.as_deref(), &self.sender)?)));
        match composed {
            Ok((recipient, message)) => self.ses.send(mail.id, &recipient, message).await,
            Err(error) => {
                tracing::warn!(mail = %mail.id, %error, "a mail cannot be composed");
                Ok(Outcome::Rejected)
            }
        }
    }
}

/// Another mailer has it, or the item was changed: the stream brings it again.
fn again_if_overtaken(delivered: Result<Delivery>) -> Result<Delivery> {
    match delivered {
        Err(Error::WriteConflict) => Ok(Delivery::Again),
        other => other,
    }
}
