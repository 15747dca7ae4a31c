//! What the operator's command reads, and no function can: it is not built into any.

use std::collections::BTreeMap;

use crate::Result;
use crate::model::{
    Account, AccountId, Client, ClientId, Email, Grant, Membership, Passkey, SecondFactor, Session,
    Timestamp, User, UserToken,
};
use crate::table::engine::{Key, SESSION, ScanPosition, Stored, Table, user_partition};
use crate::table::lockout::LockState;

/// A user with everything that belongs to it.
pub struct UserRecord {
    /// The user.
    pub user: User,
    /// Its addresses.
    pub emails: Vec<Email>,
    /// Its memberships, each with the account if that is not deleted.
    pub memberships: Vec<(Membership, Option<Account>)>,
    /// Its second factor, if it is on.
    pub second_factor: Option<SecondFactor>,
    /// Its passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// All its tokens, working or not.
    pub tokens: Vec<UserToken>,
    /// All its grants, working or not, each with the client if that is not deleted, and with the
    /// scopes that the client has not lost since.
    pub grants: Vec<(Grant, Option<Client>)>,
    /// All its sessions, working or not.
    pub sessions: Vec<Session>,
    /// Whether passwords are rejected.
    pub lock: LockState,
    /// Whether its deletion has begun.
    pub is_being_deleted: bool,
}

impl UserRecord {
    /// Whether a grant still works at `now`, for a scope at least.
    pub fn is_active(&self, grant: &Grant, client: Option<&Client>, now: Timestamp) -> bool {
        client.is_some_and(|client| grant.is_accepted_by(client))
            && grant.is_active(&self.user, now)
            && grant.has_scopes()
    }
}

impl Table {
    /// The users among the next megabyte of the table, in no order; also where to continue, until
    /// the end is reached.
    pub async fn scan_users(
        &self,
        after: Option<ScanPosition>,
    ) -> Result<(Vec<User>, Option<ScanPosition>)> {
        self.scan_page(after).await
    }

    /// The OAuth clients, likewise.
    pub async fn scan_clients(
        &self,
        after: Option<ScanPosition>,
    ) -> Result<(Vec<Client>, Option<ScanPosition>)> {
        self.scan_page(after).await
    }

    /// A user with everything that belongs to it: two round trips.
    pub async fn user_record(&self, user: Stored<User>) -> Result<UserRecord> {
        let user = user.into_inner();
        let (emails, memberships, passkeys, tokens, grants, sessions) = tokio::try_join!(
            self.emails(user.id),
            self.memberships(user.id),
            self.passkeys(user.id),
            self.all_tokens(user.id),
            self.all_grants(user.id),
            self.query::<Session>(user_partition(user.id), SESSION),
        )?;
        let accounts = async {
            let accounts = self.accounts(&memberships).await?.into_iter();
            Ok(accounts.map(|account| (account.id, account)).collect())
        };
        let (mut accounts, clients, (lock, is_being_deleted, second_factor)) = tokio::try_join!(
            accounts,
            self.clients(grants.iter().map(|grant| grant.client)),
            self.state_of(&user),
        )?;
        let accounts: &mut BTreeMap<AccountId, Account> = &mut accounts;
        let memberships = memberships.into_iter();
        let memberships = memberships.map(|own| (own, accounts.remove(&own.account))).collect();
        let grants = grants.into_iter().map(|mut grant| {
            let client = clients.iter().find(|client| client.id == grant.client).cloned();
            if let Some(client) = &client {
                grant.limit_to(client);
            }
            (grant, client)
        });
        let grants = grants.collect();
        Ok(UserRecord {
            user,
            emails,
            memberships,
            second_factor,
            passkeys,
            tokens,
            grants,
            sessions,
            lock,
            is_being_deleted,
        })
    }

    async fn clients(&self, ids: impl Iterator<Item = ClientId>) -> Result<Vec<Client>> {
        let keys: Vec<Key> = ids.map(Key::client).collect();
        let mut items = self.batch_get(keys.clone()).await?;
        let found = keys.iter().filter_map(|key| items.take::<Client>(key).transpose());
        found.map(|client| Ok(client?.into_inner())).collect()
    }

    async fn state_of(&self, user: &User) -> Result<(LockState, bool, Option<SecondFactor>)> {
        let (attempts, task) = (Key::user_lockout(user.id), Key::user_cleanup(user.id));
        let factor = Key::second_factor(user.id);
        let keys = vec![attempts.clone(), task.clone(), factor.clone()];
        let mut items = self.batch_get(keys).await?;
        let second_factor: Option<Stored<SecondFactor>> = items.take(&factor)?;
        let attempts = items.take_attributes(&attempts)?;
        let lock = LockState::new(user, attempts.as_ref(), Timestamp::now());
        Ok((lock, items.contains(&task), second_factor.map(Stored::into_inner)))
    }
}
