//! OAuth clients and grants.

mod clients;
mod grant;
mod user_grants;

#[cfg(feature = "password")]
pub use clients::ClientAt;
pub use clients::{ClientAndGrant, ClientChange};
pub use grant::NewGrant;
pub use user_grants::CallerGrant;
