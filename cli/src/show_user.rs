//! `show-user`: all that an operator needs to know about a user, and no secret.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{
    Account, AccountId, ApiKey, ApiKeyId, Client, ClientId, Email, Grant, GrantId, MakerId,
    Membership, Passkey, PasskeyId, Role, S3Key, Scope, SecondFactor, Session, SessionId, SshKey,
    Timestamp, TokenId, TokenKind, User, UserId, UserNumber, UserToken, Username, UtcMillis,
};
use shared::table::{LockState, Table, UserRecord};

use super::print_json;
use super::user_ref::UserRef;

/// Show a user with addresses, accounts, credentials and locks; no secret is shown
#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownUser {
    id: UserId,
    number: UserNumber,
    username: Username,
    full_name: String,
    created_at: UtcMillis,
    disabled: bool,
    is_being_deleted: bool,
    current_account: Option<AccountId>,
    emails: Vec<ShownEmail>,
    accounts: Vec<ShownAccount>,
    password: ShownPassword,
    second_factor: Option<ShownFactor>,
    passkeys: Vec<ShownPasskey>,
    tokens: Vec<ShownToken>,
    api_keys: Vec<ShownApiKey>,
    s3_key: ShownS3Key,
    ssh_keys: Vec<ShownSshKey>,
    grants: Vec<ShownGrant>,
    sessions: Vec<ShownSession>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownEmail {
    email: String,
    verified: bool,
    proved_at: Option<UtcMillis>,
    primary: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownAccount {
    id: AccountId,
    name: String,
    role: Role,
    is_owner: bool,
    member_count: u32,
    admin_count: u32,
}

/// The lock is of all sources that the user is not known from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownPassword {
    is_set: bool,
    is_own: bool,
    locked_until: Option<UtcMillis>,
    known_sources: usize,
    locked_sources: usize,
}

/// The codes of an app.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownFactor {
    since: UtcMillis,
    recovery_codes_left: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownPasskey {
    id: PasskeyId,
    name: String,
    created_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownToken {
    id: TokenId,
    kind: TokenKind,
    name: String,
    active: bool,
    scopes: Option<Vec<Scope>>,
    made_by: Option<MakerId>,
    created_at: UtcMillis,
    expires_at: Option<UtcMillis>,
    last_used_at: Option<UtcMillis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownApiKey {
    id: ApiKeyId,
    made_by: Option<MakerId>,
    created_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
}

/// Made is the secret that it has now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownS3Key {
    id: String,
    made_by: Option<MakerId>,
    created_at: Option<UtcMillis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownSshKey {
    id: u64,
    name: String,
    fingerprint: String,
    made_by: Option<MakerId>,
    created_at: UtcMillis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownGrant {
    id: GrantId,
    client_id: ClientId,
    client_name: Option<String>,
    active: bool,
    scopes: Vec<Scope>,
    created_at: UtcMillis,
    expires_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownSession {
    id: SessionId,
    browser: String,
    active: bool,
    created_at: UtcMillis,
    expires_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let user = options.user.require(table).await?;
    let record = table.user_record(user).await?;
    print_json(&ShownUser::new(&record, Timestamp::now()))
}

impl ShownUser {
    fn new(record: &UserRecord, now: Timestamp) -> Self {
        let UserRecord {
            user,
            emails,
            memberships,
            second_factor,
            passkeys,
            tokens,
            grants,
            sessions,
            lock,
            is_being_deleted,
        } = record;
        let shown_grant = |(grant, client): &(Grant, Option<Client>)| {
            let active = record.is_active(grant, client.as_ref(), now);
            ShownGrant::new(grant, client.as_ref(), active)
        };
        let shown_account = |(membership, account): &(Membership, Option<Account>)| {
            account.as_ref().map(|account| ShownAccount::new(account, membership))
        };
        Self {
            id: user.id,
            number: user.number,
            username: user.username.clone(),
            full_name: user.full_name.clone(),
            created_at: user.created_at.into(),
            disabled: user.disabled,
            is_being_deleted: *is_being_deleted,
            current_account: user.current_account,
            emails: emails.iter().map(|email| ShownEmail::new(email, user)).collect(),
            accounts: memberships.iter().filter_map(shown_account).collect(),
            password: ShownPassword::new(user, lock),
            second_factor: second_factor.as_ref().map(ShownFactor::from),
            passkeys: passkeys.iter().map(ShownPasskey::from).collect(),
            tokens: tokens.iter().map(|token| ShownToken::new(token, user, now)).collect(),
            api_keys: user.api_keys.values().map(ShownApiKey::from).collect(),
            s3_key: ShownS3Key::new(user.id, user.s3_key.as_ref()),
            ssh_keys: user.ssh_keys.iter().map(ShownSshKey::from).collect(),
            grants: grants.iter().map(shown_grant).collect(),
            sessions: sessions.iter().map(|own| ShownSession::new(own, user, now)).collect(),
        }
    }
}

impl ShownEmail {
    fn new(email: &Email, user: &User) -> Self {
        let primary = email.address.same_as(&user.primary_email);
        let proved_at = user.proved_at(email).map(UtcMillis::from);
        Self { email: email.address.to_string(), verified: email.verified, proved_at, primary }
    }
}

impl ShownAccount {
    fn new(account: &Account, membership: &Membership) -> Self {
        Self {
            id: account.id,
            name: account.name.as_str().to_owned(),
            role: membership.role,
            is_owner: account.owner == membership.user,
            member_count: account.member_count,
            admin_count: account.admin_count,
        }
    }
}

impl ShownPassword {
    fn new(user: &User, lock: &LockState) -> Self {
        let LockState { elsewhere_until, known_sources, locked_sources } = *lock;
        Self {
            is_set: user.password_hash.is_some(),
            is_own: user.password_is_own,
            locked_until: elsewhere_until.map(UtcMillis::from),
            known_sources,
            locked_sources,
        }
    }
}

impl From<&SecondFactor> for ShownFactor {
    fn from(factor: &SecondFactor) -> Self {
        let recovery_codes_left = factor.recovery_codes.len();
        Self { since: factor.since.into(), recovery_codes_left }
    }
}

impl From<&Passkey> for ShownPasskey {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name.as_str().to_owned(),
            created_at: passkey.created_at.into(),
            last_used_at: passkey.last_used_at.map(UtcMillis::from),
        }
    }
}

impl ShownToken {
    fn new(token: &UserToken, user: &User, now: Timestamp) -> Self {
        Self {
            id: token.id,
            kind: token.kind,
            name: token.name.clone(),
            active: !user.disabled && user.is_active(token, now),
            scopes: token.scopes.clone().map(Vec::from_iter),
            made_by: token.lineage.made_by,
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(UtcMillis::from),
            last_used_at: token.last_used_at.map(UtcMillis::from),
        }
    }
}

impl From<&ApiKey> for ShownApiKey {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id,
            made_by: key.lineage.made_by,
            created_at: key.created_at.into(),
            last_used_at: key.last_used_at.map(UtcMillis::from),
        }
    }
}

