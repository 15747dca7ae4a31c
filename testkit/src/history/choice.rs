//! Whom and what a turn is about, drawn from what the clients know by now.

use std::cmp::Ordering;

use super::client_step::{ClientStep, SentCredential, Transport};
use super::shared_state::{KnownAccount, KnownGrant, KnownToken, KnownUser};

impl<W: Transport> ClientStep<'_, W> {
    /// One of the users that all clients share.
    pub(crate) fn shared_user(&mut self) -> KnownUser {
        let users = self.users(|user| user.is_shared);
        users[self.rng.usize(..users.len())].clone()
    }

    /// The users of a kind, now and then with those whom the operator deletes or has deleted.
    fn users(&mut self, fits: impl Fn(&KnownUser) -> bool) -> Vec<KnownUser> {
        let takes_all = self.rng.u8(..4) == 0;
        let known = self.shared.known();
        let fitting = known.users.iter().filter(|user| fits(user));
        fitting.filter(|user| takes_all || !user.is_leaving).cloned().collect()
    }

    /// One of all users, mostly of the shared ones.
    pub(crate) fn any_user(&mut self) -> KnownUser {
        let made = self.users(|user| !user.is_shared);
        if self.rng.u8(..6) == 0
            && let Some(user) = self.one_of(&made)
        {
            return user;
        }
        self.shared_user()
    }

    /// A token of a user, now and then one that has ended, or one with a list of scopes if that is
    /// enough.
    pub(crate) fn token(&mut self, user: &KnownUser, to_read: bool) -> SentCredential {
        let tokens: Vec<KnownToken> =
            user.tokens.iter().filter(|token| to_read || !token.only_reads).cloned().collect();
        match self.one_of(&tokens) {
            Some(token) => SentCredential::Token(user.username.clone(), token),
            None => self.key(user),
        }
    }

    /// An API key of a user, else no credential.
    pub(crate) fn key(&mut self, user: &KnownUser) -> SentCredential {
        match self.one_of(&user.keys) {
            Some((id, secret)) => SentCredential::Key { user: user.username.clone(), id, secret },
            None => Self::password(user),
        }
    }

    /// The name, or now and then an address, and the password that the clients know.
    pub(crate) fn password(user: &KnownUser) -> SentCredential {
        let KnownUser { username, password, .. } = user.clone();
        SentCredential::Basic { user: username.clone(), name: username, password }
    }

    /// What e24 takes.
    pub(crate) fn token_or_key(&mut self, user: &KnownUser) -> SentCredential {
        if self.rng.u8(..3) == 0 { self.key(user) } else { self.token(user, false) }
    }

    /// What hub takes.
    pub(crate) fn token_or_password_or_access(&mut self, user: &KnownUser) -> SentCredential {
        let grants: Vec<_> = self.shared.known().grants.clone();
        let grants: Vec<_> =
            grants.into_iter().filter(|grant| grant.user == user.username).collect();
        let access = grants.iter().flat_map(|grant| {
            grant.access.iter().map(|token| SentCredential::Access {
                user: user.username.clone(),
                code: grant.code.clone(),
                token: token.clone(),
            })
        });
        let access: Vec<_> = access.collect();
        match self.rng.u8(..6) {
            0 | 1 if !access.is_empty() => access[self.rng.usize(..access.len())].clone(),
            2 => Self::password(user),
            _ => self.token_or_password(user),
        }
    }

    /// What rollcall takes.
    pub(crate) fn token_or_password(&mut self, user: &KnownUser) -> SentCredential {
        if user.tokens.iter().all(|token| token.only_reads) {
            return Self::password(user);
        }
        self.token(user, false)
    }

    /// An account and one of its members; now and then somebody else.
    pub(crate) fn account_and_user(&mut self) -> (KnownAccount, KnownUser) {
        let user = self.shared_user();
        let accounts = self.shared.known().accounts.clone();
        let own: Vec<_> = accounts
            .iter()
            .filter(|account| account.members.contains(&user.username))
            .cloned()
            .collect();
        // Mostly the newest ones: the old ones are gone.
        let newest = own[own.len().saturating_sub(6)..].to_vec();
        let among = if self.rng.u8(..12) == 0 { accounts } else { newest };
        let account = match self.one_of(&among) {
            Some(account) => account,
            None => self
                .one_of(&self.shared.known().accounts.clone())
                .unwrap_or_else(|| unreachable!("every shared user has a personal account")),
        };
        (account, user)
    }

    /// A member of an account, or who was one; now and then somebody else.
    pub(crate) fn member_of(&mut self, account: &KnownAccount) -> KnownUser {
        let members: Vec<_> = account.members.iter().cloned().collect();
        let member = self.one_of(&members).filter(|_| self.rng.u8(..12) > 0);
        let known = member.and_then(|name| self.shared.known().user(&name).cloned());
        known.unwrap_or_else(|| self.shared_user())
    }

    /// One of the addresses for which all clients compete.
    pub(crate) fn address(&mut self) -> String {
        let addresses = self.shared.known().addresses.clone();
        self.one_of(&addresses).unwrap_or_default()
    }

    /// An address, mostly one that the user is believed to have.
    pub(crate) fn own_address(&mut self, user: &str) -> String {
        let owners = self.shared.known().owners.clone();
        let own = owners.into_iter().filter(|(_, owner)| owner == user);
        let mut own: Vec<_> = own.map(|(address, _)| address).collect();
        own.sort();
        let among_own = self.rng.u8(..4) > 0;
        match self.one_of(&own) {
            Some(address) if among_own => address,
            _ => self.address(),
        }
    }

    /// An address, usually one believed to be free.
    pub(crate) fn free_address(&mut self) -> String {
        let (addresses, owners) = {
            let known = self.shared.known();
            (known.addresses.clone(), known.owners.clone())
        };
        let free: Vec<_> =
            addresses.into_iter().filter(|address| !owners.contains_key(address)).collect();
        let among_free = self.rng.u8(..4) > 0;
        match self.one_of(&free) {
            Some(address) if among_free => address,
            _ => self.address(),
        }
    }

    /// The same address with letters of another case.
    pub(crate) fn typed(&mut self, address: &str) -> String {
        if self.rng.bool() { address.to_owned() } else { address.to_uppercase() }
    }

    /// A name whose slug many others have too, and which no other operation gives.
    pub(crate) fn account_name(&mut self) -> String {
        let number = self.rng.u8(..5);
        format!("Team {number} {}", punctuated(&self.label))
    }

    /// Of two operations, each with its path, the one that was sent less often.
    pub(crate) fn rarer<T>(&mut self, both: [(&'static str, T); 2]) -> (&'static str, T) {
        let [first, second] = &both;
        let sent = |operation| {
            let before = self.shared.asked_before().get(operation).copied().unwrap_or_default();
            before + self.shared.tally().get(operation).map_or(0, |counts| counts[0])
        };
        let takes_first = match sent(first.0).cmp(&sent(second.0)) {
            Ordering::Less => true,
            Ordering::Equal => self.rng.bool(),
            Ordering::Greater => false,
        };
        let [first, second] = both;
        if takes_first { first } else { second }
    }

    /// What a user granted, if anything is known to be.
    pub(crate) fn grant(&mut self, fits: impl Fn(&KnownGrant) -> bool) -> Option<KnownGrant> {
        let grants: Vec<_> =
            self.shared.known().grants.iter().filter(|grant| fits(grant)).cloned().collect();
        let newest = grants[grants.len().saturating_sub(5)..].to_vec();
        self.one_of(&newest)
    }
}

/// The letters of a label, and the characters that encode them in a name without changing the slug.
const LETTERS: [(char, char); 12] = [
    ('0', '!'),
    ('1', '?'),
    ('2', '.'),
    ('3', ','),
    ('4', ';'),
    ('5', ':'),
    ('6', '*'),
    ('7', '+'),
    ('8', '='),
    ('9', '~'),
    ('c', '('),
    ('n', ')'),
];

fn punctuated(label: &str) -> String {
    let sign = |letter| LETTERS.iter().find(|(own, _)| *own == letter).map(|(_, sign)| *sign);
    label.chars().filter_map(sign).collect()
}

/// Stands for an unknown id: the creation got no outcome.
pub(super) fn made_by(label: &str) -> String {
    format!("made by {label}")
}

/// The label that a name has.
pub(super) fn label_of(name: &str) -> String {
    let letter = |sign| LETTERS.iter().find(|(_, own)| *own == sign).map(|(letter, _)| *letter);
    name.chars().filter_map(letter).collect()
}
