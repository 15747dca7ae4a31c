//! Who has an address, and how one who proves it takes it from one who has not.

use crate::error::failed;
use crate::model::{AuditAction, Email, EmailAddress, MailKind, Timestamp, User, UserId};
use crate::table::engine::{
    Changes, Claim, Condition, EMAIL, Key, Keyed, NewNotice, OnConditionFailed, Stored, Table,
    Trail, Transaction, user_partition,
};
use crate::{Error, Result};

const CONFLICT: OnConditionFailed = || Error::WriteConflict;

/// Who has an address.
pub enum EmailOwner {
    /// Nobody has.
    Nobody,
    /// The user in question has.
    Own(Box<Stored<Email>>),
    /// Another user has, and has not proved it.
    Holder(Box<EmailHolder>),
    /// Another user has proved it.
    Proved(UserId),
}

impl EmailOwner {
    /// Whether this user has it without having proved it, and loses it.
    pub(in crate::table) fn is_held_by(&self, user: UserId) -> bool {
        matches!(self, Self::Holder(holder) if holder.user.id == user)
    }
}

/// A user who has an address without having proved it: whoever proves it takes it.
pub struct EmailHolder {
    user: Stored<User>,
    email: Stored<Email>,
    others: Vec<Email>,
}

impl Table {
    /// Who has an address: `own`, if there is one, or somebody else. Two round trips.
    pub async fn email_owner(
        &self,
        address: &EmailAddress,
        own: Option<UserId>,
    ) -> Result<EmailOwner> {
        let claim_key = Key::email_claim(address);
        let own_key = own.map(|user| Key::email(user, address));
        let keys = own_key.iter().chain([&claim_key]).cloned().collect();
        let mut items = self.batch_get(keys).await?;
        let claim: Option<Stored<Claim>> = items.take(&claim_key)?;
        let Some(claim) = claim else { return Ok(EmailOwner::Nobody) };
        let holder = claim.user.ok_or(Error::WriteConflict)?;
        if let (Some(key), true) = (&own_key, own == Some(holder)) {
            let email = items.take(key)?.ok_or(Error::WriteConflict)?;
            return Ok(EmailOwner::Own(Box::new(email)));
        }
        self.email_holder(holder, address).await
    }

    /// Somebody else who has an address.
    async fn email_holder(&self, holder: UserId, address: &EmailAddress) -> Result<EmailOwner> {
        let (user_key, email_key) = (Key::user(holder), Key::email(holder, address));
        let (items, emails) = tokio::join!(
            self.batch_get(vec![user_key.clone(), email_key.clone()]),
            self.query::<Email>(user_partition(holder), EMAIL),
        );
        let (mut items, emails) = (items?, emails?);
        let (user, email) = (items.take::<User>(&user_key)?, items.take::<Email>(&email_key)?);
        let (Some(user), Some(email)) = (user, email) else { return Err(Error::WriteConflict) };
        if user.has_proved(&email) {
            return Ok(EmailOwner::Proved(holder));
        }
        // They are read separately.
        if usize::try_from(user.email_count) != Ok(emails.len()) {
            return Err(Error::WriteConflict);
        }
        let is_other = |own: &Email| !own.address.same_as(address);
        let others = emails.into_iter().filter(is_other).collect();
        Ok(EmailOwner::Holder(Box::new(EmailHolder { user, email, others })))
    }

    /// An address in the form in which a user has proved it, if it has. A user who does not exist has
    /// not.
    pub(super) async fn proved_email(
        &self,
        user: UserId,
        address: &EmailAddress,
    ) -> Result<Option<EmailAddress>> {
        let (user_key, email_key) = (Key::user(user), Key::email(user, address));
        let mut items = self.batch_get(vec![user_key.clone(), email_key.clone()]).await?;
        let (user, email) = (items.take::<User>(&user_key)?, items.take::<Email>(&email_key)?);
        let proved = user.zip(email).filter(|(user, email)| user.has_proved(email));
        Ok(proved.map(|(_, email)| email.into_inner().address))
    }
}

impl Transaction<'_> {
    /// Claims an address for a user: nobody has it, or this holder loses it.
    ///
    /// The error `taken` if somebody has it and no holder is named.
    pub(super) fn claim_email(
        self,
        user: UserId,
        address: &EmailAddress,
        holder: Option<&EmailHolder>,
        taken: OnConditionFailed,
    ) -> Result<Self> {
        let claim = Claim::by_user(user, Key::email_claim(address))?;
        match holder {
            None => self.put(claim, Condition::absent(), taken),
            Some(holder) => {
                let theirs = Condition::one_of("user", [holder.user.id.to_string()]);
                self.put(claim, theirs, CONFLICT)?.take_email_from(holder)
            }
        }
    }

    /// Takes an address from one who has not proved it. Who has no other gets a placeholder. If it
    /// was the primary one, the oldest other one is.
    fn take_email_from(self, holder: &EmailHolder) -> Result<Self> {
        let EmailHolder { user, email, others } = holder;
        let oldest = others.iter().min_by_key(|other| other.added_at).map(|other| &other.address);
        let placeholder = match oldest {
            Some(_) => None,
            None => Some(EmailAddress::placeholder(user.id).map_err(failed("name a placeholder"))?),
        };
        let changes = Changes::of_emails().set("emailCount", others.len().max(1))?;
        let changes = match oldest.or(placeholder.as_ref()) {
            Some(next) if user.primary_email.same_as(&email.address) => {
                changes.set("primaryEmail", next)?
            }
            _ => changes,
        };
        let notice = NewNotice::new(user.id, MailKind::EmailLost).about(&email.address);
        let lost = Trail::of_user(user.id, AuditAction::EmailLost).notifying(notice);
        // The user and the addresses were read separately.
        let transaction = match oldest {
            Some(next) => self.check(Key::email(user.id, next), Condition::present(), CONFLICT),
            None => self,
        };
        let taken = transaction
            .leaving(lost)
            .delete(email.key(), Condition::unchanged(email), CONFLICT)
            .delete(
                Key::email_proof(user.id, email.address.digest()),
                Condition::always(),
                CONFLICT,
            )
            .update(user.key(), changes, Condition::same_emails(user), CONFLICT);
        let Some(address) = placeholder else { return Ok(taken) };
        let claim = Claim::by_user(user.id, Key::email_claim(&address))?;
        let placeholder = Email::new(user.id, address, Timestamp::now());
        taken.insert(&placeholder, CONFLICT)?.put(claim, Condition::absent(), CONFLICT)
    }
}
