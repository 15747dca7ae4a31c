//! What a caller may do, and the proof of it.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use crate::model::{Scope, User};
use crate::table::Stored;
use crate::{Error, Result};

/// What a credential lets its user do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Powers {
    /// Everything: a password, a signature, or a token without a list of scopes.
    All,
    /// What is on the list.
    Scopes(BTreeSet<Scope>),
}

/// What a handler needs its caller to be allowed to do.
pub trait Need: Send {
    /// Refuses powers that are not enough.
    fn demand(powers: &Powers) -> Result<()>;
}

/// Changing passwords and keys: no token with a list of scopes can, so that no credential makes itself stronger.
pub struct Unrestricted;

impl Need for Unrestricted {
    fn demand(powers: &Powers) -> Result<()> {
        match powers {
            Powers::All => Ok(()),
            Powers::Scopes(_) => {
                Err(Error::Forbidden("a token with a list of scopes cannot do this"))
            }
        }
    }
}

/// One scope each, which a token with a list must have.
macro_rules! scopes {
    ($($(#[$doc:meta])* $need:ident;)*) => {$(
        $(#[$doc])*
        pub struct $need;

        impl Need for $need {
            fn demand(powers: &Powers) -> Result<()> {
                match powers {
                    Powers::Scopes(scopes) if !scopes.contains(&Scope::$need) => Err(Error::MissingScope(Scope::$need.as_str())),
                    Powers::All | Powers::Scopes(_) => Ok(()),
                }
            }
        }
    )*};
}

scopes! {
    /// Seeing accounts.
    AccountRead;
    /// Creating, changing and deleting accounts.
    AccountWrite;
    /// Seeing one's profile.
    ProfileRead;
    /// Changing one's profile.
    ProfileWrite;
    /// Seeing one's addresses.
    EmailRead;
    /// Changing one's addresses.
    EmailWrite;
    /// Seeing one's tokens.
    TokensRead;
    /// Making and revoking tokens.
    TokensWrite;
}

/// Proof that a valid credential of this user was presented, which may do `N`.
pub struct Caller<N> {
    user: Stored<User>,
    powers: Powers,
    need: PhantomData<N>,
}

impl<N: Need> Caller<N> {
    /// The proof, if the powers are enough.
    pub(super) fn admit(user: Stored<User>, powers: Powers) -> Result<Self> {
        N::demand(&powers)?;
        Ok(Self { user, powers, need: PhantomData })
    }

    /// Who asks.
    pub const fn user(&self) -> &Stored<User> {
        &self.user
    }

    /// What else the credential lets its user do.
    pub const fn powers(&self) -> &Powers {
        &self.powers
    }
}
