//! The HTTP edge: from an API Gateway request to a [`Call`], and from what comes of it to an answer in the dialect of
//! its path.

mod answer;
mod call;
#[cfg(feature = "table")]
mod conditional;
mod dialect;
mod event;
mod fields;
mod page;
mod refusal;
mod route;

pub use answer::{created, no_content, ok};
pub use call::{Call, Query};
#[cfg(feature = "table")]
pub use conditional::resource;
#[cfg(feature = "table")]
pub(crate) use conditional::{EntityTag, Preconditions};
pub use dialect::Dialect;
pub use event::{received, sent, serve};
pub use fields::Fields;
pub use page::page;
