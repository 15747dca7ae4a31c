//! What the entries of audit logs mean for a table that has none of it: the acts, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use shared::model::{
    AccountId, ApiKeyId, AuditAction, AuditDetail, AuditEntry, AuditEntryId, AuditLog, Client,
    ClientId, GrantId, InvitationAuditId, PasskeyId, Scope, SessionId, TokenId, UserId,
};

use super::source::LoggedEntry;

/// What is to be done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Disable(UserId),
    /// Of these the one that the table has: a token, and those that it came from by rotations.
    RevokeToken {
        user: UserId,
        tokens: Vec<TokenId>,
        with_descendants: bool,
    },
    RevokeGrant {
        user: UserId,
        grant: GrantId,
    },
    EndSession {
        user: UserId,
        session: SessionId,
    },
    DeleteApiKey {
        user: UserId,
        key: ApiKeyId,
    },
    DeleteSshKey {
        user: UserId,
        key: String,
    },
    RemovePasskey {
        user: UserId,
        passkey: PasskeyId,
    },
    RenewS3Key(UserId),
    ChangePassword {
        user: UserId,
        revoke_keys: bool,
    },
    /// It was turned on or off, or its recovery codes were used or replaced.
    SetSecondFactor {
        user: UserId,
        is_on: bool,
    },
    /// No address is proved any more, but by the operator's word.
    EndProofs(UserId),
    DeleteClient(ClientId),
    RevokeGrantsTo(ClientId),
    LimitClient {
        client: ClientId,
        /// Those that it had last.
        scopes: BTreeSet<Scope>,
        /// Those of them that what was granted before has lost, each with the last entry by which.
        lost: BTreeMap<Scope, AuditEntryId>,
    },
    EndInvitation {
        account: AccountId,
        invitation: InvitationAuditId,
    },
    /// All that the user sent.
    EndInvitationsBy(UserId),
    /// Those to this account that the user sent before it was no admin there for a time.
    EndInvitationsOf {
        account: AccountId,
        user: UserId,
    },
    RemoveMember {
        account: AccountId,
        user: UserId,
    },
    Demote {
        account: AccountId,
        user: UserId,
    },
    DeleteAccount {
        account: AccountId,
        member: UserId,
    },
    DeleteUser(UserId),
    CheckOwner {
        account: AccountId,
        owner: UserId,
    },
    /// Addresses were taken from a user: the entry does not say which.
    CheckEmails,
    /// These settings of a client were changed: the entry does not say to what.
    CheckClient {
        client: ClientId,
        settings: Vec<String>,
    },
}

/// The settings of a client, but for its scopes, of which the entry says which are left.
const CLIENT_SETTINGS: [&str; 2] = ["redirectUris", "requiresPkce"];

/// An act, and the entry that it comes from.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(super) act: Act,
    pub(super) entry: &'a LoggedEntry,
}

/// What later entries can take back: of each thing the last one counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Disabled(UserId),
    Deleted(UserId),
    Password(UserId),
    Proofs(UserId),
    SecondFactor(UserId),
    S3Key(UserId),
    Invitations(UserId),
    Scopes(ClientId),
    Membership(AccountId, UserId),
    Owner(AccountId),
}

/// The acts for these entries, which are in the order of time: first what keeps strangers out, last
/// what may take long.
pub(super) fn plan(entries: &[LoggedEntry]) -> Vec<Planned<'_>> {
    let mut plan = Plan::default();
    for entry in entries {
        plan.read(entry);
    }
    plan.finish()
}

#[derive(Default)]
struct Plan<'a> {
    acts: Vec<Planned<'a>>,
    last: BTreeMap<State, &'a LoggedEntry>,
    /// The tokens that these replaced.
    replaced: BTreeMap<TokenId, TokenId>,
    /// Users whose keys ended with a password.
    without_keys: BTreeSet<UserId>,
    /// The scopes that what was granted to a client has lost, whether the client got them back or
    /// not, each with the last entry by which.
    lost: BTreeMap<ClientId, BTreeMap<Scope, AuditEntryId>>,
    /// The last entries by which users ceased to be admins of accounts, whether they are again or
    /// not.
    ceased: BTreeMap<(AccountId, UserId), &'a LoggedEntry>,
}

