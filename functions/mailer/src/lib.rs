//! Sends the mails of the outbox.

pub mod message;