impl ShownS3Key {
    fn new(owner: UserId, stored: Option<&S3Key>) -> Self {
        Self {
            id: S3Key::id_of(owner, stored),
            made_by: stored.and_then(|key| key.lineage.made_by),
            created_at: stored.and_then(|key| key.created_at).map(UtcMillis::from),
        }
    }
}

impl From<&SshKey> for ShownSshKey {
    fn from(key: &SshKey) -> Self {
        let SshKey { id, name, fingerprint, public_key: _, created_at, lineage } = key.clone();
        let (made_by, created_at) = (lineage.made_by, created_at.into());
        Self { id, name, fingerprint, made_by, created_at }
    }
}

impl ShownGrant {
    fn new(grant: &Grant, client: Option<&Client>, active: bool) -> Self {
        Self {
            id: grant.id,
            client_id: grant.client,
            client_name: client.map(|client| client.name.clone()),
            active,
            scopes: grant.scopes.iter().copied().collect(),
            created_at: grant.created_at.into(),
            expires_at: grant.expires_at.into(),
            last_used_at: grant.last_used_at.map(UtcMillis::from),
        }
    }
}

impl ShownSession {
    fn new(session: &Session, user: &User, now: Timestamp) -> Self {
        Self {
            id: session.id,
            browser: session.browser.clone(),
            active: !user.disabled && session.is_active(user, now),
            created_at: session.created_at.into(),
            expires_at: session.ends_at().into(),
            last_used_at: session.last_used_at.map(UtcMillis::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_s3_key_is_shown_with_who_was_shown_its_secret_and_since_when() {
        let maker = "0197a1b2c3d4e5f60718293a";
        let mut stored = json!({
            "id": "K3YZ0PQ9W8E7R6T5Y4U3",
            "nonce": "secret",
            "keyVersion": "version",
            "createdAt": "2026-11-28T09:12:44.417Z",
            "lineage": { "madeBy": maker },
        });
        let shown = |stored: &serde_json::Value| {
            let key: S3Key = serde_json::from_value(stored.clone()).unwrap();
            serde_json::to_value(ShownS3Key::new(UserId::generate(), Some(&key))).unwrap()
        };

        let time = "2026-11-28T09:12:44.417Z";
        let expected = json!({ "id": stored["id"], "madeBy": maker, "createdAt": time });
        assert_eq!(shown(&stored), expected);
        // As older items are.
        let item = stored.as_object_mut().unwrap();
        item.retain(|name, _| !["createdAt", "lineage"].contains(&name.as_str()));
        let expected = json!({ "id": stored["id"], "madeBy": null, "createdAt": null });
        assert_eq!(shown(&stored), expected);
    }
}
