//! Users: those who sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    AccountId, ApiKey, ApiKeyId, Email, EmailAddress, MakerId, ParseError, Passkey, S3Key, SshKey,
    Timestamp, TokenId, TokenKind, UserId, UserNumber, UserToken,
};
use crate::limits::{MAX_USERNAME, MIN_USERNAME};
use crate::{Result, random};

/// One who signs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The identity, which every credential carries.
    pub id: UserId,
    /// The other identity, for clients that need a number.
    pub number: UserNumber,
    /// The name to sign in with, unique over all users.
    pub username: Username,
    /// The primary address. Stored only here, so that there is exactly one.
    pub primary_email: EmailAddress,
    /// The argon2id hash of the password, as a PHC string.
    pub password_hash: Option<String>,
    /// Whether the user set the password. Who else did may have kept credentials of the user.
    #[serde(default)]
    pub password_is_own: bool,
    /// The hashes of the last passwords that others set, newest first, the present one among them.
    /// Empty if there is none but the first one. See [`User::given_passwords`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_hashes: Vec<String>,
    /// The account chosen last. It may have been deleted since, or the user removed from it.
    pub current_account: Option<AccountId>,
    /// Whether every credential of the user is rejected.
    #[serde(default)]
    pub disabled: bool,
    /// First and last name, as it is shown.
    #[serde(default)]
    pub full_name: String,
    /// The first name that was given as such. See [`User::name_parts`].
    pub first_name: Option<String>,
    /// The last name that was given as such.
    pub last_name: Option<String>,
    /// Where the user is.
    #[serde(default)]
    pub location: String,
    /// Whom the user works for.
    #[serde(default)]
    pub company: String,
    /// The user's own page.
    #[serde(default)]
    pub profile_url: String,
    /// The address whose picture is shown, if not the primary one.
    #[serde(default)]
    pub gravatar_email: String,
    /// The phone number, as it was sent.
    #[serde(default)]
    pub phone: String,
    /// Keys that sign requests, by their ids.
    #[serde(default)]
    pub api_keys: BTreeMap<String, ApiKey>,
    /// The key for S3 storage.
    pub s3_key: Option<S3Key>,
    /// Public keys for SSH.
    #[serde(default)]
    pub ssh_keys: Vec<SshKey>,
    /// How many addresses the user has.
    #[serde(default = "one")]
    pub email_count: u32,
    /// Grows with every change of the password: tokens and grants of an earlier epoch stop working.
    #[serde(default)]
    pub credential_epoch: u64,
    /// The token that changed the password last, and outlives the change.
    pub retained_token: Option<TokenId>,
    /// The credential epoch since which environment tokens and passkeys work: not each change of
    /// the password ends them.
    #[serde(default)]
    pub environment_epoch: u64,
    /// The credential epoch since which proofs of addresses count: whoever set the password before
    /// the user did may have proved an address.
    #[serde(default)]
    pub proof_epoch: u64,
    /// Grows with what ends the invitations that the user has sent: whatever ends all keys, and the
    /// revocation of a token with its descendants.
    #[serde(default)]
    pub invitation_epoch: u64,
    /// The epoch in which wrong passwords and codes count. It grows with a change of the password,
    /// which forgets them; not with one by a credential of the user while a second factor is on, or
    /// whoever has the password and a way to change it could guess codes without end.
    #[serde(default)]
    pub attempts_epoch: u64,
    /// Grows with every write of the password, the keys and what addresses prove, and with a second
    /// factor that is turned on or off.
    #[serde(default)]
    pub credential_version: u64,
    /// Grows with every write of the addresses.
    #[serde(default)]
    pub email_version: u64,
    /// Tokens that were revoked together with their maker, until their items are deleted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub revoked_tokens: BTreeSet<TokenId>,
    /// The first of those who made the user's maker, and so on; none if the operator made the user.
    pub root_maker: Option<UserId>,
    /// The same of who mailed the invitation by which the user joined. It did not make the user,
    /// but what this one makes and invites counts for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_inviter: Option<UserId>,
    /// Since when the second factor is on, if it is: then the password alone does not sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor_since: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
}

const fn one() -> u32 {
    1
}

impl User {
    /// Whether a token was created after the last change of the password that ended its kind, or
    /// made that change.
    pub fn accepts_epoch(&self, token: &UserToken) -> bool {
        self.accepts(token.kind, token.id, token.epoch)
    }

