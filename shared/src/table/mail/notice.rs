//! Notices: what a write tells its user, at every address that is surely the user's.
//!
//! The write puts one item. The mailer makes a mail of it for each address, in a transaction that
//! deletes the notice, so that no address gets two.

use super::requests::MailRateLimit;
use crate::limits::MAX_NOTIFIED_ADDRESSES;
use crate::model::{
    Email, EmailAddress, Mail, MailId, MailKind, MailRequestKind, MailState, Notice, User,
};
use crate::table::engine::{
    Condition, EMAIL, Key, Keyed, Stored, Table, Transaction, user_partition,
};
use crate::{Error, Result};

impl Table {
    /// Makes a mail of a notice for the user's primary address, for the oldest other ones that are
    /// proved, and for the former one. One that is not proved may be a stranger's: to it, and from
    /// one user to all such, go only so many of addresses, and so many others. False if this one
    /// went over that.
    ///
    /// [`Error::WriteConflict`] if another mailer was first, or counted another notice.
    pub async fn address_notice(&self, notice: Stored<Notice>) -> Result<bool> {
        let key = Key::user(notice.user);
        let mut items = self.batch_get(vec![key.clone()]).await?;
        let user: Option<Stored<User>> = items.take(&key)?;
        let emails: Vec<Email> = self.query(user_partition(notice.user), EMAIL).await?;
        let recipients = recipients(user.as_deref(), &emails, notice.former.as_ref());
        let is_unproved = |own: &EmailAddress| is_unproved(own, user.as_deref(), &emails);
        let (unproved, mut allowed): (Vec<_>, Vec<_>) =
            recipients.into_iter().partition(is_unproved);
        let name = user.as_ref().map(|user| user.display_name().to_owned());
        let gone = Condition::version(notice.version);
        let write = self.outbox_write().delete(notice.key(), gone, || Error::WriteConflict);
        let count = unproved.len();
        let (write, with_room) = self.count_notices(write, &notice, unproved).await?;
        let has_room = with_room.len() == count;
        allowed.extend(with_room);
        let mails = allowed.into_iter().map(|to| mail_of(&notice, name.clone(), to));
        let write = mails.into_iter().try_fold(write, |write, mail| write.send(&mail?))?;
        write.commit().await.map(|()| has_room)
    }

    /// Counts a notice to each of these addresses that the user has not proved, of which there is
    /// room for those that are returned.
    async fn count_notices<'t>(
        &'t self,
        mut write: Transaction<'t>,
        notice: &Notice,
        unproved: Vec<EmailAddress>,
    ) -> Result<(Transaction<'t>, Vec<EmailAddress>)> {
        let (to, of) = counted_as(notice.kind);
        if unproved.is_empty() {
            return Ok((write, unproved));
        }
        let of_user = MailRateLimit::name_of(notice.user);
        let keys = unproved.iter().map(|address| MailRateLimit::key(address.digest(), to));
        let mut items =
            self.batch_get(keys.chain([MailRateLimit::key(of_user, of)]).collect()).await?;
        let own = MailRateLimit::extract(of_user, of, &mut items)?;
        let mut with_room = Vec::new();
        for address in unproved {
            let sent = MailRateLimit::extract(address.digest(), to, &mut items)?;
            if own.has_room() && sent.has_room() {
                write = write.count_mail(&sent)?;
                with_room.push(address);
            }
        }
        let write = if with_room.is_empty() { write } else { write.count_mail(&own)? };
        Ok((write, with_room))
    }
}

/// What a notice counts as for the address that it goes to, and for its user. Those of addresses
/// count apart: who adds ten of them would use up the one that warns of a changed password.
const fn counted_as(kind: MailKind) -> (MailRequestKind, MailRequestKind) {
    if kind.is_of_emails() {
        (MailRequestKind::EmailNoticeToUnproved, MailRequestKind::EmailNoticeToUnprovedOfUser)
    } else {
        (MailRequestKind::NoticeToUnproved, MailRequestKind::NoticeToUnprovedOfUser)
    }
}

/// Whether the user has not proved an address that it has.
fn is_unproved(address: &EmailAddress, user: Option<&User>, emails: &[Email]) -> bool {
    let own = emails.iter().find(|email| email.address.same_as(address));
    let is_primary = || user.is_some_and(|user| user.primary_email.same_as(address));
    own.map_or_else(is_primary, |email| !user.is_some_and(|user| user.has_proved(email)))
}

fn mail_of(notice: &Notice, name: Option<String>, recipient: EmailAddress) -> Result<Mail> {
    Ok(Mail {
        id: MailId::generate()?,
        kind: notice.kind,
        user: Some(notice.user),
        name,
        recipient,
        about: notice.about.clone(),
        account: None,
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
    emails: &[Email],
    former: Option<&EmailAddress>,
) -> Vec<EmailAddress> {
    let mut emails: Vec<&Email> = emails.iter().collect();
    emails.sort_by_key(|email| email.added_at);
    let primary = user.map(|user| user.primary_email.clone());
    let is_other =
        |email: &&Email| !primary.as_ref().is_some_and(|own| own.same_as(&email.address));
    let has_proved = |email: &&Email| user.is_some_and(|user| user.has_proved(email));
    let proved = emails.into_iter().filter(|email| has_proved(email) && is_other(email));
    let others: Vec<_> =
        proved.map(|email| email.address.clone()).take(MAX_NOTIFIED_ADDRESSES).collect();
    let mut found: Vec<EmailAddress> = primary.into_iter().chain(others).collect();
    if let Some(former) = former.filter(|former| !found.iter().any(|own| own.same_as(former))) {
        found.push(former.clone());
    }
    found.retain(EmailAddress::is_mailable);
    found
}
