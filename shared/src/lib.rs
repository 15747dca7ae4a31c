//! What the functions share: the domain model, credentials, access to the single table, and the
//! HTTP edge.
//!
//! Dependencies go one way. [`model`] knows neither HTTP nor `DynamoDB`; [`table`] knows no HTTP;
//! [`http`] knows no `DynamoDB`; [`auth`] joins the request's credential with the table; the
//! functions use all of them.

#[cfg(feature = "table")]
mod app;
#[cfg(feature = "table")]
pub mod auth;
#[cfg(feature = "table")]
pub mod aws;
#[cfg(feature = "table")]
pub mod e24;
mod error;
pub mod http;
#[cfg(feature = "table")]
mod idempotency;
#[cfg(feature = "password")]
pub mod invitations;
pub mod lifetimes;
pub mod limits;
pub mod look;
#[cfg(feature = "table")]
pub mod mail;
#[cfg(feature = "table")]
pub mod model;
#[cfg(feature = "ssh-keys")]
pub mod openssh;
#[cfg(feature = "password")]
pub mod password;
#[cfg(feature = "table")]
pub mod quave;
pub mod random;
#[cfg(feature = "seal")]
pub mod registry;
#[cfg(feature = "table")]
pub mod rollcall;
pub mod runtime;
#[cfg(feature = "seal")]
pub mod seal;
#[cfg(feature = "password")]
pub mod self_service;
#[cfg(feature = "table")]
pub mod service_key;
mod settings;
#[cfg(feature = "table")]
pub mod table;
pub mod telemetry;
pub mod text;
pub mod timeouts;

#[cfg(feature = "table")]
pub use app::App;
pub use error::{Error, ErrorChain, FieldError, InvitationEnd, OAuthCode, Result};
pub use settings::{PublicUrl, ServiceName, Settings, SignUpPolicy, SignedQuery};
