//! What the tests know of each operation, one row each, beside what its group's own table says:
//! method, path, who may call it, and the status of a success.

use shared::http::{Access, Operation};

use CredentialKind::{Basic, EndingToken, OAuthToken, OverlappedToken, Signature, UserToken};
use ErrorFormat::{Detail, Error, OAuthError, Page, Problem, SuccessFalse};
use Needs::{
    AccessToken, Admin, ApiKey, AuthorizationRequest, ClientAndUserToken, Code, ConsentForm, Email,
    FreeInvitationLink, Grant, Invitation, InvitationLink, Member, OwnToken, Passkey,
    PasskeyAnswer, Password, PendingSignIn, ProofLink, ProvedEmail, PublicKey, RefreshToken,
    Registry, ResetLink, SecondFactor, SecondFactorSetup, Session, SignUpLink, SshKey, Token,
    VerifiedEmail,
};
use Variant::{Descendants, First, Generated, Itself, NewPassword, RecoveryCode, Refresh};

/// What a caller is authenticated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A user token.
    UserToken,
    /// A user token with an end, and without a list of scopes.
    EndingToken,
    /// A user token that works on for the overlap of its rotation.
    OverlappedToken,
    /// An environment token.
    EnvironmentToken,
    /// A user's name and password.
    Basic,
    /// A signature made with an API key.
    Signature,
    /// An OAuth access token.
    OAuthToken,
    /// An OAuth client's id and secret.
    Client,
}

/// What an error looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// `{"error"}`.
    Error,
    /// `{"success":false,"error"}`.
    SuccessFalse,
    /// `{"detail"}`.
    Detail,
    /// RFC 6749's; a page where people are asked.
    OAuthError,
    /// RFC 9457's.
    Problem,
    /// A page.
    Page,
}

/// What must exist before an operation's event can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The user, and an address that nobody has if the event names one, in the path too.
    Nothing,
    /// Another address of the user.
    Email,
    /// Another address of the user, which may become the primary one.
    VerifiedEmail,
    /// A public key that nobody has added.
    PublicKey,
    /// An API key.
    ApiKey,
    /// A stored SSH key.
    SshKey,
    /// A registry of the user's account.
    Registry,
    /// Another member of the user's account.
    Member,
    /// Another admin of the user's account.
    Admin,
    /// Another token of the user.
    Token,
    /// The token that calls; another one if the caller has none.
    OwnToken,
    /// A client whose request for a code is shown to the user.
    AuthorizationRequest,
    /// The form that such a request shows.
    ConsentForm,
    /// A client with a code.
    Code,
    /// A client with an access token.
    AccessToken,
    /// A client with a refresh token.
    RefreshToken,
    /// A client, and the token of the user.
    ClientAndUserToken,
    /// A grant of the user.
    Grant,
    /// A session of the user, beside the one that asks.
    Session,
    /// The user's name and password, as far as the event has them.
    Password,
    /// The second factor, and a code that works if the event has one.
    SecondFactor,
    /// A secret that is being set up in the session, and a code of it.
    SecondFactorSetup,
    /// A sign-in whose password was right, and a code.
    PendingSignIn,
    /// A passkey of the user.
    Passkey,
    /// The answer of a device to what it was asked in the session, or without one.
    PasskeyAnswer,
    /// A link to sign up, and a username that nobody has.
    SignUpLink,
    /// A link that resets the password of another user.
    ResetLink,
    /// A link that proves an address to be the user's.
    ProofLink,
    /// A proved address of the user, and one that nobody has.
    ProvedEmail,
    /// An invitation to the user's account.
    Invitation,
    /// A link that invites the user to somebody else's account.
    InvitationLink,
    /// A link that invites an address that nobody has, and a username that nobody has.
    FreeInvitationLink,
}

/// How a write in the fault matrix differs from the documented example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// It sets a new password too.
    NewPassword,
    /// It ends or replaces the credential that calls.
    Itself,
    /// It makes a pair of keys, and shows the private one.
    Generated,
    /// It redeems a refresh token.
    Refresh,
    /// It makes the first account of a user who has none.
    First,
    /// It also ends what the credential made.
    Descendants,
    /// It takes a recovery code.
    RecoveryCode,
}

