//! Account lockout: protection against guessed passwords.
//!
//! Ten wrong passwords within 15 minutes lock a user for 15 minutes: for the sources that the user
//! is not known from, or for one that it is known from. A source that the user is not known from
//! has a count of its own, over all names that do not know it.

mod attempts;
mod counter;
mod login;
mod slots;
#[cfg(feature = "operator")]
mod state;

pub use attempts::{LoginAttempts, Reservation};
pub(in crate::table) use counter::attributes_of_deleted;
pub use login::{Login, LoginSource, LoginSubject};
#[cfg(feature = "operator")]
pub use state::LockState;
