//! The real binaries behind `cargo lambda watch`, over HTTP, as `cargo xtask dev` runs them.
//!
//! `ROLLCALL_DEV_JSON` names the `dev.json` of the running service. All tests share it, so each
//! makes what it needs under names of its own.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod account;
mod browser;
mod by_hand;
mod clients;
mod console;
mod curl_lines;
mod docs;
mod e24;
mod events;
mod exposure;
mod gateway;
mod generated;
mod mails;
mod oauth;
mod outages;
mod pages;
mod passkeys;
mod pasted;
mod second_factor;
mod service;
mod signed_in;
mod smoke;
mod terminal;
