//! The HTTP edge: from an API Gateway request to a [`Call`], and from what comes of it to an answer in the dialect of
//! its path.

mod answer;
mod call;
mod dialect;
mod event;
mod fields;
mod page;
mod route;

pub use answer::{created, no_content, ok};
pub use call::{Call, Query};
pub use dialect::Dialect;
pub use event::{received, serve};
pub use fields::Fields;
pub use page::page;
