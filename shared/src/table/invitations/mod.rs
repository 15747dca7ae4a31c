//! Invitations to accounts: who sends them, and who joins by them.

mod acceptances;
mod sending;

pub use acceptances::{Acceptance, FetchedAcceptance, LinkedInvitation, OwnerCheck};
pub use sending::{
    FetchedInvitation, InvitationAt, InvitationRequest, NewInvitation, SentInvitation,
};
