//! API keys, which are entries of their user.

use crate::limits::API_KEYS;
use crate::model::{ApiKey, ApiKeyId, Counts, Lineage, MakerId, User};
use crate::table::counts::existing;
use crate::table::engine::{Actor, Changes, Stored, Table};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

impl Table {
    /// Adds a key to a user that is unchanged since it was read.
    ///
    /// [`Error::LimitReached`] if the user has as many as are allowed.
    pub fn create_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        counts: Option<&Stored<Counts>>,
        key: ApiKey,
    ) -> Result<Write<'_, User>> {
        Error::check_room(API_KEYS, user.api_keys.len())?;
        let counts = existing(counts)?;
        let lineage =
            Lineage::made_by(actor.maker_for(user.id), |maker| counts.has_maker(user, maker));
        self.put_api_key(actor, user, ApiKey { lineage, ..key })
    }

    /// Replaces a key by `renewed`, which has another secret: whoever renews it is one of its
    /// makers.
    pub fn renew_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        counts: Option<&Stored<Counts>>,
        renewed: ApiKey,
    ) -> Result<Write<'_, User>> {
        let counts = existing(counts)?;
        let (maker, root) = (actor.maker_for(user.id), MakerId::ApiKey(renewed.id));
        let exists = |maker: &MakerId| counts.has_maker(user, maker);
        let lineage = renewed.lineage.renewed_by(maker, root, exists);
        self.put_api_key(actor, user, ApiKey { lineage, ..renewed })
    }

    /// Removes a key, effective with the next request.
    pub fn delete_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: ApiKeyId,
    ) -> Write<'_, User> {
        let changes = Changes::new().remove_entry("apiKeys", key);
        let mut after = user.item.clone();
        after.api_keys.remove(&key.to_string());
        Write::new(self.update_user(actor, user, changes), after)
            .recorded_as(SecurityEvent::CredentialRevoked)
    }

    /// Inserts the key, or replaces the one with its id. The others are not written, so that their
    /// last use is not lost.
    fn put_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: ApiKey,
    ) -> Result<Write<'_, User>> {
        let changes = Changes::new().set_entry("apiKeys", key.id, &key)?;
        let mut after = user.item.clone();
        after.api_keys.insert(key.id.to_string(), key);
        let write = Write::new(self.update_user(actor, user, changes), after);
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }
}
