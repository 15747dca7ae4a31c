//! What the clients of a run know and saw.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::rules::Event;
use crate::Authenticator;

/// What has a history of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Object {
    /// The user of this name: profile, primary address, current account, keys.
    User(String),
    /// The account of this id: whether it exists, its name, address and owner.
    Account(String),
    /// The membership in the account of this id of the user of this name: the role.
    Membership(String, String),
    /// An address in its normal form: whose it is, and which account's contact.
    Address(String),
    /// A requested username.
    Username(String),
    /// A user's token.
    Token(String, String),
    /// A user's password.
    Password(String),
    /// A user's API key: the secret that signs.
    Key(String, String),
    /// What a user granted, by its code.
    Grant(String, String),
    /// A session of a user, by its id.
    Session(String, String),
    /// The invitation of an address to an account: the link that works, and the one that was
    /// declined.
    Invitation(String, String),
    /// What the app of a user is given, by its secret: whether it is on, the recovery codes that
    /// were not used, and the steps whose codes were.
    Factor(String, String),
    /// A passkey of a user, by its id.
    Passkey(String, String),
    /// What a passkey is asked to sign.
    Challenge(String),
    /// A link that was mailed, by its token, and the user that it is for; nobody if it signs up.
    Link(String, String),
}

impl Object {
    /// The user whose credential it is.
    pub(crate) fn holder(&self) -> Option<&str> {
        match self {
            Self::Token(user, _)
            | Self::Password(user)
            | Self::Key(user, _)
            | Self::Grant(user, _)
            | Self::Session(user, _)
            | Self::Factor(user, _)
            | Self::Passkey(user, _)
            | Self::Link(user, _) => Some(user),
            Self::User(_)
            | Self::Account(_)
            | Self::Membership(..)
            | Self::Address(_)
            | Self::Username(_)
            | Self::Challenge(_)
            | Self::Invitation(..) => None,
        }
    }
}

/// What the operator does to a user that was made before the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OperatorsPlan {
    #[default]
    Keep,
    /// Disables it, and enables it again, now and then.
    DisableAtTimes,
    Delete,
}

/// A user, as the clients know it.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownUser {
    pub(crate) username: String,
    pub(crate) id: String,
    pub(crate) password: String,
    /// Made before the run for many clients; others are made in it, and only looked at.
    pub(crate) is_shared: bool,
    pub(crate) operator: OperatorsPlan,
    /// Whether the operator has begun to delete it.
    pub(crate) is_leaving: bool,
    /// Tokens believed to work, with their ids, and whether they have a list of scopes.
    pub(crate) tokens: Vec<KnownToken>,
    /// All ids of tokens ever, environment tokens too.
    pub(crate) token_ids: Vec<String>,
    /// API keys with their secrets.
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) ssh_keys: Vec<String>,
}

/// A user token.
#[derive(Debug, Clone)]
pub(crate) struct KnownToken {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Whether it has the scope `account_read` alone.
    pub(crate) only_reads: bool,
}

/// An account, as the clients know it.
#[derive(Debug, Clone)]
pub(crate) struct KnownAccount {
    pub(crate) id: String,
    /// Who made it, or got it. Only one with a contact address is handed over.
    pub(crate) owner: String,
    /// Whether it was made with a contact address, so that it always has one.
    pub(crate) has_contact: bool,
    /// Who is a member, or was one.
    pub(crate) members: BTreeSet<String>,
}

/// What a user granted to the client.
#[derive(Debug, Clone)]
pub(crate) struct KnownGrant {
    pub(crate) user: String,
    pub(crate) code: String,
    pub(crate) refresh: Vec<String>,
    pub(crate) access: Vec<String>,
    /// How often tokens were requested: an eleventh access token would end the first.
    pub(crate) requested: u32,
    pub(crate) made: std::time::Instant,
}

/// A session of a browser, by one of the cookies that it has had.
#[derive(Debug, Clone)]
pub(crate) struct KnownSession {
    pub(crate) user: String,
    pub(crate) id: String,
    /// As the browser sends it. The value of the fact `works` of a session is the cookie that does.
    pub(crate) cookie: String,
}

/// A user whose second factor is turned on and off. Nothing else is done with it.
#[derive(Debug, Clone)]
pub(crate) struct GuardedUser {
    pub(crate) username: String,
    pub(crate) id: String,
    pub(crate) password: String,
    pub(crate) token: KnownToken,
    pub(crate) sessions: Vec<KnownSession>,
    /// The newest one last.
    pub(crate) factors: Vec<KnownFactor>,
    /// The devices with the user's passkeys.
    pub(crate) devices: Vec<Arc<Authenticator>>,
}

