//! Users, their names and their addresses.

mod create;
mod delete;
mod emails;
mod keys;
mod names;
mod read;
mod update;

pub use create::NewUser;
pub use delete::UserDeletion;
pub use names::{CallerEmail, FreeNames, UserIdByUsername};
pub use update::{PasswordChange, UserChange};
