//! What audit logs say, in words. They are the same in a user's log and in an account's.

use shared::model::AuditAction;

pub(crate) const WHEN: &str = "When";
pub(crate) const WHAT: &str = "What";
pub(crate) const BY: &str = "By";
pub(crate) const YOU: &str = "You";
pub(crate) const WITH: &str = "with";
pub(crate) const CHANGED: &str = "changed";
pub(crate) const EMPTY: &str = "There are no entries.";

/// An action; its name, if another version of the service wrote it.
pub(crate) fn action(name: &str) -> &str {
    let Ok(action) = name.parse() else { return name };
    in_words(action)
}

const fn in_words(action: AuditAction) -> &'static str {
    match action {
        AuditAction::AccountCreated => "Account created",
        AuditAction::AccountUpdated => "Account changed",
        AuditAction::AccountDeleted => "Account deleted",
        AuditAction::AccountOwnerChanged => "Account handed over",
        AuditAction::MemberAdded => "Member added",
        AuditAction::MemberRoleChanged => "Role of a member changed",
        AuditAction::MemberRemoved => "Member removed, or left",
        AuditAction::InvitationSent => "Invitation sent",
        AuditAction::InvitationAccepted => "Invitation accepted",
        AuditAction::InvitationDeclined => "Invitation declined",
        AuditAction::InvitationRevoked => "Invitation revoked",
        AuditAction::UserCreated => "Profile made",
        AuditAction::UserUpdated => "Profile changed",
        AuditAction::UserDisabled => "Profile disabled",
        AuditAction::UserEnabled => "Profile enabled again",
        AuditAction::UserDeletionBegun => "Deletion of the profile begun",
        AuditAction::UserDeletionCancelled => "Deletion of the profile cancelled",
        AuditAction::UserDeleted => "Profile deleted",
        AuditAction::PasswordChanged => "Password changed",
        AuditAction::PasswordResetRequested => "Link to reset the password asked for",
        AuditAction::SignInRejected => "Sign-in with a wrong password, code or passkey",
        AuditAction::SignInLocked => "Signing in locked after wrong passwords or codes",
        AuditAction::SessionCreated => "Signed in",
        AuditAction::SessionProved => "Password or code entered again",
        AuditAction::SessionEnded => "Signed out, or session ended",
        AuditAction::SecondFactorOn => "Second factor turned on",
        AuditAction::SecondFactorOff => "Second factor turned off",
        AuditAction::RecoveryCodesRenewed => "New recovery codes made",
        AuditAction::RecoveryCodeUsed => "Recovery code used",
        AuditAction::PasskeyAdded => "Passkey added",
        AuditAction::PasskeyRenamed => "Passkey renamed",
        AuditAction::PasskeyRemoved => "Passkey removed",
        AuditAction::EmailAdded => "E-mail address added",
        AuditAction::EmailProofRequested => "Link to confirm an e-mail address asked for",
        AuditAction::EmailProved => "E-mail address confirmed",
        AuditAction::EmailLost => "E-mail address lost: somebody else confirmed it",
        AuditAction::EmailUpdated => "E-mail address changed",
        AuditAction::EmailRemoved => "E-mail address removed",
        AuditAction::EmailUndeliverable => "Mail to an e-mail address came back",
        AuditAction::ApiKeyCreated => "API key made",
        AuditAction::ApiKeyRenewed => "Secret of an API key renewed",
        AuditAction::ApiKeyDeleted => "API key deleted",
        AuditAction::S3KeyRenewed => "Secret of the S3 key renewed",
        AuditAction::SshKeyAdded => "SSH key added",
        AuditAction::SshKeyDeleted => "SSH key deleted",
        AuditAction::TokenCreated => "Token made",
        AuditAction::TokenRotated => "Token rotated",
        AuditAction::TokenRevoked => "Token revoked",
        AuditAction::GrantCreated => "App allowed",
        AuditAction::GrantTokensIssued => "App got access tokens",
        AuditAction::GrantTokensRevoked => "Access tokens of an app revoked",
        AuditAction::GrantRevoked => "Access of an app revoked",
        AuditAction::ClientCreated => "App registered",
        AuditAction::ClientUpdated => "App changed",
        AuditAction::ClientDeleted => "App deleted",
        AuditAction::ClientGrantsRevoked => "All access of an app revoked",
        AuditAction::PlanUpdated => "Plan changed",
    }
}

/// Who acted, if it was somebody else.
pub(crate) fn actor(kind: &str) -> &str {
    match kind {
        "user" => "User",
        "client" => "App",
        "mailToken" => "Link of an e-mail or invitation",
        "operator" => "Operator",
        "system" => "The service",
        other => other,
    }
}

/// A kind of thing, or a field, by its name in entries.
pub(crate) fn term(name: &str) -> String {
    match name {
        "apiKey" => "API key".to_owned(),
        "apiKeys" => "API keys".to_owned(),
        "sshKey" => "SSH key".to_owned(),
        "sshKeys" => "SSH keys".to_owned(),
        "s3Key" => "S3 key".to_owned(),
        "client" => "app".to_owned(),
        "grant" => "access".to_owned(),
        "grants" => "access of apps".to_owned(),
        "descendants" => "what it made".to_owned(),
        "emailProofs" => "confirmed e-mail addresses".to_owned(),
        "emailProofsByTokens" => "e-mail addresses confirmed through tokens".to_owned(),
        other => spaced(other),
    }
}

/// The words of a name in camel case.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
