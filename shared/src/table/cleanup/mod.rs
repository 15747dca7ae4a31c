//! Deletions that are too many for one transaction, made after it.

mod credentials;
mod members;
mod sweep;
mod task;
mod tokens;

pub use sweep::Swept;
pub(in crate::table) use task::CleanupTask;
