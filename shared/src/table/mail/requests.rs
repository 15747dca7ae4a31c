//! Mails that people ask for: how often they may, and what a request puts into the table.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::lifetimes::SOURCE_REQUESTS;
use crate::limits::MAX_SOURCE_REQUESTS;
use crate::model::{
    MailId, MailLink, MailRequestKind, MailRequests, NameDigest, SecretHash, SourceId, Timestamp,
    UserId,
};
use crate::table::engine::{
    Attributes, Changes, Condition, Item, Items, Key, Keyed, Stored, TTL, Trail, Transaction,
    expiring,
};
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// The `type` of the items that count what a source asks for.
const SOURCE: &str = "sourceRequests";
/// How long a decoy stays, in seconds.
const DECOY_TTL: i64 = 3600;

/// A new link, with what the table keeps of its token.
pub struct NewLink {
    /// The link as the mail has it.
    pub link: MailLink,
    /// The hash of the token's secret.
    pub secret_hash: SecretHash,
}

/// The mails of one kind that were asked for with a name, as they were read, and with one more.
pub struct MailRateLimit {
    read: Option<u64>,
    /// How long to wait, in seconds, if there were too many.
    with_another: Result<MailRequests, i64>,
}

impl MailRateLimit {
    /// The name by which a user's own are counted.
    pub(in crate::table) fn name_of(user: UserId) -> NameDigest {
        NameDigest::new(&user.to_string())
    }

    /// Where they are counted.
    pub(in crate::table) fn key(name: NameDigest, kind: MailRequestKind) -> Key {
        Key::mail_requests(name, kind)
    }

    pub(in crate::table) fn extract(
        name: NameDigest,
        kind: MailRequestKind,
        items: &mut Items,
    ) -> Result<Self> {
        let read: Option<Stored<MailRequests>> = items.take(&Self::key(name, kind))?;
        let version = read.as_ref().map(|read| read.version);
        let none = || MailRequests { kind, name, times: Vec::new() };
        let asked = read.map_or_else(none, Stored::into_inner);
        Ok(Self { read: version, with_another: asked.with_another(Timestamp::now()) })
    }

    /// Whether there is room for one more.
    pub const fn has_room(&self) -> bool {
        self.with_another.is_ok()
    }

    /// [`Error::TooManyMails`] if there is no room for one more.
    pub fn check_room(&self) -> Result<()> {
        match &self.with_another {
            Ok(_) => Ok(()),
            Err(seconds) => {
                let retry_after = Duration::from_secs(seconds.unsigned_abs());
                Err(Error::TooManyMails { retry_after })
            }
        }
    }
}

impl Transaction<'_> {
    /// Counts one more mail, if there is room. The others must be unchanged since they were read.
    pub(in crate::table) fn count_mail(self, asked: &MailRateLimit) -> Result<Self> {
        let Ok(requests) = &asked.with_another else { return Ok(self) };
        let end = Timestamp::now().as_second() + requests.kind.rate().within;
        let changes = Changes::or_new_item(MailRequests::TYPE)
            .set("kind", requests.kind)?
            .set("name", requests.name)?
            .set("times", &requests.times)?
            .set(TTL, end)?;
        let unchanged = asked.read.map_or_else(Condition::absent, Condition::version);
        Ok(self.update(requests.key(), changes, unchanged, || Error::WriteConflict))
    }

    /// Counts what a source asks for without a credential, if the source is counted.
    ///
    /// [`Error::TooManyMails`] if it asked for as much within this hour as is allowed.
    pub(in crate::table) fn count_source_request(self, source: Option<SourceId>) -> Result<Self> {
        let Some(source) = source else { return Ok(self) };
        let now = Timestamp::now().as_second();
        let hour = now / SOURCE_REQUESTS;
        let room = Condition::absent().or(Condition::below("requests", MAX_SOURCE_REQUESTS));
        let changes = Changes::or_new_item(SOURCE)
            .add("requests", 1)
            .set(TTL, (hour + 2) * SOURCE_REQUESTS)?;
        Ok(self.update(Key::source_requests(source, hour), changes, room, too_many))
    }

    /// Puts something in the place of what a known name would have.
    pub(in crate::table) fn put_decoy(self, like: &Attributes) -> Result<Self> {
        let end = Timestamp::now().as_second() + DECOY_TTL;
        let mut decoy = like.clone();
        decoy.extend(Key::decoy(MailId::generate()?).into_attributes());
        decoy.insert("type".to_owned(), AttributeValue::S("decoy".to_owned()));
        decoy.insert(TTL.to_owned(), AttributeValue::N(end.to_string()));
        self.put(decoy, Condition::absent(), || Error::WriteConflict)
    }

    /// Leaves an entry that belongs to no other write.
    pub(in crate::table) fn put_entries_of(self, trail: Trail) -> Result<Self> {
        let entries = self.entries(trail)?;
        let put =
            |write: Self, entry| write.put(entry, Condition::absent(), || Error::WriteConflict);
        entries.into_iter().try_fold(self, put)
    }

    /// Puts decoys in the place of the entries that a known name's logs would have.
    pub(in crate::table) fn put_decoys_of(self, trail: Trail) -> Result<Self> {
        let entries = self.entries(trail)?;
        entries.iter().try_fold(self, Self::put_decoy)
    }

    /// Puts a link that ends, in the place of an earlier one.
    pub(in crate::table) fn put_link(self, link: &impl Keyed, end: Timestamp) -> Result<Self> {
        self.put(expiring(link, end)?, Condition::always(), || Error::WriteConflict)
    }
}

fn too_many() -> Error {
    SecurityEvent::MailLimitReached.record();
    let now = Timestamp::now().as_second();
    let left = SOURCE_REQUESTS - now % SOURCE_REQUESTS;
    Error::TooManyMails { retry_after: Duration::from_secs(left.unsigned_abs()) }
}
