//! What the tests share: the service in one process, its clients, and a proxy that watches and disturbs its calls to
//! the table.

mod answer;
mod app;
mod invariants;
mod person;
mod proxy;

pub use answer::Answer;
pub use app::TestApp;
pub use person::Person;
pub use proxy::{Fault, Proxy};