/// A function with routes, and what holds for all its operations.
pub(crate) struct Group {
    pub(crate) function: &'static str,
    pub(crate) operations: &'static [Operation],
    /// What its operations for users accept.
    pub(super) credentials: &'static [CredentialKind],
    pub(super) errors: ErrorFormat,
}

const fn group(
    function: &'static str,
    operations: &'static [Operation],
    credentials: &'static [CredentialKind],
    errors: ErrorFormat,
) -> Group {
    Group { function, operations, credentials, errors }
}

/// All groups.
pub(crate) static GROUPS: &[Group] = &[
    group("docs", docs::OPERATIONS, &[], Error),
    group("e24-account", e24_account::OPERATIONS, &[UserToken, Signature], SuccessFalse),
    group("e24-accounts", e24_accounts::OPERATIONS, &[UserToken, Signature], SuccessFalse),
    group("golem-accounts", golem_accounts::OPERATIONS, &[UserToken], Error),
    group("hub-oauth", hub_oauth::OPERATIONS, &[], OAuthError),
    group("hub-users", hub_users::OPERATIONS, &[UserToken, Basic, OAuthToken], Detail),
    group("not-found", NOT_FOUND, &[], Error),
    group("pages", pages::OPERATIONS, &[], Page),
    group("passkeys", passkeys::OPERATIONS, &[], Problem),
    group("quave-accounts", quave_accounts::OPERATIONS, &[UserToken], Error),
    group("quave-current-account", quave_current_account::OPERATIONS, &[UserToken], Error),
    group("rollcall-accounts", rollcall_accounts::OPERATIONS, &[UserToken, Basic], Problem),
    group("rollcall-tokens", rollcall_tokens::OPERATIONS, &[UserToken, Basic], Problem),
    group("rollcall-users", rollcall_users::OPERATIONS, &[UserToken, Basic], Problem),
];

/// Stands for every path that no operation has.
const NOT_FOUND: &[Operation] = &[Operation {
    method: "GET",
    path: "/unknown",
    name: "not-found",
    access: Access::Public,
    status: 404,
}];

/// The row of an operation.
#[derive(Debug)]
pub struct Facts {
    pub(crate) name: &'static str,
    /// The round trips that it costs on the caller's own account. Adding one is a decision; by it
    /// `cargo xtask bench` chooses what the operation may take.
    pub rounds: u32,
    /// Whether it changes nothing, whatever its method.
    pub(super) only_reads: bool,
    /// Whether a success has an `ETag`, that of the single resource that it shows.
    pub has_etag: bool,
    /// The operation that shows the resource whose `ETag` it compares with `If-Match`.
    pub writes_to: Option<&'static str>,
    /// What must exist before the event can be sent.
    pub(crate) needs: Needs,
    /// What else the fault matrix plays.
    pub variants: &'static [Variant],
    /// The statuses with credentials that are accepted and get another one than a success.
    pub(super) status_by: &'static [(CredentialKind, u16)],
}

const fn row(name: &'static str, rounds: u32) -> Facts {
    Facts {
        name,
        rounds,
        only_reads: false,
        has_etag: false,
        writes_to: None,
        needs: Needs::Nothing,
        variants: &[],
        status_by: &[],
    }
}

impl Facts {
    const fn only_reads(self) -> Self {
        Self { only_reads: true, ..self }
    }

    const fn etag(self) -> Self {
        Self { has_etag: true, ..self }
    }

    const fn writes_to(self, shown_by: &'static str) -> Self {
        Self { writes_to: Some(shown_by), ..self }
    }

    const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    const fn variants(self, variants: &'static [Variant]) -> Self {
        Self { variants, ..self }
    }

    const fn by(self, status_by: &'static [(CredentialKind, u16)]) -> Self {
        Self { status_by, ..self }
    }
}

