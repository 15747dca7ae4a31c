//! Mail: what waits in the outbox, and what writes tell their users.

mod notice;
mod outbox;
mod requests;
mod stream;

pub use outbox::OutboxItem;
pub use requests::{AskedMails, NewLink};
pub use stream::{StreamEvent, StreamRecord};
