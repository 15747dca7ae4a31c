//! Every kind of item with its type and key. Claims are in `engine`.

use crate::model::{
    Account, Client, Counts, Email, EmailProof, Grant, MailRequests, Membership, Passkey,
    PasskeyChallenge, PasswordReset, Plan, SecondFactor, Session, SignUp, User, UserToken,
};
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{Item, Key, Keyed, UsedSignature};
use crate::table::idempotency::StoredResponse;

/// Declares the type and the key of each kind of item.
macro_rules! items {
    ($($(#[$doc:meta])* $item:ty = $type:literal, |$this:ident| $key:expr;)*) => {$(
        $(#[$doc])*
        impl Item for $item {
            const TYPE: &'static str = $type;
        }

        impl Keyed for $item {
            fn key(&self) -> Key {
                let $this = self;
                $key
            }
        }
    )*};
}

items! {
    User = "user", |user| Key::user(user.id);
    Counts = "counts", |counts| Key::counts(counts.user);
    Email = "email", |email| Key::email(email.user, &email.address);
    EmailProof = "emailProof", |proof| Key::email_proof(proof.user, proof.address.digest());
    SignUp = "signUp", |link| Key::sign_up(link.address.digest(), &link.secret_hash);
    PasswordReset = "passwordReset", |reset| Key::password_reset(reset.user);
    MailRequests = "mailRequests", |asked| Key::mail_requests(asked.name, asked.kind);
    UserToken = "token", |token| Key::token(token.user, token.id);
    Grant = "grant", |grant| Key::grant(grant.user, grant.id);
    Session = "session", |session| Key::session(session.user, session.id);
    Passkey = "passkey", |passkey| Key::passkey(passkey.user, passkey.id);
    PasskeyChallenge = "passkeyChallenge", |asked| Key::passkey_challenge(asked.id);
    SecondFactor = "secondFactor", |factor| Key::second_factor(factor.user);
    Client = "client", |client| Key::client(client.id);
    Account = "account", |account| Key::account(account.id);
    UsedSignature = "signature", |used| Key::signature(used.user, used.digest);
    StoredResponse = "response", |stored| Key::response(stored.user, &stored.id);
    /// Stored twice: here under its user, and at [`Key::member`] under its account.
    Membership = "membership", |membership| Key::membership(membership.user, membership.account);
    /// Stored twice: here, and at [`Key::listed_plan`] in the list of plans.
    Plan = "plan", |plan| Key::plan(plan.id);
    CleanupTask = "cleanup", |task| match task {
        CleanupTask::Members { account, .. } => Key::member_cleanup(*account),
        CleanupTask::User { user, .. } => Key::user_cleanup(*user),
        CleanupTask::Credentials { user, epoch, .. } => Key::credential_cleanup(*user, *epoch),
        CleanupTask::Tokens { user, token, .. } => Key::token_cleanup(*user, *token),
    };
}
