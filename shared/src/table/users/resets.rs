//! Password resets: a link by mail to an address that is surely the user's, and the password that is
//! set by it.

use super::update::{PasswordChange, UserChange};
use crate::error::failed;
use crate::lifetimes::PASSWORD_RESET_TTL;
use crate::model::{
    AuditAction, Email, EmailAddress, Mail, MailKind, MailRequestKind, NameDigest, PasswordReset,
    SourceId, Timestamp, User, UserId, Username, seconds_after,
};
use crate::table::engine::{
    Actor, Changes, Claim, Condition, EMAIL, Key, Keyed, Stored, Table, Trail, Transaction,
    expiring, user_partition,
};
use crate::table::mail::{MailRateLimit, NewLink};
use crate::table::second_factor::UsedFactor;
use crate::table::write::Write;
use crate::{Error, Result};

const KIND: MailRequestKind = MailRequestKind::PasswordReset;

/// Whom a name belongs to; for no user a made-up one, so that everything takes as long.
pub struct FoundUser {
    user: Option<Stored<User>>,
    /// The user's id, or a made-up one.
    pub id: UserId,
    /// Where the link goes: an address that the user has proved.
    recipient: Option<EmailAddress>,
}

/// A request to reset the password of whom a name belongs to.
pub struct PasswordResetRequest {
    /// Whom it is about.
    pub found: FoundUser,
    asked: MailRateLimit,
}

impl Table {
    /// What a request to reset a password rests on: two round trips, whatever the name is. It is an
    /// address, a username, or a text that can be neither.
    pub async fn password_reset_request(&self, name: &str) -> Result<PasswordResetRequest> {
        let address: Option<EmailAddress> =
            Some(name).filter(|name| name.contains('@')).and_then(|name| name.parse().ok());
        let username: Option<Username> = name.parse().ok();
        let claim = match (&address, &username) {
            (Some(address), _) => Key::email_claim(address),
            (None, Some(username)) => Key::username_claim(username),
            (None, None) => Key::dummy_claim(),
        };
        let digest = match (&address, username) {
            (Some(address), _) => address.digest(),
            (None, Some(username)) => NameDigest::new(&username.to_string()),
            (None, None) => NameDigest::new(name.trim()),
        };
        let keys = vec![claim.clone(), MailRateLimit::key(digest, KIND)];
        let mut items = self.batch_get(keys).await?;
        let owner = items.take::<Claim>(&claim)?.and_then(|claim| claim.user);
        let asked = MailRateLimit::extract(digest, KIND, &mut items)?;
        let id = owner.unwrap_or_else(UserId::generate);
        let found = self.found_user(id, address.as_ref()).await?;
        Ok(PasswordResetRequest { found, asked })
    }

    async fn found_user(&self, id: UserId, address: Option<&EmailAddress>) -> Result<FoundUser> {
        let key = Key::user(id);
        let (items, emails) = tokio::join!(
            self.batch_get(vec![key.clone()]),
            self.query::<Email>(user_partition(id), EMAIL),
        );
        let (user, emails): (Option<Stored<User>>, _) = (items?.take(&key)?, emails?);
        let user = user.filter(|user| !user.disabled);
        let recipient = user.as_deref().and_then(|user| recipient(user, emails, address));
        Ok(FoundUser { user, id, recipient })
    }

