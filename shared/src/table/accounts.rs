//! Accounts and their plans.

use std::collections::{BTreeSet, HashMap};

use super::Table;
use super::condition::Condition;
use super::item::{Claim, Item, Stored};
use super::key::Key;
use super::memberships::{Access, AdminOf};
use super::read::Items;
use super::transaction::{Changes, Transaction};
use super::wanted::Wanted;
use crate::error::Chain;
use crate::model::{
    Account, AccountId, AccountName, EmailAddress, Membership, NUMBERED_SLUGS, Plan, PlanId,
    Registry, Role, Slug, Timestamp, User, UserId,
};
use crate::{Error, Result};

/// What a new account is to be.
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// Where to write about it.
    pub contact_email: Option<EmailAddress>,
    /// Access to a private registry.
    pub registry: Option<Registry>,
}

/// What an account is to become.
pub struct AccountChange {
    /// Its name.
    pub name: AccountName,
    /// The address to show.
    pub email: EmailAddress,
}

/// An account with the address that is shown for it.
pub struct Addressed {
    /// The account.
    pub account: Account,
    /// Its contact address, else its owner's primary one; nothing if the owner is gone.
    pub email: Option<EmailAddress>,
}

/// The slug that a new account of this name should take.
pub struct SlugChoice(pub AccountName);

impl Wanted for SlugChoice {
    type Found = Slug;

    fn keys(&self, _: UserId) -> Vec<Key> {
        Slug::numbered(&self.0).map(|slug| Key::slug_claim(&slug)).collect()
    }

    /// The first that is free, else a random one; the write that claims it decides.
    fn pick(self, _: UserId, items: &mut Items) -> Result<Slug> {
        let free = Slug::numbered(&self.0)
            .take(NUMBERED_SLUGS)
            .find(|slug| !items.has(&Key::slug_claim(slug)));
        free.map_or_else(|| Slug::random(&self.0), Ok)
    }
}

impl NewAccount {
    /// The account as it starts: neither verified nor scaling by itself, on the default plan.
    pub(super) fn opened(self, slug: Slug, owner: UserId) -> Result<Account> {
        Ok(Account {
            id: AccountId::generate()?,
            name: self.name,
            slug,
            is_verified: false,
            allow_auto_scaling: false,
            plan: PlanId::DEFAULT,
            owner,
            contact_email: self.contact_email,
            registry: self.registry,
            created_at: Timestamp::now(),
        })
    }
}

impl Transaction<'_> {
    /// Adds an account with its slug, and its owner as its admin.
    pub(super) fn insert_account(self, account: &Account) -> Result<Self> {
        let admin = Membership {
            account: account.id,
            user: account.owner,
            role: Role::Admin,
            joined_at: account.created_at,
        };
        self.insert(account, || Error::Raced)?
            .put(
                Claim::of_account(account.id, Key::slug_claim(&account.slug))?,
                Condition::absent(),
                || Error::Raced,
            )?
            .insert(&admin, || Error::Raced)?
            .put(admin.at(Key::member(admin.account, admin.user))?, Condition::absent(), || {
                Error::Raced
            })
    }

    /// Claims a contact address for an account; an address of any other user than these two cannot be had.
    fn claim_contact(
        self,
        account: AccountId,
        address: &EmailAddress,
        users: [UserId; 2],
    ) -> Result<Self> {
        const TAKEN: fn() -> Error = || Error::Conflict("the e-mail address is taken");
        let ours = Condition::absent().or(Condition::one_of("account", [account.to_string()]));
        let nobody_elses =
            Condition::absent().or(Condition::one_of("user", users.map(|user| user.to_string())));
        self.put(Claim::of_account(account, Key::contact_claim(address))?, ours, TAKEN)?.check(
            Key::email_claim(address),
            nobody_elses,
            TAKEN,
        )
    }

    /// Gives a contact address back.
    fn release_contact(self, account: AccountId, address: &EmailAddress) -> Result<Self> {
        self.delete(
            Key::contact_claim(address),
            Condition::one_of("account", [account.to_string()]),
            || Error::Raced,
        )
    }
}

impl Table {
    /// The slug for a new account of this name, as things stand.
    pub(super) async fn free_slug(&self, name: &AccountName, owner: UserId) -> Result<Slug> {
        let choice = SlugChoice(name.clone());
        let mut items = self.batch_get(choice.keys(owner)).await?;
        choice.pick(owner, &mut items)
    }

