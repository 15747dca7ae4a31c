//! E-mail addresses of users.

use crate::limits;
use crate::model::{AuditAction, Email, EmailAddress, MailKind, Timestamp, User, UserId};
use crate::table::engine::{
    Actor, Changes, Claim, Condition, EMAIL, Key, Keyed, NewNotice, Stored, Table, Trail,
    Transaction, user_partition,
};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

impl Table {
    /// All addresses of a user.
    pub async fn emails(&self, user: UserId) -> Result<Vec<Email>> {
        self.query(user_partition(user), EMAIL).await
    }

    /// Adds an address that is not verified.
    ///
    /// [`Error::Conflict`] if a user has it already, [`Error::LimitReached`] if this one has as many
    /// as are allowed.
    pub fn add_email(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        address: EmailAddress,
    ) -> Result<Write<'_, Email>> {
        address.check_reachable()?;
        Error::check_room(limits::EMAILS, user.email_count as usize)?;
        let email = Email::new(user.id, address, Timestamp::now());
        let notice = NewNotice::new(user.id, MailKind::EmailAdded).about(&email.address);
        let added = Trail::of_user(user.id, AuditAction::EmailAdded).notifying(notice);
        let transaction = Transaction::new(self, actor, "add an address", added)
            .put(
                Claim::by_user(user.id, Key::email_claim(&email.address))?,
                Condition::absent(),
                || Error::Conflict("the e-mail address is taken"),
            )?
            .insert(&email, || Error::WriteConflict)?
            .set_email_count(user, user.email_count + 1)?;
        Ok(Write::new(transaction, email).recorded_as(SecurityEvent::EmailAdded))
    }

    /// Marks an address as verified, as primary, or both. An address must be verified or proved to
    /// become primary. The one that is primary already changes only by being verified.
    ///
    /// [`Error::Conflict`] if it is neither.
    pub fn change_email(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        email: Stored<Email>,
        verify: bool,
        make_primary: bool,
    ) -> Result<Write<'_, Email>> {
        const ACTION: &str = "change an address";
        let verified = email.verified || verify;
        let becomes_verified = verified && !email.verified;
        let becomes_primary = make_primary && !user.primary_email.same_as(&email.address);
        if becomes_primary && !verify && !user.may_have_as_primary(&email) {
            return Err(Error::Conflict("only a verified or proved address can be primary"));
        }
        if !becomes_verified && !becomes_primary {
            // The request may still add a stored response.
            let transaction = Transaction::without_trail(self, actor, ACTION);
            return Ok(Write::new(transaction, email.into_inner()));
        }
        let facts = [("verified", becomes_verified), ("primary", becomes_primary)];
        let new = facts.into_iter().filter_map(|(fact, is_new)| is_new.then_some(fact));
        let updated = Trail::of_user(user.id, AuditAction::EmailUpdated).changed(new);
        let updated = if becomes_primary {
            let notice = NewNotice::new(user.id, MailKind::PrimaryEmailChanged);
            updated.notifying(notice.about(&email.address).also_to(&user.primary_email))
        } else {
            updated
        };
        let transaction = Transaction::new(self, actor, ACTION, updated);
        let unchanged = Condition::unchanged(&email);
        let transaction = if becomes_verified {
            let changes = Changes::new().set("verified", true)?;
            transaction.update(email.key(), changes, unchanged, || Error::WriteConflict)
        } else {
            transaction.check(email.key(), unchanged, || Error::WriteConflict)
        };
        let transaction = if becomes_primary {
            let primary = Changes::of_emails().set("primaryEmail", &email.address)?;
            transaction
                .update(user.key(), primary, Condition::same_emails(user), || Error::WriteConflict)
        } else {
            transaction
        };
        let event = becomes_primary.then_some(SecurityEvent::PrimaryEmailChanged);
        Ok(Write::new(transaction, Email { verified, ..email.into_inner() }).recorded_as(event))
    }

    /// Removes and releases an address. [`Error::Conflict`] if it is the primary one.
    pub fn remove_email(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        email: &Stored<Email>,
    ) -> Result<Write<'_, ()>> {
        if user.primary_email.same_as(&email.address) {
            return Err(Error::Conflict("the primary address cannot be deleted"));
        }
        let ours = Condition::one_of("user", [user.id.to_string()]);
        let notice = NewNotice::new(user.id, MailKind::EmailRemoved);
        let notice = notice.about(&email.address);
        // To others' addresses, which anybody can add and remove, nothing is sent.
        let is_own = user.has_proved(email);
        let notice = if is_own { notice.also_to(&email.address) } else { notice };
        let removed = Trail::of_user(user.id, AuditAction::EmailRemoved).notifying(notice);
        let transaction = Transaction::new(self, actor, "delete an address", removed)
            .delete(email.key(), Condition::unchanged(email), || Error::WriteConflict)
            .delete(Key::email_claim(&email.address), ours, || Error::WriteConflict)
            .delete(Key::email_proof(user.id, email.address.digest()), Condition::always(), || {
                Error::WriteConflict
            })
            .set_email_count(user, user.email_count.saturating_sub(1))?;
        Ok(Write::new(transaction, ()).recorded_as(SecurityEvent::EmailRemoved))
    }
}

impl Transaction<'_> {
    /// Updates the number of addresses of a user whose addresses are unchanged since they were read,
    /// so that concurrent requests neither exceed the limit nor remove the primary address.
    fn set_email_count(self, user: &Stored<User>, count: u32) -> Result<Self> {
        let changes = Changes::of_emails().set("emailCount", count)?;
        Ok(self.update(user.key(), changes, Condition::same_emails(user), || Error::WriteConflict))
    }
}
