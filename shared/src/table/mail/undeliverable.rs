//! Addresses to which nothing is sent until they are proved again.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::model::{AuditAction, Email, EmailAddress, Timestamp, Undeliverable, UserId};
use crate::table::engine::{
    Actor, Claim, Condition, Item, Items, Key, Stored, TTL, Table, Trail, Transaction,
};
use crate::{Error, Result};

const ACTION: &str = "mark an address as undeliverable";

impl Item for Undeliverable {
    const TYPE: &'static str = "undeliverable";
}

impl Table {
    /// Whether the address is marked as undeliverable.
    pub async fn is_undeliverable(&self, address: &EmailAddress) -> Result<bool> {
        let key = Key::undeliverable(address.digest());
        let mark = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        Ok(mark.is_some_and(|mark: Stored<Undeliverable>| is_in_force(&mark)))
    }

    /// The addresses, and whether they are marked as undeliverable: one round trip.
    pub async fn with_marks(&self, emails: Vec<Email>) -> Result<Vec<(Email, bool)>> {
        let keys = emails.iter().map(|email| Key::undeliverable(email.address.digest())).collect();
        let mut marks = self.batch_get(keys).await?;
        let with_mark = |email: Email| {
            let is_marked = take_mark(&email.address, &mut marks)?;
            Ok((email, is_marked))
        };
        emails.into_iter().map(with_mark).collect()
    }

    /// Marks an address as undeliverable, and leaves an entry in the log of its user, if it has one.
    /// False if it is marked already, or was proved after the mark's time.
    ///
    /// [`Error::WriteConflict`] if something changed meanwhile: try again.
    pub async fn mark_undeliverable(
        &self,
        address: &EmailAddress,
        mark: Undeliverable,
    ) -> Result<bool> {
        let (key, claim) = (Key::undeliverable(address.digest()), Key::email_claim(address));
        let mut items = self.batch_get(vec![key.clone(), claim.clone()]).await?;
        let existing: Option<Stored<Undeliverable>> = items.take(&key)?;
        let owner = items.take::<Claim>(&claim)?.and_then(|claim| claim.user);
        if existing.is_some_and(|existing| is_in_force(&existing)) || !is_in_force(&mark) {
            return Ok(false);
        }
        let write = match owner {
            Some(user) => {
                let Some(write) = self.mark_for(user, address, mark).await? else {
                    return Ok(false);
                };
                let ours = Condition::one_of("user", [user.to_string()]);
                write.check(claim, ours, || Error::WriteConflict)
            }
            None => Transaction::without_trail(self, &Actor::system(), ACTION).check(
                claim,
                Condition::absent(),
                || Error::WriteConflict,
            ),
        };
        let mut attributes = mark.to_attributes(key)?;
        attributes.insert(TTL.to_owned(), AttributeValue::N(mark.end().to_string()));
        let free = Condition::absent_or_expired(Timestamp::now().as_second());
        write.put(attributes, free, || Error::WriteConflict)?.commit().await?;
        Ok(true)
    }

    /// The write that marks an address of a user, with its entry; nothing if the user has proved it
    /// since.
    async fn mark_for(
        &self,
        user: UserId,
        address: &EmailAddress,
        mark: Undeliverable,
    ) -> Result<Option<Transaction<'_>>> {
        let key = Key::email(user, address);
        let email: Option<Stored<Email>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        let email = email.ok_or(Error::WriteConflict)?;
        if email.proved_at.is_some_and(|proved_at| proved_at > mark.since) {
            return Ok(None);
        }
        let trail = Trail::of_user(user, AuditAction::EmailUndeliverable);
        let trail = trail.with("cause", mark.cause.as_str());
        let write = Transaction::new(self, &Actor::system(), ACTION, trail);
        Ok(Some(write.check(key, Condition::unchanged(&email), || Error::WriteConflict)))
    }
}

impl Transaction<'_> {
    /// Takes the mark off an address, if it has one: whoever proved it gets what is sent there.
    pub(in crate::table) fn marks_deliverable(self, address: &EmailAddress) -> Self {
        let key = Key::undeliverable(address.digest());
        self.delete(key, Condition::always(), || Error::WriteConflict)
    }
}

/// Whether the address is marked, by what was read.
pub(in crate::table) fn take_mark(address: &EmailAddress, items: &mut Items) -> Result<bool> {
    let mark: Option<Stored<Undeliverable>> = items.take(&Key::undeliverable(address.digest()))?;
    Ok(mark.is_some_and(|mark| is_in_force(&mark)))
}

/// The table deletes an item some time after its end.
fn is_in_force(mark: &Undeliverable) -> bool {
    Timestamp::now().as_second() < mark.end()
}
