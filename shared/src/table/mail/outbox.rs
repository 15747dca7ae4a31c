//! The outbox: mail that waits to be sent, put by the transaction that it tells of.
//!
//! The table's stream hands new items to the mailer. It takes a lease on one before it sends, and
//! deletes it after. Every step requires the version that was read, so that of two mailers one has
//! a mail.

use std::time::Duration;

use crate::lifetimes::{DEAD_MAIL_TTL, MAIL_LEASE, MAIL_RETRY};
use crate::model::{Mail, MailId, MailState, Notice, Timestamp};
#[cfg(feature = "operator")]
use crate::table::engine::SHARDS;
use crate::table::engine::{
    Actor, Changes, Condition, Item, Key, Keyed, MAIL, Stored, TTL, Table, Transaction,
    outbox_partition,
};
use crate::{Error, Result};

const ACTION: &str = "send a mail";

/// What the outbox holds.
pub enum OutboxItem {
    /// A mail to one address.
    Mail(Box<Stored<Mail>>),
    /// A notice that becomes a mail to each address of its user.
    Notice(Box<Stored<Notice>>),
}

impl Table {
    /// What the outbox holds under this id; nothing once it was sent.
    pub async fn outbox_item(&self, id: MailId) -> Result<Option<OutboxItem>> {
        let key = Key::outbox(id);
        let mut items = self.batch_get(vec![key.clone()]).await?;
        if items.kind(&key)?.as_deref() == Some(Notice::TYPE) {
            return Ok(items.take(&key)?.map(Box::new).map(OutboxItem::Notice));
        }
        Ok(items.take(&key)?.map(Box::new).map(OutboxItem::Mail))
    }

    /// Puts what has waited for longer than the stream tries into the outbox again, as something
    /// new, while it is in time. Returns how many that were.
    pub(in crate::table) async fn retry_waiting_mail(&self, shard: char) -> Result<u32> {
        if !self.sends_mail() {
            return Ok(0);
        }
        let since = Timestamp::now() - MAIL_RETRY;
        let keys = self.keys(outbox_partition(shard), MAIL).await?;
        let ids = keys.iter().filter_map(Key::mail);
        let (mut retried, mut failed) = (0, None);
        for id in ids.take_while(|id| id.created_at() < since) {
            match self.retry_mail(id, false).await {
                Ok(is_retried) => retried += u32::from(is_retried),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(retried), Err)
    }

    /// Puts all that waits into the outbox again while it is in time, and what SES rejected for
    /// good. Returns how many that were.
    #[cfg(feature = "operator")]
    pub async fn retry_all_mail(&self) -> Result<u32> {
        // All are found before the first is renewed, which can put it into a shard still to come.
        let mut waiting = Vec::new();
        for shard in SHARDS.chars() {
            waiting.extend(self.keys(outbox_partition(shard), MAIL).await?);
        }
        let mut retried = 0;
        for id in waiting.iter().filter_map(Key::mail) {
            retried += u32::from(self.retry_mail(id, true).await?);
        }
        Ok(retried)
    }

    /// False if it is being sent, was rejected for good, is not in time, or is gone.
    async fn retry_mail(&self, id: MailId, also_dead: bool) -> Result<bool> {
        let now = Timestamp::now();
        let delete = |key, version| {
            let same = Condition::version(version);
            self.outbox_write().delete(key, same, || Error::WriteConflict)
        };
        let write = match self.outbox_item(id).await? {
            Some(OutboxItem::Mail(mail)) if mail.may_be_retried(now, also_dead) => {
                delete(mail.key(), mail.version).send(&mail.item.renewed()?)?
            }
            Some(OutboxItem::Notice(notice)) if now < notice.not_after => {
                delete(notice.key(), notice.version).send_notice(&notice.item.renewed()?)?
            }
            _ => return Ok(false),
        };
        match write.commit().await {
            Ok(()) => Ok(true),
            Err(Error::WriteConflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a lease on a mail: for two minutes no other mailer has it.
    ///
    /// [`Error::WriteConflict`] if another was first.
    pub async fn lease_mail(&self, mail: Stored<Mail>) -> Result<Stored<Mail>> {
        let leased_until = (Timestamp::now() + MAIL_LEASE).as_millisecond();
        let leased = Mail {
            state: MailState::Leased,
            leased_until: Some(leased_until),
            tries: mail.tries + 1,
            ..mail.item.clone()
        };
        self.change_mail(mail, leased).await
    }

    /// Gives the lease back after an attempt that surely sent nothing.
    pub async fn release_mail(&self, mail: Stored<Mail>) -> Result<Stored<Mail>> {
        let queued = Mail { state: MailState::Queued, leased_until: None, ..mail.item.clone() };
        self.change_mail(mail, queued).await
    }

    /// Keeps a mail that was rejected for good, for the operator to see, for 30 days.
    pub async fn reject_mail(&self, mail: Stored<Mail>) -> Result<Stored<Mail>> {
        let dead = Mail { state: MailState::Dead, leased_until: None, ..mail.item.clone() };
        self.change_mail(mail, dead).await
    }

    /// Deletes a mail that was sent, or that is not to be sent.
    pub async fn delete_mail(&self, mail: &Stored<Mail>) -> Result<()> {
        self.outbox_write()
            .delete(mail.key(), Condition::version(mail.version), || Error::WriteConflict)
            .commit()
            .await
    }

    async fn change_mail(&self, mail: Stored<Mail>, after: Mail) -> Result<Stored<Mail>> {
        let end = match after.state {
            MailState::Dead => Timestamp::now() + Duration::from_secs(DEAD_MAIL_TTL),
            MailState::Queued | MailState::Leased => after.not_after,
        };
        let changes = Changes::new()
            .set("state", after.state)?
            .set("leasedUntil", after.leased_until)?
            .set("tries", after.tries)?
            .set(TTL, end.as_second())?;
        let same = Condition::version(mail.version);
        let write = self.outbox_write().update(mail.key(), changes, same, || Error::WriteConflict);
        write.commit().await?;
        Ok(Stored { item: after, version: mail.version + 1 })
    }

    /// A write to the outbox alone: the log has the write that the mail tells of.
    pub(super) fn outbox_write(&self) -> Transaction<'_> {
        Transaction::without_trail(self, &Actor::system(), ACTION)
    }
}
