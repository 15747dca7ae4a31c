//! The operator's command, run as the operator does, on a table of each test's own.

#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

mod configuration;
mod credentials;
mod deletion;
mod lists;
mod members;
mod plans;
mod replay;
mod sealing;
mod second_factor;
mod stage;
mod users;
