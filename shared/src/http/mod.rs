//! The HTTP edge: from a request of API Gateway to an [`ApiRequest`], and from its result to a
//! response in the dialect of its path.

#[cfg(feature = "etag")]
mod conditional;
mod dialect;
#[cfg(feature = "table")]
mod entity_tag;
mod error_response;
mod event;
mod fields;
mod json;
mod multipart;
mod page;
mod request;
mod response;
mod route;

#[cfg(feature = "table")]
pub(crate) use conditional::Preconditions;
pub use dialect::{Dialect, oauth_description};
#[cfg(feature = "table")]
pub(crate) use entity_tag::EntityTag;
#[cfg(feature = "table")]
pub use entity_tag::{entity_tag, ok_with_etag};
#[cfg(feature = "table")]
pub(crate) use error_response::is_client_error;
pub use error_response::whole_seconds;
pub use event::{bytes_in_response, from_event, into_event, serve};
pub use fields::Fields;
pub use page::{head, page, page_with_form};
pub use request::{ApiRequest, Query};
#[cfg(feature = "table")]
pub(crate) use response::REPLAYED;
pub use response::{accepted, created, no_content, ok, see_other};
pub use route::{Access, Operation, encode_path, encode_segment, offers, parse_segment};
