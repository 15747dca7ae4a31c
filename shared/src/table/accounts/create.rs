//! Creating accounts.

use crate::model::{
    Account, AccountId, AccountName, AuditAction, AuditLog, Counts, EmailAddress, Membership,
    PlanId, Registry, Role, Slug, Timestamp, User, UserId,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Changes, Claim, Condition, Fetch, Item, Items, Key, Stored, Table, Trail, Transaction,
};
use crate::table::write::Write;
use crate::telemetry::request::observe;
use crate::{Error, Result};

/// The data of a new account.
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// The contact address.
    pub contact_email: Option<EmailAddress>,
    /// Access to a private registry.
    pub registry: Option<Registry>,
}

/// An account that was made.
pub struct CreatedAccount {
    /// The account.
    pub account: Account,
    /// Whether it is now the owner's current one.
    pub is_current: bool,
}

/// A free slug for a new account with this name.
pub struct FreeSlug(pub AccountName);

impl Fetch for FreeSlug {
    type Output = Slug;

    fn keys(&self, _: UserId) -> Vec<Key> {
        Slug::candidates(self.0.as_str()).map(|slug| Key::slug_claim(&slug)).collect()
    }

    /// The first free candidate, else a random slug. The write that claims it can still fail.
    fn extract(self, _: UserId, items: &mut Items) -> Result<Slug> {
        let free =
            Slug::candidates(self.0.as_str()).find(|slug| !items.contains(&Key::slug_claim(slug)));
        free.map_or_else(|| Slug::random(self.0.as_str()), Ok)
    }
}

impl NewAccount {
    /// A new account: not verified, without autoscaling, on the default plan.
    pub(in crate::table) fn into_account(self, slug: Slug, owner: UserId) -> Result<Account> {
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
            member_count: 1,
            admin_count: 1,
            created_at: Timestamp::now(),
        })
    }
}

impl Transaction<'_> {
    /// Inserts an account with its slug, and its owner as its admin.
    pub(in crate::table) fn insert_account(self, account: &Account) -> Result<Self> {
        let admin = Membership {
            account: account.id,
            user: account.owner,
            role: Role::Admin,
            joined_at: account.created_at,
        };
        self.insert(account, || Error::WriteConflict)?
            .put(
                Claim::by_account(account.id, Key::slug_claim(&account.slug))?,
                Condition::absent(),
                || Error::WriteConflict,
            )?
            .insert(&admin, || Error::WriteConflict)?
            .put(
                admin.to_attributes(Key::member(admin.account, admin.user))?,
                Condition::absent(),
                || Error::WriteConflict,
            )
    }
}

impl Table {
    /// Reads a free slug for a new account with this name.
    pub(in crate::table) async fn free_slug(
        &self,
        name: &AccountName,
        owner: UserId,
    ) -> Result<Slug> {
        let fetch = FreeSlug(name.clone());
        let mut items = self.batch_get(fetch.keys(owner)).await?;
        fetch.extract(owner, &mut items)
    }

    /// Creates an account whose owner becomes its admin. It becomes the owner's current account if
    /// there is no usable one.
    ///
    /// [`Error::Conflict`] if the contact address is taken, [`Error::LimitReached`] if the owner
    /// has as many accounts as are allowed, [`Error::WriteConflict`] if the slug is taken.
    pub async fn create_account(
        &self,
        actor: &Actor,
        new: NewAccount,
        slug: Slug,
        owner: &Stored<User>,
        counts: Option<&Stored<Counts>>,
    ) -> Result<Write<'_, CreatedAccount>> {
        existing(counts)?.check_account()?;
        let account = new.into_account(slug, owner.id)?;
        let created = Trail::of_account(account.id, AuditAction::AccountCreated)
            .also_in(AuditLog::User(owner.id));
        let mut transaction = Transaction::new(self, actor, "create an account", created)
            .insert_account(&account)?
            .count_new_account(owner.id);
        if let Some(address) = &account.contact_email {
            transaction = transaction.claim_contact(account.id, address, [owner.id; 2])?;
        }
        let is_current = !self.has_usable_account(owner).await?;
        if is_current {
            let current = Changes::new().set("currentAccount", account.id)?;
            let updated = Trail::of_user(owner.id, AuditAction::UserUpdated)
                .changed(["currentAccount"])
                .with("account", &account.id);
            transaction = transaction.leaving(updated).update(
                Key::user(owner.id),
                current,
                Condition::unchanged(owner),
                || Error::WriteConflict,
            );
        }
        observe(|observed| observed.account = Some(account.id.to_string()));
        Ok(Write::new(transaction, CreatedAccount { account, is_current }))
    }

    async fn has_usable_account(&self, user: &Stored<User>) -> Result<bool> {
        match user.current_account {
            Some(account) => Ok(self.access(user.id, account).await?.is_usable()),
            None => Ok(false),
        }
    }
}
