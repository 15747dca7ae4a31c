//! Changing accounts, and the contact addresses that they claim.

use super::Table;
use super::accounts::Addressed;
use super::condition::Condition;
use super::item::{Claim, Stored};
use super::key::Key;
use super::memberships::AdminOf;
use super::transaction::{Changes, Transaction};
use super::write::Write;
use crate::model::{Account, AccountId, AccountName, EmailAddress, UserId};
use crate::{Error, Result};

/// What an account is to become.
pub struct AccountChange {
    /// Its name.
    pub name: AccountName,
    /// The address to show.
    pub email: EmailAddress,
}

impl Transaction<'_> {
    /// Claims a contact address for an account; an address of any other user than these two cannot be had.
    pub(super) fn claim_contact(
        self,
        account: AccountId,
        address: &EmailAddress,
        users: [UserId; 2],
    ) -> Result<Self> {
        const TAKEN: fn() -> Error = || Error::Conflict("the e-mail address is taken");
        let ours = Condition::absent().or(Condition::one_of("account", [account.to_string()]));
        let nobody_elses =
            Condition::absent().or(Condition::one_of("user", users.map(|user| user.to_string())));
        let claim = Claim::of_account(account, Key::contact_claim(address))?;
        Ok(self.put(claim, ours, TAKEN)?.check(Key::email_claim(address), nobody_elses, TAKEN))
    }

    /// Claims the address that an account has now, and gives the one that it had back.
    fn move_contact(self, before: &Account, after: &Account, by: UserId) -> Result<Self> {
        let claimed = match &after.contact_email {
            Some(address) => self.claim_contact(after.id, address, [after.owner, by])?,
            None => self,
        };
        Ok(match &before.contact_email {
            Some(address) => claimed.release_contact(before.id, address),
            None => claimed,
        })
    }

    /// Gives a contact address back.
    pub(super) fn release_contact(self, account: AccountId, address: &EmailAddress) -> Self {
        self.delete(
            Key::contact_claim(address),
            Condition::one_of("account", [account.to_string()]),
            || Error::WriteConflict,
        )
    }
}

impl Table {
    /// Gives an account another name and address, for an admin of it.
    ///
    /// `shown` is the account as it is now. Its address is no conflict and claims nothing new. [`Error::Conflict`] when the
    /// address is another account's or another user's.
    pub fn change_account(
        &self,
        AdminOf { account: before, admin }: AdminOf,
        shown: Addressed,
        change: AccountChange,
    ) -> Result<Write<'_, Addressed>> {
        let Addressed { email: shown, basis, .. } = shown;
        let same = shown.as_ref().is_some_and(|shown| shown.same_as(&change.email));
        let mut after = Account { name: change.name, ..before.item.clone() };
        if !same || after.contact_email.is_some() {
            after.contact_email = Some(change.email);
        }
        let transaction = self.changing(&before, &after, admin)?;
        let transaction =
            if same { transaction } else { transaction.move_contact(&before, &after, admin)? };
        let email = after.contact_email.clone().or(shown);
        Ok(Write::new(transaction, Addressed { account: after, email, basis }))
    }

    /// The write to the account itself, for an admin of it.
    fn changing(
        &self,
        before: &Stored<Account>,
        after: &Account,
        admin: UserId,
    ) -> Result<Transaction<'_>> {
        let mut changes = Changes::new().set("name", &after.name)?;
        if let Some(address) = &after.contact_email {
            changes = changes.set("contactEmail", address)?;
        }
        let is_admin = Condition::one_of("role", ["admin".to_owned()]);
        Ok(Transaction::new(self, "change an account")
            .update(Key::account(after.id), changes, Condition::unchanged(before), || {
                Error::WriteConflict
            })
            .check(Key::user(admin), Condition::enabled(), || Error::InvalidCredential)
            .check(Key::membership(admin, after.id), is_admin, || Error::WriteConflict))
    }
}