impl<'a> Plan<'a> {
    fn read(&mut self, logged: &'a LoggedEntry) {
        let Ok(action) = logged.entry.action.parse::<AuditAction>() else { return };
        match logged.log {
            AuditLog::User(user) => self.read_of_user(logged, action, user),
            AuditLog::Account(account) => self.read_of_account(logged, action, account),
            AuditLog::Service => self.read_of_service(logged, action),
        }
    }

    fn read_of_user(&mut self, logged: &'a LoggedEntry, action: AuditAction, user: UserId) {
        use AuditAction as A;
        let changed = |name: &str| logged.entry.changed.iter().any(|field| field == name);
        match action {
            A::UserDisabled | A::UserEnabled => self.last(State::Disabled(user), logged),
            A::UserDeletionBegun | A::UserDeletionCancelled | A::UserDeleted => {
                self.last(State::Deleted(user), logged);
            }
            A::PasswordChanged => {
                let revoked = details(logged, "revoked");
                let has_ended = |own: &str| revoked.iter().any(|kind| kind == own);
                self.without_keys.extend(has_ended("apiKeys").then_some(user));
                if has_ended("emailProofs") {
                    self.last(State::Proofs(user), logged);
                }
                self.last(State::Password(user), logged);
            }
            // As an earlier replay has ended them.
            A::EmailUpdated if changed("provedAt") => self.last(State::Proofs(user), logged),
            A::TokenRotated => {
                let old = details(logged, "replaced").first().and_then(|id| id.parse().ok());
                if let (Ok(new), Some(old)) = (logged.entry.target.id.parse(), old) {
                    self.replaced.insert(new, old);
                    let tokens = vec![old];
                    self.add(Act::RevokeToken { user, tokens, with_descendants: false }, logged);
                }
            }
            A::TokenRevoked => {
                let kinds = ["descendants", "apiKeys", "sshKeys"];
                let with_descendants = kinds.iter().any(|kind| !details(logged, kind).is_empty())
                    || !logged.entry.changed.is_empty();
                let tokens = logged.entry.target.id.parse().into_iter().collect();
                self.add(Act::RevokeToken { user, tokens, with_descendants }, logged);
            }
            A::GrantRevoked | A::GrantTokensRevoked | A::GrantCreated => {
                for grant in ended(logged, "grants", action == A::GrantCreated) {
                    self.add(Act::RevokeGrant { user, grant }, logged);
                }
            }
            // One that was proved has had another secret since.
            A::SessionEnded | A::SessionProved | A::SessionCreated => {
                for session in ended(logged, "sessions", action == A::SessionCreated) {
                    self.add(Act::EndSession { user, session }, logged);
                }
            }
            A::ApiKeyDeleted | A::ApiKeyRenewed => {
                let key = logged.entry.target.id.parse();
                self.extend(key.map(|key| Act::DeleteApiKey { user, key }), logged);
            }
            A::SshKeyDeleted => {
                let key = logged.entry.target.id.clone();
                self.add(Act::DeleteSshKey { user, key }, logged);
            }
            A::PasskeyRemoved => {
                let passkey = logged.entry.target.id.parse();
                self.extend(passkey.map(|passkey| Act::RemovePasskey { user, passkey }), logged);
            }
            A::SecondFactorOn
            | A::SecondFactorOff
            | A::RecoveryCodesRenewed
            | A::RecoveryCodeUsed => self.last(State::SecondFactor(user), logged),
            A::AccountDeleted => {
                let account = logged.entry.target.id.parse();
                let act = account.map(|account| Act::DeleteAccount { account, member: user });
                self.extend(act, logged);
            }
            A::EmailRemoved | A::EmailLost => self.add(Act::CheckEmails, logged),
            _ => (),
        }
        if action == A::S3KeyRenewed || changed("s3Key") {
            self.last(State::S3Key(user), logged);
        }
        // Whatever sent them, and also if the token that they ended with is not in the table.
        if action == A::InvitationRevoked || changed("invitations") {
            self.last(State::Invitations(user), logged);
        }
    }

