//! Signatures that a write was made with: each counts once.

use serde::{Deserialize, Serialize};

use crate::lifetimes;
use crate::model::{SignatureDigest, Timestamp, UserId};

/// A signature that a write of its user was made with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::table) struct UsedSignature {
    pub(in crate::table) user: UserId,
    pub(in crate::table) digest: SignatureDigest,
    /// When the table may delete it, in seconds since 1970: its date is refused by then.
    #[serde(rename = "ttl")]
    expires_at: i64,
}

impl UsedSignature {
    /// A signature that is used now.
    pub(in crate::table) fn new(user: UserId, digest: SignatureDigest) -> Self {
        let expires_at = Timestamp::now().as_second() + lifetimes::USED_SIGNATURE_TTL;
        Self { user, digest, expires_at }
    }
}
