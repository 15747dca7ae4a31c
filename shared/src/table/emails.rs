//! The addresses of users.

use super::Table;
use super::condition::Condition;
use super::item::{Claim, Keyed, Stored};
use super::key::{EMAIL, Key, user_partition};
use super::transaction::{Changes, Transaction};
use super::write::Write;
use crate::limits;
use crate::model::{Email, EmailAddress, Timestamp, User, UserId};
use crate::{Error, Result};

impl Table {
    /// All addresses of a user.
    pub async fn emails(&self, user: UserId) -> Result<Vec<Email>> {
        self.query(user_partition(user), EMAIL).await
    }

    /// Adds an address to a user, not verified.
    ///
    /// [`Error::Conflict`] when some user has it already, or this one has [`limits::MAX_EMAILS`].
    pub fn add_email(
        &self,
        user: &Stored<User>,
        address: EmailAddress,
    ) -> Result<Write<'_, Email>> {
        if user.email_count >= limits::MAX_EMAILS {
            return Err(Error::Conflict("you have 50 addresses already"));
        }
        let email = Email { user: user.id, address, verified: false, added_at: Timestamp::now() };
        let transaction = Transaction::new(self, "add an address")
            .put(
                Claim::of_user(user.id, Key::email_claim(&email.address))?,
                Condition::absent(),
                || Error::Conflict("the e-mail address is taken"),
            )?
            .insert(&email, || Error::WriteConflict)?
            .counted(user, user.email_count + 1)?;
        Ok(Write::new(transaction, email))
    }

    /// Makes an address verified, or the primary one, or both. Only a verified one can be primary.
    pub fn change_email(
        &self,
        user: &Stored<User>,
        email: Stored<Email>,
        verify: bool,
        make_primary: bool,
    ) -> Result<Write<'_, Email>> {
        let verified = email.verified || verify;
        if make_primary && !verified {
            return Err(Error::invalid("primary", "only a verified address can be primary"));
        }
        let becomes_verified = verified && !email.verified;
        let becomes_primary = make_primary && !user.primary_email.same_as(&email.address);
        let transaction = Transaction::new(self, "change an address");
        if !becomes_verified && !becomes_primary {
            return Ok(Write::new(transaction, email.into_inner()));
        }
        let unchanged = Condition::unchanged(&email);
        let transaction = if becomes_verified {
            let changes = Changes::new().set("verified", true)?;
            transaction.update(email.key(), changes, unchanged, || Error::WriteConflict)
        } else {
            transaction.check(email.key(), unchanged, || Error::WriteConflict)
        };
        let transaction = if becomes_primary {
            let primary = Changes::new().set("primaryEmail", &email.address)?;
            transaction
                .update(user.key(), primary, Condition::unchanged(user), || Error::WriteConflict)
        } else {
            transaction.check(user.key(), Condition::enabled(), || Error::InvalidCredential)
        };
        Ok(Write::new(transaction, Email { verified, ..email.into_inner() }))
    }

    /// Takes an address that is not the primary one from a user; it is free again.
    pub fn remove_email(
        &self,
        user: &Stored<User>,
        email: &Stored<Email>,
    ) -> Result<Write<'_, ()>> {
        if user.primary_email.same_as(&email.address) {
            return Err(Error::invalid("email", "is the primary address, which cannot be deleted"));
        }
        let ours = Condition::one_of("user", [user.id.to_string()]);
        let transaction = Transaction::new(self, "delete an address")
            .delete(email.key(), Condition::present(), || Error::WriteConflict)
            .delete(Key::email_claim(&email.address), ours, || Error::WriteConflict)
            .counted(user, user.email_count.saturating_sub(1))?;
        Ok(Write::new(transaction, ()))
    }
}

impl Transaction<'_> {
    /// Says how many addresses a user has now, who must be as it was read: the limit holds and the primary address is
    /// there however many requests come at once.
    fn counted(self, user: &Stored<User>, count: u32) -> Result<Self> {
        let changes = Changes::new().set("emailCount", count)?;
        Ok(self.update(user.key(), changes, Condition::unchanged(user), || Error::WriteConflict))
    }
}