/// All operations, sorted by name.
pub(super) static FACTS: &[Facts] = &[
    row("docs-document", 0),
    row("docs-file", 0),
    row("docs-index", 0),
    row("docs-page", 0),
    row("docs-reference", 0),
    row("docs-start", 0),
    row("e24-add-ssh-key", 2).writes_to("e24-get-account").needs(PublicKey).variants(&[Generated]),
    row("e24-create-account", 3),
    row("e24-create-api-key", 2).writes_to("e24-get-account"),
    row("e24-delete-api-key", 2).writes_to("e24-get-account").needs(ApiKey),
    row("e24-delete-ssh-key", 2).writes_to("e24-get-account").needs(SshKey),
    row("e24-get-account", 1).etag(),
    row("e24-list-accounts", 3),
    row("e24-renew-api-secret", 2).writes_to("e24-get-account").needs(ApiKey).variants(&[Itself]),
    row("e24-renew-s3-secret", 2).writes_to("e24-get-account"),
    row("e24-update-account-data", 2).etag().writes_to("e24-get-account").variants(&[NewPassword]),
    row("golem-create-account", 3).variants(&[First]),
    row("golem-delete-account", 2).writes_to("golem-get-account"),
    row("golem-find-accounts", 2),
    row("golem-get-account", 1).etag(),
    row("golem-get-account-plan", 2).etag(),
    row("golem-update-account", 2).etag().writes_to("golem-get-account"),
    row("hub-add-email", 2),
    row("hub-delete-email", 2).needs(Email),
    row("hub-get-user", 1).etag(),
    row("hub-list-emails", 1),
    row("hub-oauth-ask", 1).needs(AuthorizationRequest),
    // The client beside whose name it is; the user; the attempt, given back; the grant.
    row("hub-oauth-decide", 2).needs(ConsentForm),
    row("hub-oauth-introspect", 1).only_reads().needs(AccessToken),
    row("hub-oauth-metadata", 0),
    row("hub-oauth-revoke", 2).needs(RefreshToken),
    row("hub-oauth-token", 2).needs(Code).variants(&[Refresh]),
    row("hub-update-email", 2).needs(Email),
    row("hub-update-user", 2).etag().writes_to("hub-get-user"),
    row("not-found", 0),
    // The user and the invitation; the membership.
    row("pages-accept-invitation", 2).needs(InvitationLink),
    row("pages-add-email", 2),
    row("pages-add-ssh-key", 2).needs(PublicKey),
    // The attempts with the current password, read, reserved, given back; the token that ends, read
    // and deleted.
    row("pages-change-password", 8),
    // The attempt with the code, read, reserved, given back; the session.
    row("pages-complete-sign-in", 4).needs(PendingSignIn).variants(&[RecoveryCode]),
    // The attempts, read, reserved, given back; the session.
    row("pages-confirm", 5).needs(Password).variants(&[RecoveryCode]),
    row("pages-create-account", 3),
    row("pages-create-api-key", 2),
    row("pages-create-token", 2),
    row("pages-decline-invitation", 2).needs(InvitationLink),
    row("pages-delete-account", 2),
    row("pages-delete-api-key", 2).needs(ApiKey),
    row("pages-delete-registry", 2).needs(Registry),
    row("pages-delete-ssh-key", 2).needs(SshKey),
    row("pages-end-other-sessions", 2).needs(Session),
    row("pages-end-session", 2).needs(Session),
    // The invitation and the names; the user. Who has the address is read only if somebody has.
    row("pages-join-by-invitation", 2).needs(FreeInvitationLink),
    // Who has the address, and whether they have proved it; the link.
    row("pages-prove-email", 3).needs(ProofLink),
    row("pages-remove-email", 2).needs(Email),
    row("pages-remove-member", 2).needs(Member),
    row("pages-remove-passkey", 2).needs(Passkey),
    row("pages-rename-passkey", 2).needs(Passkey),
    row("pages-renew-api-key", 2).needs(ApiKey),
    // The attempts with the code, read, reserved, given back; the second factor.
    row("pages-renew-recovery-codes", 5).needs(SecondFactor),
    row("pages-renew-s3-key", 2),
    row("pages-request-email-proof", 3),
    row("pages-request-reset", 3),
    row("pages-request-sign-up", 3),
    // What ends with the old password is cleaned up.
    row("pages-reset-password", 3).needs(ResetLink).variants(&[RecoveryCode]),
    row("pages-revoke-app", 2).needs(Grant),
    row("pages-revoke-invitation", 2).needs(Invitation),
    row("pages-revoke-token", 2).needs(Token),
    row("pages-rotate-token", 2).needs(Token),
    row("pages-send-invitation", 3).needs(ProvedEmail),
    row("pages-set-current-account", 2),
    row("pages-set-owner", 2).needs(Admin),
    row("pages-set-primary-email", 2).needs(VerifiedEmail),
    row("pages-set-registry", 2).needs(Registry),
    row("pages-set-up-second-factor", 1).only_reads(),
    row("pages-show-account", 2),
    row("pages-show-account-activity", 1),
    row("pages-show-account-invitations", 1),
    row("pages-show-accounts", 2),
    row("pages-show-activity", 1),
    row("pages-show-apps", 2).needs(Grant),
    row("pages-show-confirm", 1),
    // The addresses; which of them get no mail.
    row("pages-show-emails", 2),
    row("pages-show-invitation", 2).needs(InvitationLink),
    row("pages-show-invitation-decline", 2).needs(InvitationLink),
    row("pages-show-keys", 1),
    row("pages-show-members", 2),
    row("pages-show-passkeys", 1),
    row("pages-show-password", 1),
    row("pages-show-profile", 1),
    row("pages-show-proof", 1).needs(ProofLink),
    row("pages-show-registry", 1).needs(Registry),
    row("pages-show-reset", 0),
    row("pages-show-reset-link", 1).needs(ResetLink),
    row("pages-show-second-factor", 1),
    row("pages-show-sessions", 1),
    row("pages-show-sign-in", 0),
    row("pages-show-sign-up", 0),
    row("pages-show-sign-up-link", 1).needs(SignUpLink),
    row("pages-show-tokens", 1),
    // The name; the user; the attempt, given back; the session.
    row("pages-sign-in", 5).needs(Password),
    row("pages-sign-out", 2),
    // The link and the names; who has the address; the user.
    row("pages-sign-up", 3).needs(SignUpLink),
    // The attempts with the code, read, reserved, given back; the second factor.
    row("pages-turn-off-second-factor", 5).needs(SecondFactor),
    row("pages-turn-on-second-factor", 2).needs(SecondFactorSetup),
    row("pages-update-account", 2),
    row("pages-update-member", 2).needs(Member),
    row("pages-update-profile", 2),
    row("passkeys-ask-for-confirmation", 2),
    row("passkeys-ask-for-registration", 2),
    row("passkeys-ask-for-sign-in", 1),
    row("passkeys-confirm", 2).needs(PasskeyAnswer),
    row("passkeys-register", 2).needs(PasskeyAnswer),
    row("passkeys-sign-in", 3).needs(PasskeyAnswer),
    row("quave-create-account", 3).variants(&[First]),
    row("quave-delete-account", 2).writes_to("quave-get-account"),
    row("quave-get-account", 1).etag(),
    row("quave-get-current-account", 2).etag(),
    row("quave-list-accounts", 2),
    row("quave-set-current-account", 2).writes_to("quave-get-current-account"),
    row("rollcall-accept-invitation", 2).needs(InvitationLink),
    row("rollcall-add-email", 2),
    row("rollcall-add-ssh-key", 2).needs(PublicKey),
    row("rollcall-create-account", 3).variants(&[First]),
    row("rollcall-create-api-key", 2),
    // The event's token outlives these two.
    row("rollcall-create-token", 2).by(&[(EndingToken, 403), (OverlappedToken, 403)]),
    row("rollcall-decline-invitation", 2).needs(InvitationLink),
    row("rollcall-delete-account", 2).writes_to("rollcall-get-account"),
    row("rollcall-delete-api-key", 2).needs(ApiKey),
    row("rollcall-delete-email", 2).needs(Email),
    row("rollcall-delete-registry", 2).writes_to("rollcall-get-registry").needs(Registry),
    row("rollcall-delete-ssh-key", 2).needs(SshKey),
    row("rollcall-end-session", 2).needs(Session),
    row("rollcall-end-sessions", 2).needs(Session),
    row("rollcall-get-account", 1).etag(),
    row("rollcall-get-account-plan", 2).etag(),
    row("rollcall-get-current-account", 2).etag(),
    row("rollcall-get-health", 1),
    // The invitation; whether whoever sent it still is an admin.
    row("rollcall-get-invitation", 2).needs(InvitationLink),
    row("rollcall-get-member", 1).etag().needs(Member),
    // A password has no token to show.
    row("rollcall-get-own-token", 1).etag().by(&[(Basic, 404)]),
    row("rollcall-get-registry", 1).etag().needs(Registry),
    row("rollcall-get-sign-up", 1).needs(SignUpLink),
    row("rollcall-get-token", 1).etag().needs(Token),
    row("rollcall-get-user", 1).etag(),
    row("rollcall-introspect", 1).only_reads().needs(ClientAndUserToken),
    row("rollcall-list-account-audit-entries", 1),
    row("rollcall-list-accounts", 2),
    row("rollcall-list-api-keys", 1),
    row("rollcall-list-audit-entries", 1),
    row("rollcall-list-emails", 1),
    row("rollcall-list-grants", 2).needs(Grant),
    row("rollcall-list-invitations", 1),
    row("rollcall-list-members", 2),
    row("rollcall-list-second-factors", 1),
    row("rollcall-list-sessions", 1).needs(Session),
    row("rollcall-list-ssh-keys", 1),
    row("rollcall-list-tokens", 1),
    row("rollcall-remove-member", 2).writes_to("rollcall-get-member").needs(Member),
    // The attempts with the code, read, reserved, given back; the second factor. A password alone
    // does nothing.
    row("rollcall-remove-second-factor", 5).needs(SecondFactor).by(&[(Basic, 401)]),
    row("rollcall-request-email-proof", 3),
    row("rollcall-request-password-reset", 3),
    row("rollcall-request-sign-up", 3),
    // What ends with the old password is cleaned up.
    row("rollcall-reset-password", 3).needs(ResetLink).variants(&[RecoveryCode]),
    row("rollcall-revoke-grant", 2).needs(Grant),
    row("rollcall-revoke-invitation", 2).needs(Invitation),
    row("rollcall-revoke-token", 2)
        .writes_to("rollcall-get-token")
        .needs(Token)
        .variants(&[Itself, Descendants]),
    row("rollcall-rotate-token", 2)
        .writes_to("rollcall-get-token")
        .needs(OwnToken)
        .variants(&[Itself])
        .by(&[(OverlappedToken, 409)]),
    // Who has the address, if anybody; the invitation.
    row("rollcall-send-invitation", 3).needs(ProvedEmail),
    row("rollcall-set-current-account", 2).etag().writes_to("rollcall-get-current-account"),
    row("rollcall-set-owner", 2).etag().writes_to("rollcall-get-account").needs(Admin),
    // The attempts with the current password, read, reserved, given back; what ends, cleaned up.
    row("rollcall-set-password", 6),
    row("rollcall-set-registry", 2).writes_to("rollcall-get-registry").needs(Registry),
    // The link and the names; who has the address; the user.
    row("rollcall-sign-up", 3).needs(SignUpLink),
    row("rollcall-update-account", 2).etag().writes_to("rollcall-get-account"),
    row("rollcall-update-email", 2).needs(VerifiedEmail),
    row("rollcall-update-member", 2).etag().writes_to("rollcall-get-member").needs(Member),
    row("rollcall-update-user", 2).etag().writes_to("rollcall-get-user"),
];