    /// Opens an account for its owner, who becomes its admin; it becomes the owner's current account if there is no
    /// usable one.
    ///
    /// [`Error::Conflict`] when the contact address is taken, [`Error::Raced`] when the slug is.
    pub async fn open_account(
        &self,
        new: NewAccount,
        slug: Slug,
        owner: &Stored<User>,
    ) -> Result<Account> {
        let account = new.opened(slug, owner.id)?;
        let mut transaction = Transaction::new(self, "open an account").insert_account(&account)?;
        if let Some(address) = &account.contact_email {
            transaction = transaction.claim_contact(account.id, address, [owner.id; 2])?;
        }
        if !self.has_usable_account(owner).await? {
            let current = Changes::new().set("currentAccount", account.id)?;
            transaction = transaction.update(
                Key::user(owner.id),
                current,
                Condition::unchanged(owner),
                || Error::Raced,
            )?;
        }
        transaction.commit().await?;
        Ok(account)
    }

    async fn has_usable_account(&self, user: &Stored<User>) -> Result<bool> {
        match user.current_account {
            Some(account) => Ok(self.access(user.id, account).await?.is_usable()),
            None => Ok(false),
        }
    }

    /// Gives an account another name and address, for an admin of it.
    ///
    /// The address that is already shown is no conflict and claims nothing new. [`Error::Conflict`] when the address
    /// is another account's or another user's.
    pub async fn change_account(
        &self,
        admin: AdminOf,
        by: &Stored<User>,
        change: AccountChange,
    ) -> Result<Addressed> {
        let AdminOf { account, .. } = admin;
        let shown = self.with_address(account.item.clone(), by).await?.email;
        let same = shown.as_ref().is_some_and(|shown| shown.is(&change.email));
        let mut after = Account { name: change.name, ..account.item.clone() };
        if !same || after.contact_email.is_some() {
            after.contact_email = Some(change.email);
        }
        let mut transaction = Transaction::new(self, "change an account")
            .update(
                Key::account(after.id),
                Changes::new()
                    .set("name", &after.name)?
                    .set("contactEmail", &after.contact_email)?,
                Condition::unchanged(&account),
                || Error::Raced,
            )?
            .check(
                Key::membership(by.id, after.id),
                Condition::one_of("role", ["admin".to_owned()]),
                || Error::Raced,
            )?;
        if let Some(address) = after.contact_email.as_ref().filter(|_| !same) {
            transaction = transaction.claim_contact(after.id, address, [after.owner, by.id])?;
            if let Some(old) = &account.contact_email {
                transaction = transaction.release_contact(after.id, old)?;
            }
        }
        transaction.commit().await?;
        let email = after.contact_email.clone().or(shown);
        Ok(Addressed { account: after, email })
    }

    /// Deletes an account, for an admin of it: 404 and 403 as [`Access::admin`] says.
    ///
    /// One write makes it invisible everywhere and frees its names; then the other memberships are cleared up, however
    /// many they are. They are listed beside the write, which is exact: whoever adds a member raises the account's
    /// version, and the write demands the version that was read before.
    pub async fn close_account(&self, id: AccountId, access: Access) -> Result<()> {
        if access.account.is_none() && access.membership.is_some() {
            self.clear_members(id, self.members(id).await?).await?;
        }
        let AdminOf { account, admin } = access.admin()?;
        let mut transaction = Transaction::new(self, "delete an account")
            .delete(Key::account(id), Condition::unchanged(&account), || Error::Raced)?
            .delete(
                Key::slug_claim(&account.slug),
                Condition::one_of("account", [id.to_string()]),
                || Error::Raced,
            )?
            .delete(
                Key::membership(admin, id),
                Condition::one_of("role", ["admin".to_owned()]),
                || Error::Raced,
            )?
            .delete(Key::member(id, admin), Condition::present(), || Error::Raced)?;
        if let Some(contact) = &account.contact_email {
            transaction = transaction.release_contact(id, contact)?;
        }
        let (committed, members) = tokio::join!(transaction.commit(), self.members(id));
        committed?;
        let cleared = match members {
            Ok(members) => {
                self.clear_members(
                    id,
                    members.into_iter().filter(|member| member.user != admin).collect(),
                )
                .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = cleared {
            tracing::warn!(account = %id, error = %Chain(&error), "memberships of a deleted account are left");
        }
        Ok(())
    }

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
    pub async fn with_address(&self, account: Account, caller: &Stored<User>) -> Result<Addressed> {
        self.addressed(vec![account], caller).await?.pop().ok_or(Error::NotFound("account"))
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
            Addressed { account, email }
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