    fn read_of_account(&mut self, logged: &'a LoggedEntry, action: AuditAction, id: AccountId) {
        use AuditAction as A;
        match action {
            A::MemberAdded | A::MemberRoleChanged | A::MemberRemoved => {
                if let Ok(user) = logged.entry.target.id.parse() {
                    if action == A::MemberRemoved || details(logged, "role") == ["member"] {
                        self.ceased.insert((id, user), logged);
                    }
                    self.last(State::Membership(id, user), logged);
                }
            }
            A::InvitationAccepted | A::InvitationDeclined | A::InvitationRevoked => {
                let act = |invitation| Act::EndInvitation { account: id, invitation };
                self.extend(logged.entry.target.id.parse().map(act), logged);
            }
            A::AccountOwnerChanged => self.last(State::Owner(id), logged),
            _ => (),
        }
    }

    fn read_of_service(&mut self, logged: &'a LoggedEntry, action: AuditAction) {
        use AuditAction as A;
        let Ok(client) = logged.entry.target.id.parse() else { return };
        match action {
            A::ClientDeleted => self.add(Act::DeleteClient(client), logged),
            A::ClientGrantsRevoked => self.add(Act::RevokeGrantsTo(client), logged),
            A::ClientUpdated => {
                if logged.entry.changed.iter().any(|field| field == "scopes") {
                    let lost = self.lost.entry(client).or_default();
                    let ends = |scope: &Scope| ends_scope(&logged.entry, *scope);
                    let ended = Client::GRANTABLE.into_iter().filter(ends);
                    lost.extend(ended.map(|scope| (scope, logged.entry.id)));
                    self.last(State::Scopes(client), logged);
                }
                let mut settings = logged.entry.changed.clone();
                settings.retain(|field| CLIENT_SETTINGS.contains(&field.as_str()));
                if !settings.is_empty() {
                    self.add(Act::CheckClient { client, settings }, logged);
                }
            }
            _ => (),
        }
    }

    fn add(&mut self, act: Act, entry: &'a LoggedEntry) {
        self.acts.push(Planned { act, entry });
    }

    fn extend<E>(&mut self, act: Result<Act, E>, entry: &'a LoggedEntry) {
        self.acts.extend(act.map(|act| Planned { act, entry }));
    }

    fn last(&mut self, state: State, entry: &'a LoggedEntry) {
        self.last.insert(state, entry);
    }

    fn finish(mut self) -> Vec<Planned<'a>> {
        let mut deleted = BTreeSet::new();
        for (state, entry) in std::mem::take(&mut self.last) {
            let is = |action: AuditAction| entry.entry.action == action.as_str();
            match state {
                State::Disabled(user) if is(AuditAction::UserDisabled) => {
                    self.add(Act::Disable(user), entry);
                }
                State::Deleted(user) if !is(AuditAction::UserDeletionCancelled) => {
                    deleted.insert(user);
                    self.add(Act::Disable(user), entry);
                    self.add(Act::DeleteUser(user), entry);
                }
                State::Password(user) => {
                    let revoke_keys = self.without_keys.contains(&user);
                    self.add(Act::ChangePassword { user, revoke_keys }, entry);
                }
                State::Proofs(user) => self.add(Act::EndProofs(user), entry),
                State::SecondFactor(user) => {
                    let is_on = !is(AuditAction::SecondFactorOff);
                    self.add(Act::SetSecondFactor { user, is_on }, entry);
                }
                State::S3Key(user) => self.add(Act::RenewS3Key(user), entry),
                State::Invitations(user) => self.add(Act::EndInvitationsBy(user), entry),
                State::Scopes(client) => {
                    let scopes = details(entry, "scopes").iter();
                    let scopes: BTreeSet<Scope> =
                        scopes.filter_map(|scope| scope.parse().ok()).collect();
                    let mut lost = self.lost.remove(&client).unwrap_or_default();
                    lost.retain(|scope, _| scopes.contains(scope));
                    self.add(Act::LimitClient { client, scopes, lost }, entry);
                }
                State::Membership(account, user) if is(AuditAction::MemberRemoved) => {
                    self.add(Act::RemoveMember { account, user }, entry);
                }
                State::Membership(account, user) if details(entry, "role") == ["member"] => {
                    self.add(Act::Demote { account, user }, entry);
                }
                State::Membership(account, user) => {
                    let ceased = self.ceased.remove(&(account, user));
                    let act = Act::EndInvitationsOf { account, user };
                    self.acts.extend(ceased.map(|entry| Planned { act, entry }));
                }
                State::Owner(account) => {
                    let owner = details(entry, "to").first().and_then(|id| id.parse().ok());
                    let act = owner.map(|owner| Act::CheckOwner { account, owner });
                    self.acts.extend(act.map(|act| Planned { act, entry }));
                }
                State::Disabled(_) | State::Deleted(_) => (),
            }
        }
        let replaced = &self.replaced;
        for planned in &mut self.acts {
            if let Act::RevokeToken { tokens, .. } = &mut planned.act {
                while let Some(old) = tokens.last().and_then(|id| replaced.get(id)) {
                    tokens.push(*old);
                }
            }
        }
        self.acts.retain(|planned| !planned.act.is_of_deleted(&deleted, planned.entry.log));
        self.acts.sort_by_key(|planned| planned.act.phase());
        self.acts
    }
}

