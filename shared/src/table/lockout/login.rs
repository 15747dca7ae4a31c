//! Whose password is attempted, and from where.

use crate::Result;
use crate::model::{Network, ServiceKey, SourceId, UserId, hex};
use crate::table::engine::Key;

/// Whose password is attempted.
#[derive(Debug, Clone)]
pub enum LoginSubject {
    /// A user's, under any of the user's names.
    User(UserId),
    /// No user's: a keyed hash of the name.
    Name([u8; 32]),
}

impl LoginSubject {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::User(user) => Key::user_lockout(*user),
            Self::Name(name) => Key::name_lockout(&hex(name)),
        }
    }
}

/// Where it is attempted from.
#[derive(Debug, Clone)]
pub struct LoginSource {
    pub(super) id: SourceId,
    /// Its ids under other versions of the service key.
    pub(super) other_ids: Vec<SourceId>,
    /// Whether it has a count of its own.
    pub(super) is_counted: bool,
}

impl LoginSource {
    /// The source that a network is. Loopback, whose users sit at this machine, is not counted.
    pub fn new<'k>(
        network: &Network,
        current: &ServiceKey,
        others: impl IntoIterator<Item = &'k ServiceKey>,
    ) -> Result<Self> {
        let others = others.into_iter().map(|key| SourceId::new(network, key));
        Ok(Self {
            id: SourceId::new(network, current)?,
            other_ids: others.collect::<Result<_>>()?,
            is_counted: *network != Network::Loopback,
        })
    }

    /// The same for a sign-in that takes no attempt.
    #[must_use]
    pub fn without_count(self) -> Self {
        Self { is_counted: false, ..self }
    }
}

/// An attempt to sign in, before anything of it is read.
#[derive(Debug, Clone)]
pub struct Login {
    /// Whose password.
    pub subject: LoginSubject,
    /// From where.
    pub source: LoginSource,
}

impl Login {
    /// Where its attempts are counted.
    pub(in crate::table) fn keys(&self) -> Vec<Key> {
        let source = self.source.is_counted.then(|| self.source_key());
        std::iter::once(self.subject.key()).chain(source).collect()
    }

    pub(super) fn source_key(&self) -> Key {
        Key::source_lockout(self.source.id)
    }
}
