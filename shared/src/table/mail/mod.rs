//! Mail: what waits in the outbox, and what writes tell their users.

mod notice;
mod outbox;
mod stream;

pub use outbox::OutboxItem;
pub use stream::{StreamEvent, StreamRecord};
