//! Transactions. Each condition names the error to return when it fails.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use super::actor::{Actor, Identity, UserCredential};
use super::changes::Changes;
use super::condition::Condition;
use super::failure::failed_call;
use super::item::{Attributes, Keyed};
use super::key::Key;
use super::outbox::{NewNotice, expiring};
use super::signature::UsedSignature;
use super::table::Table;
use super::trail::Trail;
use crate::error::failed;
use crate::model::{Mail, Notice};
use crate::random::{self, back_off};
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// How often a transaction is sent again after a conflict with another one.
const MAX_ATTEMPTS: u32 = 6;

/// The error to return when a condition fails.
pub(in crate::table) type OnConditionFailed = fn() -> Error;

/// A transaction that is being built: at most 100 actions, each on a different item.
pub(in crate::table) struct Transaction<'t> {
    table: &'t Table,
    actor: Actor,
    action: &'static str,
    actions: Vec<Action>,
    /// What it leaves in audit logs.
    trail: Vec<Trail>,
}

/// An action on one item, with its condition.
struct Action {
    key: Key,
    kind: ActionKind,
    condition: Condition,
    on_failed: OnConditionFailed,
}

enum ActionKind {
    Put(Attributes),
    Update(Changes),
    Delete,
    Check,
}

impl<'t> Transaction<'t> {
    /// An empty transaction, which leaves an entry in audit logs if it writes anything; `action`
    /// names the operation in errors.
    pub(in crate::table) fn new(
        table: &'t Table,
        actor: &Actor,
        action: &'static str,
        trail: Trail,
    ) -> Self {
        Self { trail: vec![trail], ..Self::without_trail(table, actor, action) }
    }

    /// An empty transaction that changes nothing that anybody can see.
    pub(in crate::table) fn without_trail(
        table: &'t Table,
        actor: &Actor,
        action: &'static str,
    ) -> Self {
        Self { table, actor: actor.clone(), action, actions: Vec::new(), trail: Vec::new() }
    }

    /// Leaves another entry in audit logs.
    pub(in crate::table) fn leaving(mut self, trail: Trail) -> Self {
        self.trail.push(trail);
        self
    }