    pub(super) fn accepts(&self, kind: TokenKind, token: TokenId, epoch: u64) -> bool {
        match kind {
            TokenKind::User => epoch == self.credential_epoch || self.retained_token == Some(token),
            TokenKind::Environment => epoch >= self.environment_epoch,
        }
    }

    /// Whether a passkey was added after the last change of the password that ended keys.
    pub const fn accepts_passkey(&self, passkey: &Passkey) -> bool {
        passkey.epoch >= self.environment_epoch
    }

    /// When this user proved an address, if that counts. What a token asked for ends with what else
    /// tokens made.
    pub fn proved_at(&self, email: &Email) -> Option<Timestamp> {
        let made_by_user = email.proof_lineage.is_empty();
        let since = if made_by_user { self.proof_epoch } else { self.environment_epoch };
        email.proved_at.filter(|_| email.proof_epoch.is_none_or(|epoch| epoch >= since))
    }

    /// Whether an address of this user is proved.
    pub fn has_proved(&self, email: &Email) -> bool {
        self.proved_at(email).is_some()
    }

    /// Whether an address of this user may be the primary one.
    pub fn may_have_as_primary(&self, email: &Email) -> bool {
        email.verified || self.has_proved(email)
    }

    /// The hashes of the last passwords that others set, also if it is the first one and has not
    /// changed: none is ever the user's own.
    pub fn given_passwords(&self) -> &[String] {
        let has_only_one = self.given_hashes.is_empty() && !self.password_is_own;
        if has_only_one { self.password_hash.as_slice() } else { &self.given_hashes }
    }

    /// What mails call the user by: the full name, else the username.
    pub fn display_name(&self) -> &str {
        if self.full_name.is_empty() { &self.username.0 } else { &self.full_name }
    }

    /// The first and the last name within the full one.
    ///
    /// One that was given stays while the full name begins or ends with it, and what stands between
    /// them belongs to the first. If none that stays was given before, `first` and `last` are taken
    /// for it. A first name that is not known is what stands before the known last name, else
    /// before the first space.
    pub fn name_parts<'a>(
        &'a self,
        first: Option<&'a str>,
        last: Option<&'a str>,
    ) -> (&'a str, &'a str) {
        let whole = self.full_name.as_str();
        let first = self.known_first_name().or(first);
        let last = self.known_last_name().or(last);
        let known = (
            first.and_then(|first| first_within(whole, first)),
            last.and_then(|last| last_within(whole, last)),
        );
        match known {
            // If they overlap, both stay as they were given.
            (Some(first), Some((before, last))) if before.len() < first.len() => (first, last),
            (_, Some(parts)) => parts,
            (Some(first), None) => (first, whole[first.len()..].trim_start_matches(' ')),
            (None, None) => {
                let (first, last) = whole.split_once(' ').unwrap_or((whole, ""));
                (first, last.trim_start_matches(' '))
            }
        }
    }

    /// The first name that was given, if the full one is it or begins with it.
    pub fn known_first_name(&self) -> Option<&str> {
        self.first_name.as_deref().and_then(|first| first_within(&self.full_name, first))
    }

    /// The last name that was given, if the full one is it or ends with it.
    pub fn known_last_name(&self) -> Option<&str> {
        let last = self.last_name.as_deref();
        last.and_then(|last| last_within(&self.full_name, last)).map(|(_, last)| last)
    }

    /// Whom the users count for that this one makes, and the invitations that it sends.
    pub fn root_maker(&self) -> UserId {
        self.root_maker.or(self.root_inviter).unwrap_or(self.id)
    }

    /// The API keys that come from a token, or from another one of its rotations.
    pub fn api_keys_from(&self, token: &UserToken) -> impl Iterator<Item = ApiKeyId> {
        let root = MakerId::Token(token.root());
        let keys = self.api_keys.values();
        keys.filter(move |key| key.lineage.descends_from(&root)).map(|key| key.id)
    }

    /// The numbers of the SSH keys that come from a token.
    pub fn ssh_keys_from(&self, token: &UserToken) -> impl Iterator<Item = u64> {
        let root = MakerId::Token(token.root());
        let keys = self.ssh_keys.iter();
        keys.filter(move |key| key.lineage.descends_from(&root)).map(|key| key.id)
    }

    /// The SSH keys that do not come from a token; none if all stay.
    pub fn ssh_keys_without(&self, token: &UserToken) -> Option<Vec<SshKey>> {
        let root = MakerId::Token(token.root());
        let stays = |key: &&SshKey| !key.lineage.descends_from(&root);
        let kept: Vec<SshKey> = self.ssh_keys.iter().filter(stays).cloned().collect();
        (kept.len() < self.ssh_keys.len()).then_some(kept)
    }

    /// The S3 key, if its secret comes from a token.
    pub fn s3_key_from(&self, token: &UserToken) -> Option<&S3Key> {
        let root = MakerId::Token(token.root());
        self.s3_key.as_ref().filter(|key| key.lineage.descends_from(&root))
    }

    /// Whether a token of this user works at `now`.
    pub fn is_active(&self, token: &UserToken, now: Timestamp) -> bool {
        token.is_unexpired(now)
            && !self.revoked_tokens.contains(&token.id)
            && self.accepts_epoch(token)
    }
}