/// What was set up in the app of a user.
#[derive(Debug, Clone)]
pub(crate) struct KnownFactor {
    pub(crate) secret: String,
    /// All recovery codes ever, and those that nobody has entered.
    pub(crate) codes: Vec<String>,
    pub(crate) left: Vec<String>,
    /// The latest step whose code somebody has entered.
    pub(crate) entered: u64,
}

/// What a passkey was asked to sign.
#[derive(Debug, Clone)]
pub(crate) struct KnownChallenge {
    pub(crate) id: String,
    pub(crate) options: Value,
}

/// A link that was mailed.
#[derive(Debug, Clone)]
pub(crate) struct KnownLink {
    pub(crate) token: String,
    pub(crate) leads_to: LinkTarget,
    pub(crate) is_followed: bool,
}

/// An invitation that was sent, with its link.
#[derive(Debug, Clone)]
pub(crate) struct KnownInvitation {
    pub(crate) account: String,
    pub(crate) address: String,
    pub(crate) id: String,
    pub(crate) token: String,
    /// Who sent it.
    pub(crate) inviter: String,
}

/// What a link is for.
#[derive(Debug, Clone)]
pub(crate) enum LinkTarget {
    /// To sign up with this address.
    SignUp(String),
    /// To prove that an address is a user's.
    Proof { user: String, address: String },
    /// To set another password of this user.
    Reset(String),
}

impl LinkTarget {
    /// The user that it is for; nobody if it signs up.
    pub(crate) fn user(&self) -> &str {
        match self {
            Self::SignUp(_) => "",
            Self::Proof { user, .. } | Self::Reset(user) => user,
        }
    }
}

/// Everything that the clients know.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) users: Vec<KnownUser>,
    pub(crate) accounts: Vec<KnownAccount>,
    pub(crate) grants: Vec<KnownGrant>,
    pub(crate) sessions: Vec<KnownSession>,
    pub(crate) guarded: Vec<GuardedUser>,
    pub(crate) challenges: Vec<KnownChallenge>,
    pub(crate) links: Vec<KnownLink>,
    pub(crate) invitations: Vec<KnownInvitation>,
    pub(crate) addresses: Vec<String>,
    /// The owners of addresses, as far as a response told.
    pub(crate) owners: HashMap<String, String>,
    pub(crate) usernames: Vec<String>,
    /// By account: when a deletion was first sent that was not rejected, and when it was first
    /// known.
    pub(crate) deletions: BTreeMap<String, (u64, u64)>,
    /// By account and user: from when on the user may have been no member. A removal was first sent
    /// then that was not rejected; zero if the user joined during the run.
    pub(crate) removals: BTreeMap<(String, String), u64>,
    /// Changes of a password in a session: which, when each was sent, and when it was known.
    pub(crate) kept_sessions: Vec<(String, u64, u64)>,
    /// By user: when the operator first sent what takes the user from its accounts.
    pub(crate) departures: BTreeMap<String, u64>,
    /// How many users the operator has deleted, and how often a deletion was taken back.
    pub(crate) deleted_users: [usize; 2],
    /// The accounts with a contact address of which nobody knows whether they were made: who asked,
    /// and what stands for the id.
    pub(crate) perhaps_made: Vec<(String, String)>,
    pub(crate) slugs: HashMap<String, String>,
    /// Wrong passwords for one name that were looked at.
    pub(crate) wrong_guesses: usize,
    /// API keys that were deleted.
    pub(crate) former_keys: HashSet<String>,
}

impl Known {
    pub(crate) fn user(&mut self, name: &str) -> Option<&mut KnownUser> {
        self.users.iter_mut().find(|user| user.username == name)
    }

    pub(crate) fn guarded(&mut self, name: &str) -> Option<&mut GuardedUser> {
        self.guarded.iter_mut().find(|user| user.username == name)
    }

    pub(crate) fn account(&self, id: &str) -> Option<&KnownAccount> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub(crate) fn account_mut(&mut self, id: &str) -> Option<&mut KnownAccount> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// Forgets a deleted API key.
    pub(crate) fn forget_key(&mut self, user: &str, id: &str) {
        if let Some(user) = self.user(user) {
            user.keys.retain(|(own, _)| own != id);
        }
        self.former_keys.insert(id.to_owned());
    }

