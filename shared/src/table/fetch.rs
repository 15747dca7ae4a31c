//! The items that a request can fetch in the round trip of its credential, by name.

use super::accounts::{AccountAccess, FreeSlug, MemberAccess};
use super::counts::CallerCounts;
use super::engine::Both;
use super::grants::{CallerGrant, ClientAt};
use super::idempotency::StoredResponseAt;
use super::invitations::{Acceptance, InvitationAt, InvitationRequest, OwnerCheck};
use super::passkeys::{CallerPasskey, PasskeyChallengeAt};
use super::second_factor::CallerSecondFactor;
use super::sessions::CallerSession;
use super::tokens::CallerToken;
use super::users::{CallerEmail, EmailProofRequest, FreeNames, UserIdByUsername};
use crate::model::{
    AccountId, AccountName, ClientId, EmailAddress, GrantId, InvitationId, PasskeyChallengeId,
    PasskeyId, SessionId, StoredResponseId, TokenId, UserId, Username,
};

/// An account and the caller's membership.
pub const fn account_access(account: AccountId) -> AccountAccess {
    AccountAccess(account)
}

/// An account, the caller's membership, and a user with the membership in it, perhaps the caller.
pub const fn member_access(account: AccountId, user: UserId) -> MemberAccess {
    MemberAccess { account, user }
}

/// What an invitation of this address to an account rests on.
pub const fn invitation_request(account: AccountId, address: EmailAddress) -> InvitationRequest {
    InvitationRequest { account, address }
}

/// An invitation, and the account with the caller's membership.
pub const fn invitation(account: AccountId, invitation: InvitationId) -> InvitationAt {
    InvitationAt { account, invitation }
}

/// What the caller's acceptance of an invitation rests on.
pub const fn acceptance(
    account: AccountId,
    invitation: InvitationId,
    owner_check: OwnerCheck,
) -> Acceptance {
    Acceptance { account, invitation, owner_check }
}

/// A token of the caller, perhaps the presented one.
pub const fn token(token: TokenId) -> CallerToken {
    CallerToken(token)
}

/// A session of the caller, perhaps the one that it is signed in with.
pub const fn session(session: SessionId) -> CallerSession {
    CallerSession(session)
}

/// A passkey of the caller.
pub const fn passkey(passkey: PasskeyId) -> CallerPasskey {
    CallerPasskey(passkey)
}

/// What a passkey was asked to sign.
pub const fn passkey_challenge(challenge: PasskeyChallengeId) -> PasskeyChallengeAt {
    PasskeyChallengeAt(challenge)
}

/// The caller's second factor, if it is on.
pub const fn second_factor() -> CallerSecondFactor {
    CallerSecondFactor
}

/// An OAuth client.
pub const fn client(client: ClientId) -> ClientAt {
    ClientAt(client)
}

/// A grant of the caller, perhaps the presented token's.
pub const fn grant(grant: GrantId) -> CallerGrant {
    CallerGrant(grant)
}

/// What the caller has of that which is limited.
pub const fn counts() -> CallerCounts {
    CallerCounts
}

/// The id of the user with this username; nobody without one.
pub const fn user_id(username: Option<Username>) -> UserIdByUsername {
    UserIdByUsername(username)
}

/// An address of the caller.
pub const fn email(email: EmailAddress) -> CallerEmail {
    CallerEmail(email)
}

/// What a request of the caller for a proof of this address rests on.
pub const fn email_proof_request(address: EmailAddress) -> EmailProofRequest {
    EmailProofRequest(address)
}

/// A free slug for an account of this name.
pub const fn free_slug(name: AccountName) -> FreeSlug {
    FreeSlug(name)
}

/// This username, which must be free and not reserved in a service of this name, with a free slug
/// for the personal account.
pub fn exact_username(username: Username, service_name: &str) -> FreeNames {
    FreeNames { is_reserved: username.is_reserved(service_name), username, is_derived: false }
}

/// This username or a free one like it, not reserved in a service of this name, with a free slug for
/// the personal account.
pub fn derived_username(username: Username, service_name: &str) -> FreeNames {
    FreeNames { is_reserved: username.is_reserved(service_name), username, is_derived: true }
}

/// The stored response with this id.
pub(crate) const fn stored_response(id: Option<StoredResponseId>) -> StoredResponseAt {
    StoredResponseAt(id)
}

/// Two fetches in one round trip.
pub const fn both<A, B>(first: A, second: B) -> Both<A, B> {
    Both(first, second)
}
