//! Account lockout: protection against guessed passwords.

mod attempts;

pub use attempts::{LoginAttempts, LoginSubject, Reservation};
