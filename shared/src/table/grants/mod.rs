//! OAuth clients and what users granted to them.

mod clients;
mod grant;

pub use clients::ClientAndGrant;
pub use grant::{ACCESS_LIFE, Issued, NewGrant};
