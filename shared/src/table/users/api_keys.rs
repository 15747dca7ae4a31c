//! API keys, which are entries of their user.

use super::update::{ApiKeyChange, UserChange};
use crate::limits::API_KEYS;
use crate::model::{ApiKey, ApiKeyId, Counts, Lineage, MakerId, User};
use crate::table::counts::existing;
use crate::table::engine::{Actor, Stored, Table};
use crate::table::write::Write;
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
        self.change_api_key(actor, user, ApiKeyChange::Put(ApiKey { lineage, ..key }))
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
        self.change_api_key(actor, user, ApiKeyChange::Put(ApiKey { lineage, ..renewed }))
    }

    /// Removes a key, effective with the next request.
    pub fn delete_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: ApiKeyId,
    ) -> Result<Write<'_, User>> {
        self.change_api_key(actor, user, ApiKeyChange::Remove(key))
    }

    fn change_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        change: ApiKeyChange,
    ) -> Result<Write<'_, User>> {
        let change = UserChange { api_key: Some(change), ..UserChange::default() };
        self.change_user(actor, user, &change)
    }
}