    /// The table that it writes to.
    pub(in crate::table) const fn table(&self) -> &'t Table {
        self.table
    }

    /// Inserts an item that does not exist yet.
    pub(in crate::table) fn insert(
        self,
        item: &impl Keyed,
        on_exists: OnConditionFailed,
    ) -> Result<Self> {
        self.put(item.to_attributes(item.key())?, Condition::absent(), on_exists)
    }

    /// Puts an item, replacing any existing one for which the condition holds.
    pub(in crate::table) fn put(
        self,
        attributes: Attributes,
        condition: Condition,
        on_failed: OnConditionFailed,
    ) -> Result<Self> {
        let key = Key::from_attributes(&attributes)
            .ok_or_else(|| failed(self.action)("an item has no key"))?;
        Ok(self.add(key, ActionKind::Put(attributes), condition, on_failed))
    }

    /// Updates an item.
    pub(in crate::table) fn update(
        self,
        key: Key,
        changes: Changes,
        condition: Condition,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.add(key, ActionKind::Update(changes), condition, on_failed)
    }

    /// Deletes an item.
    pub(in crate::table) fn delete(
        self,
        key: Key,
        condition: Condition,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.add(key, ActionKind::Delete, condition, on_failed)
    }

    /// Checks a condition of an item without writing it.
    pub(in crate::table) fn check(
        self,
        key: Key,
        condition: Condition,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.add(key, ActionKind::Check, condition, on_failed)
    }

    fn add(
        mut self,
        key: Key,
        kind: ActionKind,
        condition: Condition,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.actions.push(Action { key, kind, condition, on_failed });
        self
    }

    /// Moves the last action to the front: if several conditions fail, its error is returned.
    pub(in crate::table) fn prioritize_last(mut self) -> Self {
        self.actions.rotate_right(1);
        self
    }

    /// Requires that an item still has this version, in addition to any other action on it.
    pub(in crate::table) fn unchanged(self, key: Key, version: u64) -> Self {
        self.require(key, Condition::version(version))
    }

    /// Requires what the actor rests on: the credential still exists as it was read; the user is not
    /// disabled; and a signature was not used before.
    ///
    /// These conditions come last, so that they hide no error that a method names. Only the
    /// signature's comes first: of two requests with one signature the loser learns that, and not
    /// what the other has taken.
    fn authorized(self) -> Result<Self> {
        Ok(match self.actor.identity.clone() {
            Identity::User { id, epoch, credential, .. } => {
                let enabled = Condition::same_epoch(epoch);
                match credential {
                    UserCredential::Password => {
                        self.require(Key::user(id), enabled.and(Condition::no_second_factor()))
                    }
                    UserCredential::Code | UserCredential::Passkey(_) => {
                        self.require(Key::user(id), enabled)
                    }
                    UserCredential::ApiKey { key, nonce, signature } => self
                        .require(Key::user(id), enabled.and(Condition::same_secret(key, nonce)))
                        .insert(&UsedSignature::new(id, signature), replayed_signature)?
                        .prioritize_last(),
                    UserCredential::Token(token, version) => self
                        .require(Key::user(id), enabled.and(Condition::not_revoked(token)))
                        .unchanged(Key::token(id, token), version),
                    UserCredential::Session(session, version) => self
                        .require(Key::user(id), enabled)
                        .unchanged(Key::session(id, session), version),
                    UserCredential::OAuth { grant, version, client_version } => self
                        .require(Key::user(id), enabled)
                        .unchanged(Key::grant(id, grant), version)
                        .unchanged(Key::client(grant.client()), client_version),
                }
            }
            Identity::Client(client) => self.check_exists(Key::client(client)),
            Identity::MailToken(Some((id, epoch))) => {
                self.require(Key::user(id), Condition::same_epoch(epoch))
            }
            Identity::MailToken(None) => self,
            #[cfg(feature = "operator")]
            Identity::Operator => self,
            Identity::System => self,
        })
    }

    /// Puts the entries and notices. Their ids are random, so that nothing is there.
    fn with_trail(mut self) -> Result<Self> {
        for mut trail in std::mem::take(&mut self.trail) {
            if let Some(notice) = trail.take_notice() {
                self = self.notify(notice)?;
            }
            for item in trail.into_items(&self.actor, self.table.audit_retention)? {
                self = self.put(item, Condition::absent(), || Error::WriteConflict)?;
            }
        }
        Ok(self)
    }

    /// The items of an entry in audit logs, as this actor would leave it.
    pub(in crate::table) fn entries(&self, trail: Trail) -> Result<Vec<Attributes>> {
        trail.into_items(&self.actor, self.table.audit_retention)
    }

    /// Puts a mail into the outbox.
    pub(in crate::table) fn send(self, mail: &Mail) -> Result<Self> {
        self.put(expiring(mail, mail.not_after)?, Condition::absent(), || Error::WriteConflict)
    }

    /// Puts a notice into the outbox.
    pub(in crate::table) fn send_notice(self, notice: &Notice) -> Result<Self> {
        self.put(expiring(notice, notice.not_after)?, Condition::absent(), || Error::WriteConflict)
    }

    /// Puts a new notice into the outbox, if the service sends mail.
    fn notify(self, notice: NewNotice) -> Result<Self> {
        if self.table.sends_mail() { self.send_notice(&notice.into_notice()?) } else { Ok(self) }
    }

    /// Adds a condition on an item, in addition to any other action on it. If it fails, the request
    /// runs again.
    fn require(self, key: Key, condition: Condition) -> Self {
        self.require_or(key, condition, || Error::WriteConflict)
    }

    /// Like [`Transaction::require`], with the error for when no other action is on the item.
    pub(in crate::table) fn require_or(
        mut self,
        key: Key,
        condition: Condition,
        on_failed: OnConditionFailed,
    ) -> Self {
        let Some(action) = self.actions.iter_mut().find(|action| action.key == key) else {
            return self.check(key, condition, on_failed);
        };
        let existing = std::mem::replace(&mut action.condition, Condition::present());
        action.condition = existing.and(condition);
        action.on_failed = || Error::WriteConflict;
        self
    }

    /// Checks that a credential still exists, unless this transaction writes it itself.
    fn check_exists(self, key: Key) -> Self {
        if self.actions.iter().any(|action| action.key == key) {
            return self;
        }
        self.check(key, Condition::present(), || Error::InvalidCredential)
    }

    /// Commits all actions or none.
    ///
    /// Every attempt, including the SDK's retries, carries the same client request token. If the
    /// response to a committed attempt is lost, the next one succeeds instead of failing its own
    /// conditions: `DynamoDB` deduplicates by the token for 10 minutes.
    pub(in crate::table) async fn commit(self) -> Result<()> {
        if self.actions.is_empty() {
            return Ok(());
        }
        let this = self.authorized()?.with_trail()?;
        let token = format!("{:032x}", u128::from_be_bytes(random::bytes()?));
        let (name, action) = (&this.table.name, this.action);
        let on_failed: Vec<OnConditionFailed> =
            this.actions.iter().map(|action| action.on_failed).collect();
        let writes = this.actions.into_iter().map(|action| action.into_item(name));
        let writes = writes.collect::<Result<Vec<_>, _>>().map_err(failed(action))?;
        for attempt in 0..MAX_ATTEMPTS {
            let request =
                this.table.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.client_request_token(&token).send().await else {
                return Ok(());
            };
            if let Some(on_failed) =
                first_failed_condition(&error).and_then(|place| on_failed.get(place))
            {
                return Err(on_failed());
            }
            if !is_conflict(&error) {
                return Err(failed_call(action)(error));
            }
            back_off(attempt).await?;
        }
        Err(Error::Unavailable { action, source: "every attempt met another transaction".into() })
    }
}

