//! The kinds of items: the type and the key of each. Claims are in `engine`.

use crate::model::{Account, Client, Email, Grant, Membership, Plan, User, UserToken};
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{Item, Key, Keyed};
use crate::table::idempotency::StoredResponse;

/// Says of each kind of item its type and its key.
macro_rules! items {
    ($($(#[$doc:meta])* $item:ty = $type:literal at |$this:ident| $key:expr;)*) => {$(
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
    User = "user" at |user| Key::user(user.id);
    Email = "email" at |email| Key::email(email.user, &email.address);
    UserToken = "token" at |token| Key::token(token.user, token.id);
    Grant = "grant" at |grant| Key::grant(grant.user, grant.id);
    Client = "client" at |client| Key::client(client.id);
    Account = "account" at |account| Key::account(account.id);
    StoredResponse = "answer" at |answer| Key::answer(answer.user, &answer.slot);
    /// Kept twice: here among its user's items, and at [`Key::member`] among its account's.
    Membership = "membership" at |membership| Key::membership(membership.user, membership.account);
    /// Kept twice: here, and at [`Key::listed_plan`] among all plans.
    Plan = "plan" at |plan| Key::plan(plan.id);
    CleanupTask = "clearing" at |clearing| match clearing {
        CleanupTask::Members { account, .. } => Key::clearing_of_members(*account),
        CleanupTask::Credentials { user, epoch, .. } => Key::clearing_of_credentials(*user, *epoch),
    };
}