/// The first name, if the whole one is it or begins with it.
fn first_within<'a>(whole: &str, first: &'a str) -> Option<&'a str> {
    let rest = whole.strip_prefix(first).filter(|_| !first.is_empty())?;
    (rest.is_empty() || rest.starts_with(' ')).then_some(first)
}

/// What stands before the last name, and that name, if the whole one is it or ends with it.
fn last_within<'a>(whole: &'a str, last: &'a str) -> Option<(&'a str, &'a str)> {
    match whole.strip_suffix(last).filter(|_| !last.is_empty())? {
        "" => Some(("", last)),
        before => Some((before.strip_suffix(' ')?, last)),
    }
}

/// The name that a user signs in with: 4 to 30 lower-case letters and digits. Upper case counts as
/// lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

/// Names that mail and web servers are run under, or that seem to speak for the service: the
/// mailboxes of RFC 2142 and of certificate authorities, and names of the service and its staff.
/// Only those that a username can be.
const RESERVED: &str = "\
    abuse account accounts admin administrator administrators admins anonymous autoconfig \
    autodiscover billing broadcasthost contact daemon everyone guest help helpdesk \
    hostmaster info localhost mail mailerdaemon marketing moderator news nobody noreply null \
    oauth official operator operators owner postmaster privacy rollcall root sales security \
    self service services ssladmin ssladministrator sslwebmaster staff superuser support \
    sysadmin sysadministrator system team undefined usenet users uucp webmaster wpad";

impl Username {
    /// Whether only the operator may give the name to a user: it is on a list, or what a username
    /// keeps of the service's name.
    pub fn is_reserved(&self, service_name: &str) -> bool {
        let is_kept = |letter: &char| letter.is_ascii_alphanumeric();
        let service =
            service_name.chars().filter(is_kept).map(|letter| letter.to_ascii_lowercase());
        RESERVED.split_ascii_whitespace().any(|name| name == self.0) || self.0.chars().eq(service)
    }

    /// A name derived from an e-mail address: the letters and digits of its local part, cut, or
    /// padded with random digits.
    pub fn derived_from(address: &EmailAddress) -> Result<Self> {
        let local = address.normal().split('@').next().unwrap_or_default();
        let mut name: String = local
            .chars()
            .filter(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            .take(MAX_USERNAME)
            .collect();
        while name.len() < MIN_USERNAME {
            name.push(random_digit()?);
        }
        Ok(Self(name))
    }

    /// The name with eight random digits, for when it is taken or reserved.
    pub fn with_random_digits(&self) -> Result<Self> {
        let mut name: String = self.0.chars().take(MAX_USERNAME - 8).collect();
        for _ in 0..8 {
            name.push(random_digit()?);
        }
        Ok(Self(name))
    }
}

fn random_digit() -> Result<char> {
    Ok(char::from(b'0' + random::bytes::<1>()?[0] % 10))
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Username {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let name = text.trim().to_ascii_lowercase();
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if plain && (MIN_USERNAME..=MAX_USERNAME).contains(&name.len()) {
            return Ok(Self(name));
        }
        Err(ParseError::new(format!(
            "must be {MIN_USERNAME} to {MAX_USERNAME} letters a-z and digits"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_4_to_30_letters_and_digits_in_any_case() {
        assert_eq!("JaneDoe".parse::<Username>().unwrap().to_string(), "janedoe");
        for wrong in ["abc", "a-b-c", "jane doe", "jäne", "\u{212a}elvin", &"a".repeat(31)] {
            assert!(wrong.parse::<Username>().is_err(), "{wrong}");
        }
    }
}