    /// Forgets all API keys of a user.
    pub(crate) fn forget_keys(&mut self, user: &str) {
        let keys = self.user(user).map(|user| std::mem::take(&mut user.keys)).unwrap_or_default();
        self.former_keys.extend(keys.into_iter().map(|(id, _)| id));
    }

    /// Notes that a link was followed.
    pub(crate) fn follow(&mut self, token: &str) {
        if let Some(link) = self.links.iter_mut().find(|link| link.token == token) {
            link.is_followed = true;
        }
    }

    /// The facts of all keys of a user that are known or were.
    pub(crate) fn facts_of_keys(&self, user: &str) -> impl Iterator<Item = String> {
        let user = self.users.iter().find(move |known| known.username == user);
        let keys = user.into_iter().flat_map(|user| user.keys.iter().map(|(id, _)| id));
        let keys = keys.chain(&self.former_keys).map(|id| format!("key:{id}"));
        let ssh_keys = user.into_iter().flat_map(|user| &user.ssh_keys);
        keys.chain(ssh_keys.map(|id| format!("ssh:{id}")))
    }

    /// Whether an API key was deleted.
    pub(crate) fn is_former_key(&self, id: &str) -> bool {
        self.former_keys.contains(id)
    }

    /// Whether an account may have been gone at some time up to this.
    pub(crate) fn may_be_gone(&self, account: &str, by: u64) -> bool {
        self.deletions.get(account).is_some_and(|(requested, _)| *requested < by)
    }

    /// Whether a user may have been no member of an account at some time up to this.
    pub(crate) fn may_be_removed(&self, account: &str, user: &str, by: u64) -> bool {
        let removal = self.removals.get(&(account.to_owned(), user.to_owned()));
        removal.is_some_and(|requested| *requested < by) || self.may_be_leaving(user, by)
    }

    /// Whether a session may have been kept beyond a change of the password between these times.
    /// Whoever reads its user before that and the session after it, or the other way round, finds
    /// that it does not work.
    pub(crate) fn may_be_kept(&self, session: &str, from: u64, by: u64) -> bool {
        let mut kept = self.kept_sessions.iter().filter(|(own, ..)| own == session);
        kept.any(|(_, requested, known)| *requested < by && from < *known)
    }

    /// Whether the operator may have taken a user from accounts at some time up to this.
    pub(crate) fn may_be_leaving(&self, user: &str, by: u64) -> bool {
        self.departures.get(user).is_some_and(|requested| *requested < by)
    }

    /// Notes when the deletion of an account was sent, and from when on it was surely gone.
    pub(crate) fn know_deletion(&mut self, account: &str, requested: u64, known: u64) {
        let times = self.deletions.entry(account.to_owned()).or_insert((u64::MAX, u64::MAX));
        *times = (times.0.min(requested), times.1.min(known));
    }

    /// Whether an account was surely gone from this time on.
    pub(crate) fn is_surely_gone(&self, account: &str, from: u64) -> bool {
        self.deletions.get(account).is_some_and(|(_, known)| *known < from)
    }
}

/// Says what an operation means for any object, once all objects are known.
pub(crate) type ForEach = Box<dyn Fn(&Object, &Known) -> Option<Event> + Send>;

/// What an operation says of the objects.
pub(crate) enum Projection {
    On(Object, Event),
    Each(ForEach),
}

/// An operation as it went.
pub(crate) struct Done {
    pub(crate) what: String,
    pub(crate) invoked: u64,
    pub(crate) returned: Option<u64>,
    pub(crate) projections: Vec<Projection>,
}

/// The state that all clients share.
#[derive(Default)]
pub(crate) struct SharedState {
    clock: AtomicU64,
    known: Mutex<Known>,
    log: Mutex<Vec<Done>>,
    tally: Mutex<BTreeMap<String, [usize; 3]>>,
    asked_before: Mutex<BTreeMap<String, usize>>,
    /// Responses that are wrong regardless of the history.
    wrong: Mutex<Vec<String>>,
}

impl SharedState {
    /// The next tick of the clock that all clients share.
    pub(crate) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Vec<Done>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By operation: how often it was sent, got a successful response, and had an unknown outcome.
    pub(crate) fn tally(&self) -> MutexGuard<'_, BTreeMap<String, [usize; 3]>> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By operation: how often it was sent in earlier rounds.
    pub(crate) fn asked_before(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.asked_before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wrong(&self) -> MutexGuard<'_, Vec<String>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
