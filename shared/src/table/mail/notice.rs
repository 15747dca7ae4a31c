//! Notices: what a write tells its user, at every address that is surely the user's.
//!
//! The write puts one item. The mailer makes a mail of it for each address, in a transaction that
//! deletes the notice, so that no address gets two.

use super::requests::MailRateLimit;
use crate::limits::MAX_NOTIFIED_ADDRESSES;
use crate::model::{Email, EmailAddress, Mail, MailId, MailRequestKind, MailState, Notice, User};
use crate::table::engine::{Condition, EMAIL, Key, Keyed, Stored, Table, user_partition};
use crate::{Error, Result};

impl Table {
    /// Makes a mail of a notice for the user's primary address, for the oldest other ones that are
    /// proved, and for the former one. To a primary address that is not proved go only so many: it
    /// may be a stranger's. False if this one went over that.
    ///
    /// [`Error::WriteConflict`] if another mailer was first.
    pub async fn address_notice(&self, notice: Stored<Notice>) -> Result<bool> {
        let key = Key::user(notice.user);
        let mut items = self.batch_get(vec![key.clone()]).await?;
        let user: Option<Stored<User>> = items.take(&key)?;
        let emails: Vec<Email> = self.query(user_partition(notice.user), EMAIL).await?;
        let unproved = user.as_deref().and_then(|user| unproved_primary(user, &emails));
        let mut recipients = recipients(user.as_deref(), emails, notice.former.as_ref());
        let name = user.as_ref().map(|user| user.display_name().to_owned());
        let gone = Condition::version(notice.version);
        let mut write = self.outbox_write().delete(notice.key(), gone, || Error::WriteConflict);
        let mut has_room = true;
        if let Some(address) = unproved.filter(|address| recipients.contains(address)) {
            let sent = self.notices_to(&address).await?;
            has_room = sent.has_room();
            recipients.retain(|recipient| has_room || *recipient != address);
            write = write.count_mail(&sent)?;
        }
        let mails = recipients.into_iter().map(|to| mail_of(&notice, name.clone(), to));
        let write = mails.into_iter().try_fold(write, |write, mail| write.send(&mail?))?;
        write.commit().await.map(|()| has_room)
    }

    async fn notices_to(&self, address: &EmailAddress) -> Result<MailRateLimit> {
        let kind = MailRequestKind::NoticeToUnproved;
        let mut items = self.batch_get(vec![MailRateLimit::key(address.digest(), kind)]).await?;
        MailRateLimit::extract(address.digest(), kind, &mut items)
    }
}

/// The primary address, unless the user has proved it.
fn unproved_primary(user: &User, emails: &[Email]) -> Option<EmailAddress> {
    let own = emails.iter().find(|email| email.address.same_as(&user.primary_email));
    let is_proved = own.is_some_and(|email| user.has_proved(email));
    (!is_proved).then(|| user.primary_email.clone())
}

fn mail_of(notice: &Notice, name: Option<String>, recipient: EmailAddress) -> Result<Mail> {
    Ok(Mail {
        id: MailId::generate()?,
        kind: notice.kind,
        user: Some(notice.user),
        name,
        recipient,
        about: notice.about.clone(),
        link: None,
        at: notice.at,
        not_after: notice.not_after,
        state: MailState::Queued,
        leased_until: None,
        tries: 0,
    })
}

/// The primary address first, each once.
fn recipients(
    user: Option<&User>,
    mut emails: Vec<Email>,
    former: Option<&EmailAddress>,
) -> Vec<EmailAddress> {
    emails.sort_by_key(|email| email.added_at);
    let primary = user.map(|user| user.primary_email.clone());
    let is_other = |email: &Email| !primary.as_ref().is_some_and(|own| own.same_as(&email.address));
    let has_proved = |email: &Email| user.is_some_and(|user| user.has_proved(email));
    let proved = emails.into_iter().filter(|email| has_proved(email) && is_other(email));
    let others: Vec<_> = proved.map(|email| email.address).take(MAX_NOTIFIED_ADDRESSES).collect();
    let mut found: Vec<EmailAddress> = primary.into_iter().chain(others).collect();
    if let Some(former) = former.filter(|former| !found.iter().any(|own| own.same_as(former))) {
        found.push(former.clone());
    }
    found.retain(EmailAddress::is_mailable);
    found
}
