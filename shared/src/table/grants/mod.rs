//! OAuth clients and grants.

mod clients;
mod grant;
mod user_grants;

pub use clients::{ClientAndGrant, ClientAt, ClientChange};
pub use grant::NewGrant;
pub use user_grants::CallerGrant;
