//! What the pages of keys say.

use shared::limits::{self, Cap};

pub(crate) const MADE: &str = "Made";
pub(crate) const BY: &str = "by";
pub(crate) const TOKEN: &str = "token";
pub(crate) const API_KEY: &str = "API key";
pub(crate) const LAST_USED: &str = "Last used";
pub(crate) const DELETE: &str = "Delete";
pub(crate) const RENEW: &str = "Renew the secret";
pub(crate) const BACK: &str = "Back to the keys";

pub(crate) const API_KEYS: &str = "API keys";
pub(crate) const API_KEYS_WHY: &str =
    "Programs sign their requests with an API key. They may do everything that you may do.";
pub(crate) const NO_API_KEYS: &str = "There are no API keys.";
pub(crate) const MAKE_API_KEY: &str = "Make an API key";
pub(crate) const DELETE_API_KEY_WHY: &str = "Programs that use it are rejected.";
pub(crate) const RENEW_API_KEY_WHY: &str = "The old secret ends at once.";
pub(crate) const NEW_API_SECRET: &str = "The secret of your API key";

pub(crate) const SSH_KEYS: &str = "SSH keys";
pub(crate) const NO_SSH_KEYS: &str = "There are no SSH keys.";
pub(crate) const NAME: &str = "Name";
pub(crate) const FINGERPRINT: &str = "Fingerprint";
pub(crate) const DELETE_SSH_KEY_WHY: &str = "Servers stop accepting it.";
pub(crate) const ADD_SSH_KEY: &str = "Add an SSH key";
pub(crate) const PUBLIC_KEY: &str = "Public key";
pub(crate) const PUBLIC_KEY_HINT: &str =
    "The line of a .pub file, as ~/.ssh/id_ed25519.pub. Never the private key.";
pub(crate) const HAVE_IT: &str = "is one that you have already";

pub(crate) const S3_KEY: &str = "S3 key";
pub(crate) const S3_KEY_WHY: &str = "For storage that speaks S3. You have one key, whose secret \
                                     you can renew.";
pub(crate) const KEY: &str = "Key";
pub(crate) const SECRET_SINCE: &str = "Secret since";
pub(crate) const RENEW_S3_WHY: &str = "An old secret ends at once.";
pub(crate) const NEW_S3_SECRET: &str = "The secret of your S3 key";
pub(crate) const SECRET: &str = "Secret";

pub(crate) const API_KEY_DELETED: &str = "The API key is deleted.";
pub(crate) const SSH_KEY_ADDED: &str = "The SSH key is added.";
pub(crate) const SSH_KEY_DELETED: &str = "The SSH key is deleted.";
pub(crate) const NOT_ADDED: &str =
    "The SSH key was not added. What is wrong stands beside the form.";
pub(crate) const GONE: &str = "This key was deleted already.";

pub(crate) fn too_many(cap: Cap) -> String {
    let things = if cap == limits::API_KEYS { API_KEYS } else { SSH_KEYS };
    format!("You have {} {things}, and cannot have more. Delete one that you do not need.", cap.max)
}
