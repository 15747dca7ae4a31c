//! The service in one process, its clients, and a proxy that watches and disturbs its calls to
//! the table.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "what a test cannot arrange fails it"
)]

mod app;
mod authenticator;
mod browser;
mod call_cutoff;
mod conditions;
mod contract;
mod counts;
mod deletion_fixture;
mod fixtures;
pub mod fuzz;
pub mod history;
mod invariants;
mod log;
mod operations;
mod person;
mod prices;
mod proxy;
mod response;
mod runtime_api;
mod signed;
mod snapshot;
mod state;
mod totp;
mod trails;
mod translated;

pub use app::{ClientAt, DOMAIN, PASSWORD, Post, REQUEST_ID, TestApp};
pub use authenticator::Authenticator;
pub use browser::{Browser, Page, PageForm, USER_AGENT};
pub use call_cutoff::CallCutoff;
pub use conditions::Conditions;
pub use contract::check_over_http;
pub use deletion_fixture::DeletionFixture;
pub use fixtures::{
    AskedPasskey, ConsentPage, MailedLink, OAuthClient, Service, TOKEN_ID, TestCredentials, Tokens,
    form, grant_id, parameter, token_id, unique,
};
pub use invariants::inconsistencies;
pub use log::{
    held_up, last_request_line, own_last_request_line, request_lines, watch as watch_log,
};
pub use operations::{
    CredentialKind, DocumentedOperation, Facts, Variant, operation, operations, root,
    user_operations,
};
pub use person::{Person, basic};
pub use prices::Prices;
pub use proxy::{Call, Consumed, Fault, Proxy, read_units, write_units};
pub use response::ApiResponse;
pub use runtime_api::{RuntimeApi, RuntimeCall};
pub use signed::{date, sign, signature};
pub use state::{State, seen};
pub use totp::{totp_code, wait_for_step};
pub use translated::{printed, script, source, translate};
