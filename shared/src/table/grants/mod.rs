//! OAuth clients and grants.

mod clients;
mod grant;
mod user_grants;

pub use clients::ClientAndGrant;
pub use grant::NewGrant;
pub use user_grants::CallerGrant;
