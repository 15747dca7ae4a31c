//! The HTTP edge: from an API Gateway request to a [`ApiRequest`], and from what comes of it to an answer in the dialect of
//! its path.

#[cfg(feature = "table")]
mod conditional;
mod dialect;
mod error_response;
mod event;
mod fields;
mod page;
mod request;
mod response;
mod route;

#[cfg(feature = "table")]
pub use conditional::ok_with_etag;
#[cfg(feature = "table")]
pub(crate) use conditional::{EntityTag, Preconditions};
pub use dialect::Dialect;
pub use event::{from_event, into_event, serve};
pub use fields::Fields;
pub use page::html;
pub use request::{ApiRequest, Query};
pub use response::{created, no_content, ok};
