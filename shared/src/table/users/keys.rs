//! API keys, SSH keys and the S3 key, which are parts of their user.

use crate::limits::{API_KEYS, SSH_KEYS};
use crate::model::{
    ApiKey, ApiKeyId, AuditAction, AuditTarget, Counts, Lineage, MailKind, MakerId, S3Key, SshKey,
    User,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Changes, Condition, NewNotice, Stored, Table, Trail, Transaction,
};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

impl Table {
    /// Adds a key to a user whose keys are unchanged since they were read.
    ///
    /// [`Error::LimitReached`] if the user has as many as are allowed.
    pub fn create_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        counts: Option<&Stored<Counts>>,
        key: ApiKey,
    ) -> Result<Write<'_, ApiKey>> {
        Error::check_room(API_KEYS, user.api_keys.len())?;
        let counts = existing(counts)?;
        let lineage =
            Lineage::made_by(actor.maker_for(user.id), |maker| counts.has_maker(user, maker));
        self.put_api_key(actor, user, ApiKey { lineage, ..key }, AuditAction::ApiKeyCreated)
    }

    /// Replaces a key by `renewed`, which has another secret: whoever renews it is one of its
    /// makers.
    pub fn renew_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        counts: Option<&Stored<Counts>>,
        renewed: ApiKey,
    ) -> Result<Write<'_, ApiKey>> {
        let counts = existing(counts)?;
        let (maker, root) = (actor.maker_for(user.id), MakerId::ApiKey(renewed.id));
        let exists = |maker: &MakerId| counts.has_maker(user, maker);
        let lineage = renewed.lineage.renewed_by(maker, root, exists);
        self.put_api_key(actor, user, ApiKey { lineage, ..renewed }, AuditAction::ApiKeyRenewed)
    }

    /// Removes a key, effective with the next request.
    pub fn delete_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: ApiKeyId,
    ) -> Write<'_, ()> {
        let changes = Changes::of_credentials().remove_entry("apiKeys", key);
        let trail = Trail::of_user(user.id, AuditAction::ApiKeyDeleted).to(key);
        Write::new(self.change_keys(actor, user, changes, trail), ())
            .recorded_as(SecurityEvent::CredentialRevoked)
    }

    /// Inserts the key, or replaces the one with its id. The others are not written, so that their
    /// last use is not lost.
    fn put_api_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: ApiKey,
        action: AuditAction,
    ) -> Result<Write<'_, ApiKey>> {
        let notice = NewNotice::new(user.id, MailKind::ApiKeyCreated);
        let trail = Trail::of_user(user.id, action).to(key.id).notifying(notice);
        let changes = Changes::of_credentials().set_entry("apiKeys", key.id, &key)?;
        let write = Write::new(self.change_keys(actor, user, changes, trail), key);
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Adds an SSH key to a user whose keys are unchanged since they were read.
    ///
    /// [`Error::LimitReached`] if the user has as many as are allowed, [`Error::Conflict`] if this
    /// is one of them.
    pub fn add_ssh_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: SshKey,
    ) -> Result<Write<'_, SshKey>> {
        Error::check_room(SSH_KEYS, user.ssh_keys.len())?;
        if user.ssh_keys.iter().any(|other| other.fingerprint == key.fingerprint) {
            return Err(Error::Conflict("you have this SSH key already"));
        }
        let key = SshKey { lineage: lineage_of(actor, user), ..key };
        let trail = Trail::of_user(user.id, AuditAction::SshKeyAdded);
        let trail = trail.to(AuditTarget::ssh_key(key.id));
        let keys = user.ssh_keys.iter().chain([&key]).collect();
        let write = Write::new(self.put_ssh_keys(actor, user, keys, trail)?, key);
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Removes an SSH key. [`Error::NotFound`] if the user has none with this id.
    pub fn delete_ssh_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        id: &str,
    ) -> Result<Write<'_, ()>> {
        let (gone, kept): (Vec<_>, _) =
            user.ssh_keys.iter().partition(|key| key.id.to_string() == id);
        let key = gone.first().ok_or(Error::NotFound("SSH key"))?;
        let trail = Trail::of_user(user.id, AuditAction::SshKeyDeleted);
        let trail = trail.to(AuditTarget::ssh_key(key.id));
        let write = Write::new(self.put_ssh_keys(actor, user, kept, trail)?, ());
        Ok(write.recorded_as(SecurityEvent::CredentialRevoked))
    }

    /// Replaces the S3 key of a user whose keys are unchanged since they were read.
    pub fn replace_s3_key(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        key: S3Key,
    ) -> Result<Write<'_, User>> {
        let key = S3Key { lineage: lineage_of(actor, user), ..key };
        let changes = Changes::of_credentials().set("s3Key", &key)?;
        let after = User { s3_key: Some(key), ..user.item.clone() };
        let trail = Trail::of_user(user.id, AuditAction::S3KeyRenewed);
        let write = Write::new(self.change_keys(actor, user, changes, trail), after);
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    fn put_ssh_keys(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        keys: Vec<&SshKey>,
        trail: Trail,
    ) -> Result<Transaction<'_>> {
        let changes = Changes::of_credentials().set("sshKeys", keys)?;
        Ok(self.change_keys(actor, user, changes, trail))
    }

    fn change_keys(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        changes: Changes,
        trail: Trail,
    ) -> Transaction<'_> {
        self.update_user(actor, user, changes, Condition::same_credentials(user), trail)
    }
}

/// Of a key that makes no other. It needs no counts: the makers of its maker existed when that one
/// was made, and those that are gone since cannot be revoked again.
fn lineage_of(actor: &Actor, user: &User) -> Lineage {
    Lineage::made_by(actor.maker_for(user.id), |_| true)
}
