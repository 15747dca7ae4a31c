//! The functions over the embedded engine, as their clients see them.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod access;
mod attempts;
mod audit;
mod basic;
mod bodies;
mod conditional;
mod contract;
mod crashes;
mod credentials;
mod deadlines;
mod docs;
mod e24_account;
mod e24_accounts;
mod edge;
mod faults;
mod golem_accounts;
mod headers;
mod health;
mod hub_emails;
mod hub_users;
mod idempotency;
mod introspect;
mod invitation_pages;
mod limits;
mod lockout;
mod look;
mod lost_races;
mod mail;
mod mail_feedback;
mod makers;
mod meanwhile;
mod new_team;
mod oauth;
mod operator;
mod outages;
mod pages;
mod pages_accounts;
mod pages_keys;
mod pages_members;
mod pages_profile;
mod pages_sessions;
mod pages_tokens;
mod passwords;
mod permissions;
mod pre_traffic;
mod quave_accounts;
mod quave_current_account;
mod races;
mod registry;
mod rollcall_accounts;
mod rollcall_invitations;
mod rollcall_members;
mod rollcall_tokens;
mod rollcall_users;
mod rounds;
mod secrets;
mod security_events;
mod service_key;
mod signatures;
mod telemetry;

/// An account id that does not exist.
const NOBODYS: &str = "5f7b1b7b7b7b7b7b7b7b7b7b";
