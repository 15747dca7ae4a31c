//! Mail: what waits in the outbox, what writes tell their users, and the addresses that get none.

mod notice;
mod outbox;
mod requests;
mod stream;
mod undeliverable;

pub use outbox::OutboxItem;
pub use requests::{MailRateLimit, NewLink};
pub use stream::{StreamEvent, StreamRecord};
pub(in crate::table) use undeliverable::take_mark;
