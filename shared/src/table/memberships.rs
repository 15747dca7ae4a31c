//! Who belongs to which account.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use futures_util::stream::{self, TryStreamExt};

use super::Table;
use super::condition::Condition;
use super::connection::failed_call;
use super::item::{Attributes, Item, Stored};
use super::key::{Key, MEMBER, account_partition, user_partition};
use super::read::Items;
use super::transaction::{Changes, Transaction};
use super::wanted::Wanted;
use crate::error::failed;
use crate::model::{Account, AccountId, Membership, Role, Timestamp, UserId};
use crate::random::back_off;
use crate::{Error, Result};

/// An account and the caller's place in it; any of both may be missing.
#[derive(Debug)]
pub struct Access {
    pub(super) account: Option<Stored<Account>>,
    pub(super) membership: Option<Stored<Membership>>,
}

/// Proof that a user was an admin of this account when it was read. The write repeats it as a condition.
#[derive(Debug)]
pub struct AdminOf {
    pub(super) account: Stored<Account>,
    pub(super) admin: UserId,
}

impl AdminOf {
    /// The account.
    pub const fn account(&self) -> &Stored<Account> {
        &self.account
    }
}

impl Access {
    /// The account, for any of its members: 404 without the account, 403 without a membership.
    pub fn member(self) -> Result<Stored<Account>> {
        let account = self.account.ok_or(Error::NotFound("account"))?;
        match self.membership {
            Some(_) => Ok(account),
            None => Err(Error::Forbidden("you are not a member of this account")),
        }
    }

    /// The proof, for an admin of the account: 404 without the account, 403 for anybody else.
    pub fn admin(self) -> Result<AdminOf> {
        let account = self.account.ok_or(Error::NotFound("account"))?;
        match self.membership {
            Some(membership) if membership.role == Role::Admin => {
                Ok(AdminOf { account, admin: membership.user })
            }
            Some(_) => Err(Error::Forbidden("this needs an admin of the account")),
            None => Err(Error::Forbidden("you are not a member of this account")),
        }
    }

    /// Whether the caller could still use the account as the current one.
    pub(super) const fn is_usable(&self) -> bool {
        self.account.is_some() && self.membership.is_some()
    }
}

/// The account of this id, and the caller's membership.
impl Wanted for AccountId {
    type Found = Access;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::account(*self), Key::membership(caller, *self)]
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Access> {
        Ok(Access {
            account: items.take(&Key::account(self))?,
            membership: items.take(&Key::membership(caller, self))?,
        })
    }
}

/// How many members' deletions go into one BatchWriteItem, which takes 25: each membership is two items.
const MEMBERS_AT_ONCE: usize = 12;

impl Table {
    /// A user's place in an account.
    pub async fn access(&self, user: UserId, account: AccountId) -> Result<Access> {
        account.pick(user, &mut self.batch_get(account.keys(user)).await?)
    }

    /// All memberships of a user; those of deleted accounts may still be among them.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>> {
        self.query(user_partition(user), MEMBER).await
    }

    /// Makes a user a member of an account.
    ///
    /// Raises the account's version, so that a deletion that listed its members before fails and lists them again.
    pub async fn add_member(&self, account: AccountId, user: UserId, role: Role) -> Result<()> {
        let member = Membership { account, user, role, joined_at: Timestamp::now() };
        Transaction::new(self, "add a member")
            .update(Key::account(account), Changes::new(), Condition::present(), || {
                Error::NotFound("account")
            })?
            .insert(&member, || Error::Conflict("the user is a member already"))?
            .put(member.at(Key::member(account, user))?, Condition::absent(), || {
                Error::Conflict("the user is a member already")
            })?
            .commit()
            .await
    }

    /// All members of an account.
    pub(super) async fn members(&self, account: AccountId) -> Result<Vec<Membership>> {
        self.query(account_partition(account), MEMBER).await
    }

    /// Deletes memberships that outlived their account. It may stop anywhere and be run again, by several at once:
    /// nothing sees these memberships any more, since nothing looks at one without its account.
    pub(super) async fn clear_members(
        &self,
        account: AccountId,
        members: Vec<Membership>,
    ) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(4);
        let batches = stream::iter(members.chunks(MEMBERS_AT_ONCE).map(Ok));
        batches.try_for_each_concurrent(8, |batch| self.delete_members(account, batch, until)).await
    }

    async fn delete_members(
        &self,
        account: AccountId,
        batch: &[Membership],
        until: Instant,
    ) -> Result<()> {
        let keys = batch.iter().flat_map(|member| {
            [Key::membership(member.user, account), Key::member(account, member.user)]
        });
        let mut pending =
            keys.map(|key| deletion(key.into_attributes())).collect::<Result<Vec<_>>>()?;
        let mut attempt = 0;
        while !pending.is_empty() && Instant::now() < until {
            let answer =
                self.client.batch_write_item().request_items(&self.name, pending).send().await;
            let answer = answer.map_err(failed_call("clear up memberships"))?;
            pending = answer
                .unprocessed_items
                .and_then(|mut tables| tables.remove(&self.name))
                .unwrap_or_default();
            if !pending.is_empty() {
                back_off(attempt).await?;
                attempt += 1;
            }
        }
        Ok(())
    }
}

fn deletion(key: Attributes) -> Result<WriteRequest> {
    let delete = DeleteRequest::builder()
        .set_key(Some(key))
        .build()
        .map_err(failed("clear up memberships"))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
