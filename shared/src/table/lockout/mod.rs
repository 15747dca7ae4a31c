//! Protection against guessed passwords.

mod attempts;

pub use attempts::{LoginAttempts, LoginSubject, Reservation};
