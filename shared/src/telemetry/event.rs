//! What matters to security, as the log names it.

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What matters to security in a request: the field `event` of its line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SecurityEvent { $($(#[$doc])* $variant,)+ }

        impl SecurityEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The text in the log.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

events! {
    /// A password or a code was wrong, or no user has the name.
    SignInRejected = "sign_in_rejected",
    /// A password or a code was not looked at: the name is locked for the source.
    SignInLocked = "sign_in_locked",
    /// A password or a code was not looked at: its source has sent too many wrong ones.
    SourceLimitReached = "source_limit_reached",
    /// A mail was not sent: its source has asked for too many.
    MailLimitReached = "mail_limit_reached",
    /// A password or a code was not looked at: as many as can count were being checked.
    SignInDeferred = "sign_in_deferred",
    /// A token was nobody's, or was revoked or expired, or its user was disabled.
    TokenRejected = "token_rejected",
    /// The form of a page came from another site, or without a valid CSRF token.
    FormRejected = "form_rejected",
    /// An OAuth client presented a wrong secret, or is not known.
    ClientRejected = "client_rejected",
    /// A code was used a second time: what the first use issued was revoked.
    CodeReplayed = "code_replayed",
    /// A spent refresh token came again: its grant was revoked.
    RefreshTokenReplayed = "refresh_token_replayed",
    /// A refresh token came again within seconds of its use: it may be a retry.
    RefreshTokenRetried = "refresh_token_retried",
    /// The signature of a write came a second time.
    SignatureReplayed = "signature_replayed",
    /// A signature was wrong; `signatureRejected` says in what.
    SignatureRejected = "signature_rejected",
    /// A password was set; tokens and grants ended.
    PasswordChanged = "password_changed",
    /// A user was made.
    UserCreated = "user_created",
    /// A user proved an address by the link in a mail, also by accepting an invitation; whoever had it
    /// unproved lost it.
    EmailProved = "email_proved",
    /// A user got another address, which is a name to sign in with.
    EmailAdded = "email_added",
    /// An address of a user, and so a name to sign in with, was removed.
    EmailRemoved = "email_removed",
    /// Another address of a user became the primary one.
    PrimaryEmailChanged = "primary_email_changed",
    /// A token, API key, SSH key or S3 secret was made or renewed, a second factor turned on, its
    /// recovery codes renewed, a passkey added, or the link of an invitation shown to the admin who
    /// hands it over.
    CredentialCreated = "credential_created",
    /// A token, API key or SSH key was revoked, a second factor turned off, or a passkey removed.
    CredentialRevoked = "credential_revoked",
    /// A user signed in in a browser.
    SessionCreated = "session_created",
    /// Sessions of a user ended.
    SessionEnded = "session_ended",
    /// A user allowed a client's request.
    GrantCreated = "grant_created",
    /// A grant, or an access token of it, was revoked.
    GrantRevoked = "grant_revoked",
}
