//! Updating accounts and their contact addresses.

use super::memberships::AdminOf;
use super::read::AccountWithEmail;
use crate::model::{Account, AccountId, AccountName, AuditAction, EmailAddress, Registry, UserId};
use crate::table::engine::{
    Actor, Changes, Claim, Condition, Key, Stored, Table, Trail, Transaction,
};
use crate::table::write::Write;
use crate::{Error, Result};

/// The new data of an account. What is absent stays.
pub struct AccountChange {
    /// The name.
    pub name: Option<AccountName>,
    /// The address to show.
    pub email: Option<EmailAddress>,
}

impl Transaction<'_> {
    /// Claims a contact address for an account. It must not be an address of a user other than
    /// these two.
    pub(in crate::table) fn claim_contact(
        self,
        account: AccountId,
        address: &EmailAddress,
        users: [UserId; 2],
    ) -> Result<Self> {
        const TAKEN: fn() -> Error = || Error::Conflict("the e-mail address is taken");
        let ours = Condition::absent().or(Condition::one_of("account", [account.to_string()]));
        let no_other_users =
            Condition::absent().or(Condition::one_of("user", users.map(|user| user.to_string())));
        let claim = Claim::by_account(account, Key::contact_claim(address))?;
        Ok(self.put(claim, ours, TAKEN)?.check(Key::email_claim(address), no_other_users, TAKEN))
    }

    /// Claims the new contact address, if there is one, and releases the previous one.
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

    /// Releases a contact address.
    pub(in crate::table) fn release_contact(
        self,
        account: AccountId,
        address: &EmailAddress,
    ) -> Self {
        self.delete(
            Key::contact_claim(address),
            Condition::one_of("account", [account.to_string()]),
            || Error::WriteConflict,
        )
    }
}

/// What only the operator decides about an account. What is absent stays.
#[derive(Debug, Clone, Copy)]
pub struct AccountFlags {
    /// Whether the operator vouches for it.
    pub is_verified: Option<bool>,
    /// Whether autoscaling is allowed.
    pub allow_auto_scaling: Option<bool>,
}

fn changed_fields(before: &Account, after: &Account) -> impl Iterator<Item = &'static str> {
    let differs = [
        ("name", before.name.as_str() != after.name.as_str()),
        ("email", before.contact_email != after.contact_email),
    ];
    differs.into_iter().filter_map(|(field, differs)| differs.then_some(field))
}

impl Table {
    /// Sets the flags of an account. [`Error::NotFound`] if there is none.
    pub async fn set_account_flags(
        &self,
        actor: &Actor,
        account: AccountId,
        flags: AccountFlags,
    ) -> Result<()> {
        let (mut changes, mut fields) = (Changes::new(), Vec::new());
        for (attribute, value) in
            [("isVerified", flags.is_verified), ("allowAutoScaling", flags.allow_auto_scaling)]
        {
            if let Some(value) = value {
                changes = changes.set(attribute, value)?;
                fields.push(attribute);
            }
        }
        let updated = Trail::of_account(account, AuditAction::AccountUpdated).changed(fields);
        Transaction::new(self, actor, "set the flags of an account", updated)
            .update(Key::account(account), changes, Condition::present(), || {
                Error::NotFound("account")
            })
            .commit()
            .await
    }

    /// Changes the name and the contact address of an account.
    ///
    /// `shown` is the account with the address that clients see now; keeping that address claims
    /// nothing. [`Error::Conflict`] if the address belongs to another account or another user.
    pub fn change_account(
        &self,
        actor: &Actor,
        AdminOf { account: before, admin }: AdminOf,
        shown: AccountWithEmail,
        change: AccountChange,
    ) -> Result<Write<'_, AccountWithEmail>> {
        let AccountWithEmail { email: shown, versions, .. } = shown;
        let AccountChange { name, email } = change;
        let is_shown = |email: &EmailAddress| shown.as_ref().is_some_and(|own| own.same_as(email));
        let same = email.as_ref().is_none_or(is_shown);
        let mut after = before.item.clone();
        after.name = name.unwrap_or(after.name);
        if !same || after.contact_email.is_some() {
            after.contact_email = email.or(after.contact_email);
        }
        let transaction = self.update_account(actor, &before, &after, admin)?;
        let transaction =
            if same { transaction } else { transaction.move_contact(&before, &after, admin)? };
        let email = after.contact_email.clone().or(shown);
        Ok(Write::new(transaction, AccountWithEmail { account: after, email, versions }))
    }

    /// Sets an account's access to a private registry, or takes it away.
    pub fn set_registry(
        &self,
        actor: &Actor,
        AdminOf { account: before, admin }: AdminOf,
        registry: Option<&Registry>,
    ) -> Result<Write<'_, ()>> {
        let changes = match registry {
            Some(registry) => Changes::new().set("registry", registry)?,
            None => Changes::new().remove("registry"),
        };
        let updated = Trail::of_account(before.id, AuditAction::AccountUpdated);
        let unchanged = Condition::unchanged(&before);
        let transaction =
            Transaction::new(self, actor, "set a registry", updated.changed(["registry"]))
                .update(Key::account(before.id), changes, unchanged, || Error::WriteConflict)
                .check_admin(admin, before.id);
        Ok(Write::new(transaction, ()))
    }

    /// The update of the account item, for an admin.
    fn update_account(
        &self,
        actor: &Actor,
        before: &Stored<Account>,
        after: &Account,
        admin: UserId,
    ) -> Result<Transaction<'_>> {
        let mut changes = Changes::new().set("name", &after.name)?;
        if let Some(address) = &after.contact_email {
            changes = changes.set("contactEmail", address)?;
        }
        let updated = Trail::of_account(after.id, AuditAction::AccountUpdated);
        let updated = updated.changed(changed_fields(before, after));
        Ok(Transaction::new(self, actor, "change an account", updated)
            .update(Key::account(after.id), changes, Condition::unchanged(before), || {
                Error::WriteConflict
            })
            .check_admin(admin, after.id))
    }
}
