//! OAuth clients and grants.

mod clients;
mod grant;

pub use clients::ClientAndGrant;
pub use grant::NewGrant;
