//! Users, their names and their addresses.

mod create;
mod delete;
mod email_owner;
mod emails;
mod keys;
mod names;
mod proofs;
mod read;
mod resets;
mod sign_ups;
mod update;

pub use create::NewUser;
pub use delete::UserDeletion;
pub use email_owner::{EmailHolder, EmailOwner};
pub use names::{CallerEmail, FreeNames, UserIdByUsername};
pub use proofs::{EmailProofRequest, FetchedEmailProof, LinkedEmailProof};
pub use resets::{FoundUser, PasswordResetRequest};
pub use sign_ups::SignUpRequest;
pub use update::{PasswordChange, UserChange};