impl Action {
    /// Converts the action for the SDK.
    fn into_item(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let Condition { expression, names, values } = self.condition;
        let item = TransactWriteItem::builder();
        let item = match self.kind {
            ActionKind::Put(attributes) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes))
                    .condition_expression(expression)
                    .set_expression_attribute_names(non_empty(names))
                    .set_expression_attribute_values(non_empty(values))
                    .build()?,
            ),
            ActionKind::Update(changes) => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into_attributes()))
                    .update_expression(changes.expression())
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(
                        changes.names.into_iter().chain(names).collect(),
                    ))
                    .set_expression_attribute_values(Some(
                        changes.values.into_iter().chain(values).collect(),
                    ))
                    .build()?,
            ),
            ActionKind::Delete => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into_attributes()))
                    .condition_expression(expression)
                    .set_expression_attribute_names(non_empty(names))
                    .set_expression_attribute_values(non_empty(values))
                    .build()?,
            ),
            ActionKind::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into_attributes()))
                    .condition_expression(expression)
                    .set_expression_attribute_names(non_empty(names))
                    .set_expression_attribute_values(non_empty(values))
                    .build()?,
            ),
        };
        Ok(item.build())
    }
}

/// The signature counted for another request meanwhile.
fn replayed_signature() -> Error {
    SecurityEvent::SignatureReplayed.record();
    Error::used_signature()
}

/// The index of the first action whose condition failed. None if an earlier action conflicted with
/// another transaction, which may be why the condition failed.
fn first_failed_condition<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<usize> {
    let no_conflict = |reason: &CancellationReason| reason.code() != Some("TransactionConflict");
    let before_conflict = reasons(error).iter().take_while(|reason| no_conflict(reason));
    before_conflict.into_iter().position(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

/// Whether the transaction conflicted with another one or was throttled, so nothing was written.
pub(in crate::table) fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    const TRANSIENT: [&str; 3] =
        ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    let in_progress = error
        .as_service_error()
        .is_some_and(|error| error.code() == Some("TransactionInProgressException"));
    in_progress
        || reasons(error)
            .iter()
            .any(|reason| reason.code().is_some_and(|code| TRANSIENT.contains(&code)))
}

/// The cancellation reasons, one per action; empty for any other error.
pub(in crate::table) fn reasons<R>(
    error: &SdkError<TransactWriteItemsError, R>,
) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// `DynamoDB` rejects an empty map.
fn non_empty<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuditAction, UserId};
    use crate::table::engine::Connection;

    #[test]
    fn an_entry_of_an_audit_log_replaces_nothing() {
        let table = Table::connect(Connection::local("http://127.0.0.1:1", "none")).unwrap();
        let trail = Trail::of_user(UserId::generate(), AuditAction::UserUpdated);
        let transaction = Transaction::new(&table, &Actor::system(), "test", trail);

        let actions = transaction.with_trail().unwrap().actions;

        let [Action { kind: ActionKind::Put(_), condition, .. }] = &actions[..] else { panic!() };
        assert_eq!(condition.expression, Condition::absent().expression);
    }

    #[test]
    fn a_proof_takes_the_mark_off_an_address_whether_or_not_it_has_one() {
        let table = Table::connect(Connection::local("http://127.0.0.1:1", "none")).unwrap();
        let address = "jane.doe@example.com".parse().unwrap();
        let transaction = Transaction::without_trail(&table, &Actor::system(), "test");

        let actions = transaction.marks_deliverable(&address).actions;

        let [Action { key, kind: ActionKind::Delete, condition, .. }] = &actions[..] else {
            panic!()
        };
        assert_eq!(*key, Key::undeliverable(address.digest()));
        assert_eq!(condition.expression, Condition::always().expression);
    }
}
