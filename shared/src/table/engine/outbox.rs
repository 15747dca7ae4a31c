//! What a write puts into the outbox, in its own transaction.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attributes, Item, Keyed, TTL};
use super::key::Key;
use crate::Result;
use crate::lifetimes::NOTICE_TTL;
use crate::model::{
    EmailAddress, Mail, MailId, MailKind, Notice, Timestamp, UserId, seconds_after,
};

impl Item for Mail {
    const TYPE: &'static str = "mail";
}

impl Keyed for Mail {
    fn key(&self) -> Key {
        Key::outbox(self.id)
    }
}

impl Item for Notice {
    const TYPE: &'static str = "notice";
}

impl Keyed for Notice {
    fn key(&self) -> Key {
        Key::outbox(self.id)
    }
}

/// A notice that a write leaves.
#[derive(Clone)]
pub(in crate::table) struct NewNotice {
    user: UserId,
    kind: MailKind,
    about: Option<EmailAddress>,
    former: Option<EmailAddress>,
}

impl NewNotice {
    pub(in crate::table) const fn new(user: UserId, kind: MailKind) -> Self {
        Self { user, kind, about: None, former: None }
    }

    /// It is about this address.
    pub(in crate::table) fn about(self, address: &EmailAddress) -> Self {
        Self { about: Some(address.clone()), ..self }
    }

    /// It goes to this address, too, which is the user's no more.
    pub(in crate::table) fn also_to(self, address: &EmailAddress) -> Self {
        Self { former: Some(address.clone()), ..self }
    }

    /// The attributes of its item.
    pub(in crate::table) fn into_attributes(self) -> Result<Attributes> {
        let notice = self.into_notice()?;
        expiring(&notice, notice.not_after)
    }

    pub(super) fn into_notice(self) -> Result<Notice> {
        let (id, at) = (MailId::generate()?, Timestamp::now());
        let not_after = seconds_after(at, NOTICE_TTL)?;
        let Self { user, kind, about, former } = self;
        Ok(Notice { id, kind, user, about, former, at, not_after })
    }
}

/// The attributes of a new item, which the table deletes after its end.
pub(in crate::table) fn expiring(item: &impl Keyed, end: Timestamp) -> Result<Attributes> {
    let mut attributes = item.to_attributes(item.key())?;
    attributes.insert(TTL.to_owned(), AttributeValue::N(end.as_second().to_string()));
    Ok(attributes)
}
