//! Work that a write leaves behind because it is more than one transaction takes.

mod credentials;
mod members;
mod sweep;
mod task;

pub use sweep::Swept;
pub(in crate::table) use task::CleanupTask;
