//! Histories of many clients at once, and whether they can be explained.
//!
//! A run makes users, accounts and addresses that many clients share ([`run`]), and each client
//! does what its plan says ([`plan`]), which the seed alone determines. The operator disables and
//! deletes users meanwhile. What a client asked, when,
//! and what the response says of each user, account, address, token, key, password and grant is
//! noted ([`rules`]). The history of every one of these is then searched for an order that explains
//! all of its responses ([`linearizable`]); the whole table, at the end, is one more response. What
//! nobody knows the outcome of may have happened at any later time, or never.

#[cfg(test)]
mod by_hand;
mod choice;
mod client_step;
mod dialects;
mod operator;
mod setup;
mod shared_state;
mod table;
mod transport;

pub mod fault_schedule;
pub mod linearizable;
pub mod plan;
pub mod rules;
pub mod run;
pub mod shrink;

pub use client_step::Transport;
pub use transport::Http;