    /// Sends the link that sets another password, if the name is a user's who has proved an
    /// address. Nothing if it was asked for too often: the response must not tell.
    ///
    /// [`Error::TooManyMails`] if the source asked for too many.
    pub fn request_password_reset(
        &self,
        actor: &Actor,
        source: Option<SourceId>,
        request: PasswordResetRequest,
        new: NewLink,
    ) -> Result<Write<'_, ()>> {
        const ACTION: &str = "send a link to reset a password";
        let PasswordResetRequest { found: FoundUser { user, id, recipient }, asked } = request;
        if !asked.has_room() {
            let write = Transaction::without_trail(self, actor, ACTION);
            return Ok(Write::new(write.count_source_request(source)?, ()));
        }
        let expires_at = seconds_after(Timestamp::now(), PASSWORD_RESET_TTL)?;
        let epoch = user.as_ref().map_or(0, |user| user.credential_epoch);
        let nobody = EmailAddress::placeholder(id).map_err(failed("name a placeholder"))?;
        let sent_to = recipient.as_ref().unwrap_or(&nobody).digest();
        let reset = PasswordReset {
            user: id,
            recipient: sent_to,
            secret_hash: new.secret_hash,
            epoch,
            expires_at,
        };
        let requested = Trail::of_user(id, AuditAction::PasswordResetRequested);
        let (kind, link) = (MailKind::PasswordReset, Some(new.link));
        let Some((user, recipient)) = user.zip(recipient) else {
            let mail = Mail::requested(kind, nobody, None, link, PASSWORD_RESET_TTL)?;
            let write = Transaction::without_trail(self, actor, ACTION)
                .count_source_request(source)?
                .count_mail(&asked)?
                .put_decoy(&expiring(&reset, expires_at)?)?
                .put_decoy(&expiring(&mail, mail.not_after)?)?
                .put_decoys_of(requested)?;
            return Ok(Write::new(write, ()));
        };
        let mail = Mail::requested(kind, recipient, Some(&user), link, PASSWORD_RESET_TTL)?;
        let write = Transaction::new(self, actor, ACTION, requested)
            .count_source_request(source)?
            .count_mail(&asked)?
            .put_link(&reset, expires_at)?
            .send(&mail)?;
        Ok(Write::new(write, ()))
    }

    /// The user whom a link names, with the link and all addresses: one round trip.
    pub async fn password_reset(
        &self,
        user: UserId,
    ) -> Result<Option<(Stored<User>, PasswordReset, Vec<Email>)>> {
        let (user_key, reset_key) = (Key::user(user), Key::password_reset(user));
        let (items, emails) = tokio::join!(
            self.batch_get(vec![user_key.clone(), reset_key.clone()]),
            self.query::<Email>(user_partition(user), EMAIL),
        );
        let mut items = items?;
        let reset: Option<Stored<PasswordReset>> = items.take(&reset_key)?;
        let found = items.take(&user_key)?.zip(reset.map(Stored::into_inner));
        let emails = emails?;
        Ok(found.map(|(user, reset)| (user, reset, emails)))
    }

    /// Sets the password of a user by a link, which is used up, as is the code of a second factor
    /// that is on. The address that it went to stays proved.
    ///
    /// [`Error::LinkEnded`] if it was used or replaced meanwhile, else as
    /// [`Table::change_password`].
    pub fn reset_password(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        reset: &PasswordReset,
        recipient: &Email,
        password: PasswordChange,
        code: Option<&UsedFactor>,
    ) -> Result<Write<'_, User>> {
        let unchanged = UserChange::default();
        let (after, write) = self.change_password(actor, user, &unchanged, password)?.split();
        let write = write.and(|transaction| {
            let transaction = transaction.use_factor_if_on(user.id, code)?;
            // It may have been removed, or its proof ended, since it was read.
            let proved = Condition::has("provedAt");
            let transaction = if after.has_proved(recipient) {
                transaction.check(recipient.key(), proved, || Error::WriteConflict)
            } else {
                let changes = Changes::new().set("proofEpoch", after.credential_epoch)?;
                transaction.update(recipient.key(), changes, proved, || Error::WriteConflict)
            };
            let same = Condition::same_link(&reset.secret_hash);
            Ok(transaction.delete(reset.key(), same, || Error::LinkEnded).prioritize_last())
        })?;
        Ok(write.with_outcome(after))
    }
}

/// Where the link goes, if there is an address that the user has proved: the named one; else the
/// primary one, or the oldest.
fn recipient(
    user: &User,
    mut emails: Vec<Email>,
    named: Option<&EmailAddress>,
) -> Option<EmailAddress> {
    emails.retain(|email| user.has_proved(email));
    emails.sort_by_key(|email| email.added_at);
    let is = |email: &Email, address: &EmailAddress| email.address.same_as(address);
    let place = match named {
        Some(named) => emails.iter().position(|email| is(email, named))?,
        None => emails.iter().position(|email| is(email, &user.primary_email)).unwrap_or_default(),
    };
    emails.into_iter().nth(place).map(|email| email.address)
}