impl Act {
    /// Whether it needs not be done, since its user goes with all credentials.
    fn is_of_deleted(&self, deleted: &BTreeSet<UserId>, log: AuditLog) -> bool {
        let is_own = matches!(log, AuditLog::User(user) if deleted.contains(&user));
        is_own
            && !matches!(self, Self::Disable(_) | Self::DeleteUser(_) | Self::DeleteAccount { .. })
    }

    /// What comes from a token is known as long as the token is there. A passkey is the last way in
    /// until there is a password, and proofs end with those of before the password. A user is deleted
    /// when no account stands in the way any more.
    const fn phase(&self) -> u8 {
        match self {
            Self::Disable(_) => 0,
            Self::RevokeToken { with_descendants: true, .. } => 1,
            Self::RevokeToken { .. }
            | Self::RevokeGrant { .. }
            | Self::EndSession { .. }
            | Self::DeleteApiKey { .. }
            | Self::DeleteSshKey { .. }
            | Self::RenewS3Key(_)
            | Self::ChangePassword { .. }
            | Self::SetSecondFactor { .. }
            | Self::DeleteClient(_)
            | Self::RevokeGrantsTo(_)
            | Self::LimitClient { .. } => 2,
            Self::RemovePasskey { .. }
            | Self::EndProofs(_)
            | Self::EndInvitation { .. }
            | Self::EndInvitationsBy(_)
            | Self::EndInvitationsOf { .. } => 3,
            Self::DeleteAccount { .. } => 4,
            Self::RemoveMember { .. } | Self::Demote { .. } => 5,
            Self::DeleteUser(_) => 6,
            Self::CheckOwner { .. } | Self::CheckEmails | Self::CheckClient { .. } => 7,
        }
    }
}

/// What ended by an entry: what it names, and its target if that is not new.
fn ended<T: FromStr>(logged: &LoggedEntry, several: &str, is_new: bool) -> Vec<T> {
    let own = Some(&logged.entry.target.id).filter(|_| !is_new);
    let named = [several, "replaced"].into_iter().flat_map(|name| details(logged, name));
    named.chain(own).filter_map(|id| id.parse().ok()).collect()
}

/// Whether an entry of a client's scopes takes this one from what was granted before.
pub(super) fn ends_scope(entry: &AuditEntry, scope: Scope) -> bool {
    let has = |name: &str| texts(entry, name).iter().any(|own| own == scope.as_str());
    !has("scopes") || has("lost")
}

fn details<'a>(logged: &'a LoggedEntry, name: &str) -> &'a [String] {
    texts(&logged.entry, name)
}

fn texts<'a>(entry: &'a AuditEntry, name: &str) -> &'a [String] {
    entry.details.get(name).map_or(&[], AuditDetail::texts)
}
