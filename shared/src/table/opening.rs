//! Opening accounts.

use super::Table;
use super::condition::Condition;
use super::item::{Claim, Item, Stored};
use super::key::Key;
use super::read::Items;
use super::transaction::{Changes, Transaction};
use super::wanted::Fetch;
use super::write::Write;
use crate::error::failed;
use crate::model::{
    Account, AccountId, AccountName, EmailAddress, Membership, PlanId, Registry, Role, Slug,
    Timestamp, User, UserId, Username,
};
use crate::telemetry::request::observe;
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

/// The slug that a new account of this name should take.
pub struct FreeSlug(pub AccountName);

impl Fetch for FreeSlug {
    type Output = Slug;

    fn keys(&self, _: UserId) -> Vec<Key> {
        Slug::candidates(&self.0).map(|slug| Key::slug_claim(&slug)).collect()
    }

    /// The first that is free, else a random one; the write that claims it decides.
    fn pick(self, _: UserId, items: &mut Items) -> Result<Slug> {
        let free = Slug::candidates(&self.0).find(|slug| !items.has(&Key::slug_claim(slug)));
        free.map_or_else(|| Slug::random(&self.0), Ok)
    }
}

/// The names that a new user should take: the username, and the slug of the personal account.
#[derive(Clone)]
pub struct FreeNames {
    /// The name wished for, or derived.
    pub username: Username,
    /// Whether another one will do.
    pub is_derived: bool,
}

impl FreeNames {
    /// The name of the personal account.
    fn account_name(username: &Username) -> Result<AccountName> {
        username.to_string().parse().map_err(failed("name an account"))
    }
}

impl Fetch for FreeNames {
    /// Nothing if the username is taken and no other will do.
    type Output = Option<(Username, Slug)>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let slugs = Self::account_name(&self.username).map(|name| FreeSlug(name).keys(caller));
        let mut keys = slugs.unwrap_or_default();
        keys.push(Key::username_claim(&self.username));
        keys
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        if !items.has(&Key::username_claim(&self.username)) {
            let slug = FreeSlug(Self::account_name(&self.username)?).pick(caller, items)?;
            return Ok(Some((self.username, slug)));
        }
        if !self.is_derived {
            return Ok(None);
        }
        let username = self.username.with_random_digits()?;
        // Nobody has looked at its slugs, but with eight random digits the first is free.
        let slug = FreeSlug(Self::account_name(&username)?).pick(caller, items)?;
        Ok(Some((username, slug)))
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
        self.insert(account, || Error::WriteConflict)?
            .put(
                Claim::of_account(account.id, Key::slug_claim(&account.slug))?,
                Condition::absent(),
                || Error::WriteConflict,
            )?
            .insert(&admin, || Error::WriteConflict)?
            .put(admin.at(Key::member(admin.account, admin.user))?, Condition::absent(), || {
                Error::WriteConflict
            })
    }
}

impl Table {
    /// The slug for a new account of this name, as things stand.
    pub(super) async fn free_slug(&self, name: &AccountName, owner: UserId) -> Result<Slug> {
        let choice = FreeSlug(name.clone());
        let mut items = self.batch_get(choice.keys(owner)).await?;
        choice.pick(owner, &mut items)
    }

    /// Opens an account for its owner, who becomes its admin; it becomes the owner's current account if there is no
    /// usable one.
    ///
    /// [`Error::Conflict`] when the contact address is taken, [`Error::WriteConflict`] when the slug is.
    pub async fn create_account(
        &self,
        new: NewAccount,
        slug: Slug,
        owner: &Stored<User>,
    ) -> Result<Write<'_, Account>> {
        let account = new.opened(slug, owner.id)?;
        let mut transaction = Transaction::new(self, "open an account").insert_account(&account)?;
        if let Some(address) = &account.contact_email {
            transaction = transaction.claim_contact(account.id, address, [owner.id; 2])?;
        }
        let key = Key::user(owner.id);
        transaction = if self.has_usable_account(owner).await? {
            transaction.check(key, Condition::enabled(), || Error::InvalidCredential)
        } else {
            let current = Changes::new().set("currentAccount", account.id)?;
            transaction.update(key, current, Condition::unchanged(owner), || Error::WriteConflict)
        };
        observe(|observed| observed.account = Some(account.id.to_string()));
        Ok(Write::new(transaction, account))
    }

    async fn has_usable_account(&self, user: &Stored<User>) -> Result<bool> {
        match user.current_account {
            Some(account) => Ok(self.access(user.id, account).await?.is_usable()),
            None => Ok(false),
        }
    }
}
