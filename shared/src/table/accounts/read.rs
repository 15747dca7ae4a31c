//! Reading accounts and their plans.

use std::collections::{BTreeSet, HashMap};

use crate::model::{
    Account, AccountId, EmailAddress, Membership, Plan, PlanId, Registry, User, UserId,
};
use crate::table::engine::{Key, ReadVersions, Stored, Table, Versioned};
use crate::{Error, Result};

/// An account with the address that is shown for it.
#[derive(Clone)]
pub struct Addressed {
    /// The account.
    pub account: Account,
    /// Its contact address, else its owner's primary one; nothing if the owner is gone.
    pub email: Option<EmailAddress>,
    /// What was read for it.
    pub basis: ReadVersions,
}

impl Table {
    /// The accounts of these memberships, oldest first. Deleted ones are not among them.
    pub async fn accounts(&self, memberships: &[Membership]) -> Result<Vec<Account>> {
        let keys: Vec<Key> =
            memberships.iter().map(|membership| Key::account(membership.account)).collect();
        let mut items = self.batch_get(keys.clone()).await?;
        let found: Result<Vec<Stored<Account>>> =
            keys.iter().filter_map(|key| items.take(key).transpose()).collect();
        let mut accounts: Vec<Account> = found?.into_iter().map(|stored| stored.item).collect();
        accounts.sort_unstable_by_key(|account| (account.created_at, account.id));
        Ok(accounts)
    }

    /// The account with the address to show for it; asks for the owner only if its address is shown and is not the
    /// caller's.
    pub async fn with_address(
        &self,
        account: &Stored<Account>,
        caller: &Stored<User>,
    ) -> Result<Addressed> {
        let (basis, account) = (account.basis(), account.item.clone());
        if let Some(email) = account.contact_email.clone() {
            return Ok(Addressed { account, email: Some(email), basis });
        }
        let other = (account.owner != caller.id).then_some(account.owner);
        let owners = self.users(other.into_iter()).await?;
        let owner = if other.is_some() { owners.first() } else { Some(caller) };
        let basis = owner.into_iter().fold(basis, ReadVersions::and);
        Ok(Addressed { account, email: owner.map(|owner| owner.primary_email.clone()), basis })
    }

    /// The accounts with the addresses to show for them. Asks for nobody but the owners whose address is shown, and
    /// not for the caller, who is known.
    pub async fn addressed(
        &self,
        accounts: Vec<Account>,
        caller: &Stored<User>,
    ) -> Result<Vec<Addressed>> {
        let shown = accounts
            .iter()
            .filter(|account| account.contact_email.is_none())
            .map(|account| account.owner);
        let others: BTreeSet<UserId> = shown.filter(|owner| *owner != caller.id).collect();
        let owners = self.users(others.into_iter()).await?;
        let mut primary: HashMap<UserId, &EmailAddress> =
            owners.iter().map(|owner| (owner.id, &owner.primary_email)).collect();
        primary.insert(caller.id, &caller.primary_email);
        let addressed = accounts.into_iter().map(|account| {
            let email = account
                .contact_email
                .as_ref()
                .or_else(|| primary.get(&account.owner).copied())
                .cloned();
            Addressed { account, email, basis: ReadVersions::default() }
        });
        Ok(addressed.collect())
    }

    /// An account's access to a private registry, for the operator: no operation of a client shows it.
    pub async fn registry(&self, id: AccountId) -> Result<Option<Registry>> {
        let account: Option<Stored<Account>> =
            self.batch_get(vec![Key::account(id)]).await?.take(&Key::account(id))?;
        Ok(account.ok_or(Error::NotFound("account"))?.into_inner().registry)
    }

    /// A plan; the default one exists without being stored.
    pub async fn plan(&self, id: PlanId) -> Result<Plan> {
        let key = Key::plan(id);
        let stored: Option<Stored<Plan>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        match stored {
            Some(stored) => Ok(stored.item),
            None if id == PlanId::DEFAULT => Ok(Plan::default_plan()),
            None => Err(Error::NotFound("plan")),
        }
    }
}
