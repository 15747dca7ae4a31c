//! Reading accounts and plans.

use std::collections::{BTreeSet, HashMap};

use crate::model::{
    Account, AccountId, EmailAddress, Membership, Plan, PlanId, Registry, User, UserId,
};
use crate::table::engine::{Key, ReadVersions, Stored, Table, Versioned};
use crate::{Error, Result};

/// An account with the e-mail address that clients see.
#[derive(Clone)]
pub struct AccountWithEmail {
    /// The account.
    pub account: Account,
    /// The contact address, else the owner's primary address, if the owner exists.
    pub email: Option<EmailAddress>,
    /// The versions of the items that were read.
    pub versions: ReadVersions,
}

impl Table {
    /// The accounts of these memberships, oldest first, without deleted ones.
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

    /// An account with its e-mail address. Reads the owner only if the owner's address is needed
    /// and the owner is not the caller.
    pub async fn account_with_email(
        &self,
        account: &Stored<Account>,
        caller: &Stored<User>,
    ) -> Result<AccountWithEmail> {
        let (versions, account) = (account.versions(), account.item.clone());
        if let Some(email) = account.contact_email.clone() {
            return Ok(AccountWithEmail { account, email: Some(email), versions });
        }
        let other = (account.owner != caller.id).then_some(account.owner);
        let owners = self.users(other.into_iter()).await?;
        let owner = if other.is_some() { owners.first() } else { Some(caller) };
        let versions = owner.into_iter().fold(versions, ReadVersions::and);
        Ok(AccountWithEmail {
            account,
            email: owner.map(|owner| owner.primary_email.clone()),
            versions,
        })
    }

    /// Accounts with their e-mail addresses. Reads only the owners whose address is needed, except
    /// the caller.
    pub async fn accounts_with_email(
        &self,
        accounts: Vec<Account>,
        caller: &Stored<User>,
    ) -> Result<Vec<AccountWithEmail>> {
        let shown = accounts
            .iter()
            .filter(|account| account.contact_email.is_none())
            .map(|account| account.owner);
        let others: BTreeSet<UserId> = shown.filter(|owner| *owner != caller.id).collect();
        let owners = self.users(others.into_iter()).await?;
        let mut primary: HashMap<UserId, &EmailAddress> =
            owners.iter().map(|owner| (owner.id, &owner.primary_email)).collect();
        primary.insert(caller.id, &caller.primary_email);
        let accounts = accounts.into_iter().map(|account| {
            let email = account
                .contact_email
                .as_ref()
                .or_else(|| primary.get(&account.owner).copied())
                .cloned();
            AccountWithEmail { account, email, versions: ReadVersions::default() }
        });
        Ok(accounts.collect())
    }

    /// An account's private registry, for the operator. Clients never see it.
    pub async fn registry(&self, id: AccountId) -> Result<Option<Registry>> {
        let account: Option<Stored<Account>> =
            self.batch_get(vec![Key::account(id)]).await?.take(&Key::account(id))?;
        Ok(account.ok_or(Error::NotFound("account"))?.into_inner().registry)
    }

    /// A plan. The default plan exists without being stored.
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
