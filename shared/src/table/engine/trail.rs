//! What a write leaves in audit logs, in its own transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::actor::{Actor, Identity, UserCredential};
use super::item::{Attributes, Item, TTL};
use super::key::Key;
use super::outbox::NewNotice;
use crate::Result;
use crate::lifetimes::DAY;
use crate::model::{
    AccountId, AuditAction, AuditActor, AuditDetail, AuditEntry, AuditEntryId, AuditLog,
    AuditTarget, Timestamp, UserId,
};

impl Item for AuditEntry {
    const TYPE: &'static str = "audit";
}

/// An entry that a write leaves in each log concerned.
pub(in crate::table) struct Trail {
    action: AuditAction,
    /// Who did it, if not who writes it.
    actor: Option<Actor>,
    logs: Vec<AuditLog>,
    target: AuditTarget,
    changed: Vec<&'static str>,
    details: BTreeMap<&'static str, AuditDetail>,
    notice: Option<NewNotice>,
}

impl Trail {
    /// In the log of a user, to whom it was done.
    pub(in crate::table) fn of_user(user: UserId, action: AuditAction) -> Self {
        Self::new(AuditLog::User(user), user.into(), action)
    }

    /// In the log of an account, to which it was done.
    pub(in crate::table) fn of_account(account: AccountId, action: AuditAction) -> Self {
        Self::new(AuditLog::Account(account), account.into(), action)
    }

    /// In the logs of both sides of a membership.
    pub(in crate::table) fn of_member(
        account: AccountId,
        user: UserId,
        action: AuditAction,
    ) -> Self {
        Self::of_user(user, action).also_in(AuditLog::Account(account)).with("account", &account)
    }

    /// In the log of the service.
    pub(in crate::table) fn of_service(
        target: impl Into<AuditTarget>,
        action: AuditAction,
    ) -> Self {
        Self::new(AuditLog::Service, target.into(), action)
    }

    fn new(log: AuditLog, target: AuditTarget, action: AuditAction) -> Self {
        let (logs, changed, details) = (vec![log], Vec::new(), BTreeMap::new());
        Self { action, actor: None, logs, target, changed, details, notice: None }
    }

    /// Also in another log.
    pub(in crate::table) fn also_in(mut self, log: AuditLog) -> Self {
        if !self.logs.contains(&log) {
            self.logs.push(log);
        }
        self
    }

    /// It was done to something that belongs to whose log it is.
    pub(in crate::table) fn to(self, target: impl Into<AuditTarget>) -> Self {
        Self { target: target.into(), ..self }
    }

    /// Names fields that were set.
    pub(in crate::table) fn changed(
        mut self,
        fields: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        self.changed.extend(fields);
        self
    }

    /// Adds an id, a role, a scope or a kind: nothing that a person chose.
    pub(in crate::table) fn with(
        mut self,
        name: &'static str,
        detail: &(impl ToString + ?Sized),
    ) -> Self {
        self.details.insert(name, AuditDetail::One(detail.to_string()));
        self
    }

    /// Adds several, if there are any.
    pub(in crate::table) fn with_all<T: ToString>(
        mut self,
        name: &'static str,
        details: impl IntoIterator<Item = T>,
    ) -> Self {
        let details: Vec<_> = details.into_iter().map(|detail| detail.to_string()).collect();
        if !details.is_empty() {
            self.details.insert(name, AuditDetail::Many(details));
        }
        self
    }

    /// It was done by another one than who writes the entry.
    pub(in crate::table) fn by(self, actor: &Actor) -> Self {
        Self { actor: Some(actor.clone()), ..self }
    }

    /// Also tells a user by mail.
    pub(in crate::table) fn notifying(self, notice: NewNotice) -> Self {
        Self { notice: Some(notice), ..self }
    }

    pub(super) fn take_notice(&mut self) -> Option<NewNotice> {
        self.notice.take()
    }

    /// The items to put, each at a key where nothing is yet, to be kept for so many days.
    pub(super) fn into_items(self, actor: &Actor, days: i64) -> Result<Vec<Attributes>> {
        let now = Timestamp::now();
        let actor = self.actor.as_ref().unwrap_or(actor);
        let entry = AuditEntry {
            id: AuditEntryId::generate(now)?,
            at: now,
            action: self.action.as_str().to_owned(),
            actor: actor.in_audit_log(),
            target: self.target,
            changed: self.changed.into_iter().map(str::to_owned).collect(),
            details: self.details.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            request_id: actor.request_context.request_id.clone(),
            dialect: actor.request_context.dialect.map(str::to_owned),
        };
        let end = now.as_second() + days * DAY;
        let item = |log| {
            let mut attributes = entry.to_attributes(Key::audit_entry(log, entry.id))?;
            attributes.insert(TTL.to_owned(), AttributeValue::N(end.to_string()));
            Ok(attributes)
        };
        self.logs.into_iter().map(item).collect()
    }
}

impl Actor {
    fn in_audit_log(&self) -> AuditActor {
        let (kind, id, credential_id) = match &self.identity {
            Identity::User { id, credential, .. } => {
                let credential = match credential {
                    UserCredential::Password | UserCredential::Code => None,
                    UserCredential::ApiKey { key, .. } => Some(key.to_string()),
                    UserCredential::Token(token, _) => Some(token.to_string()),
                    UserCredential::Passkey(passkey) => Some(passkey.to_string()),
                    UserCredential::Session(session, _) => Some(session.to_string()),
                    UserCredential::OAuth { grant, .. } => Some(grant.to_string()),
                };
                ("user", Some(id.to_string()), credential)
            }
            Identity::Client(client) => ("client", Some(client.to_string()), None),
            Identity::MailToken(user) => ("mailToken", user.map(|(id, _)| id.to_string()), None),
            #[cfg(feature = "operator")]
            Identity::Operator => ("operator", None, None),
            Identity::System => ("system", None, None),
        };
        AuditActor { kind: kind.to_owned(), id, credential_id }
    }
}
