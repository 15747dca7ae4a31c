//! What clients do in each dialect, and what the responses say.

mod e24;
mod e24_keys;
mod golem;
mod grants;
mod guess;
mod hub;
mod hub_emails;
mod invitations;
mod links;
mod oauth;
mod oauth_tokens;
mod pages;
mod quave;
mod rollcall;
mod rollcall_accounts;
mod rollcall_keys;
mod rollcall_members;
mod rollcall_users;
mod second_factors;

pub(super) use rollcall_users::FREED;
pub(super) use second_factors::fact_of;

use super::client_step::{ClientStep, Ended, Seen, SentCredential, Transport, each, on};
use super::plan::Step;
use super::rules::{Condition, Event, has, is, not, set, unset};
use super::shared_state::{Object, Projection};

impl<W: Transport> ClientStep<'_, W> {
    /// Does what the plan says.
    #[expect(clippy::too_many_lines, reason = "a line for each step")]
    pub(crate) async fn act(&mut self, step: Step) {
        match step {
            Step::QuaveCreate => self.quave_create().await,
            Step::QuaveGet => self.quave_get().await,
            Step::QuaveDelete => self.quave_delete().await,
            Step::QuaveList => self.quave_list().await,
            Step::QuaveCurrent => self.quave_current().await,
            Step::QuaveChoose => self.quave_choose().await,
            Step::GolemCreate => self.golem_create().await,
            Step::GolemGet => self.golem_get().await,
            Step::GolemUpdate => self.golem_update().await,
            Step::GolemDelete => self.golem_delete().await,
            Step::GolemFind => self.golem_find().await,
            Step::GolemPlan => self.golem_plan().await,
            Step::E24Create => self.e24_create().await,
            Step::E24List => self.e24_list().await,
            Step::E24Get => self.e24_get().await,
            Step::E24Data => self.e24_data().await,
            Step::E24Password => self.e24_password().await,
            Step::E24AddKey => self.e24_add_key().await,
            Step::E24RenewKey => self.e24_renew_key().await,
            Step::E24RenewS3 => self.e24_renew_s3().await,
            Step::E24DeleteKey => self.e24_delete_key().await,
            Step::E24AddSsh => self.e24_add_ssh().await,
            Step::E24DeleteSsh => self.e24_delete_ssh().await,
            Step::HubGet => self.hub_get().await,
            Step::HubUpdate => self.hub_update().await,
            Step::HubList => self.hub_list().await,
            Step::HubAdd => self.hub_add().await,
            Step::HubChange => self.hub_change().await,
            Step::HubDelete => self.hub_delete().await,
            Step::OAuthAuthorize => self.oauth_authorize().await,
            Step::OAuthRedeem => self.oauth_redeem().await,
            Step::OAuthRefresh => self.oauth_refresh().await,
            Step::OAuthIntrospect => self.oauth_introspect().await,
            Step::OAuthRevoke => self.oauth_revoke().await,
            Step::TokenCreate => self.token_create().await,
            Step::TokenList => self.token_list().await,
            Step::TokenGet => self.token_get().await,
            Step::TokenOwn => self.token_own().await,
            Step::TokenRotate => self.token_rotate().await,
            Step::TokenRevoke => self.token_revoke().await,
            Step::GrantList => self.grant_list().await,
            Step::GrantRevoke => self.grant_revoke().await,
            Step::TokenIntrospect => self.token_introspect().await,
            Step::SelfGet => self.self_get().await,
            Step::SelfUpdate => self.self_update().await,
            Step::SelfPassword => self.self_password().await,
            Step::SelfEmails => self.self_emails().await,
            Step::SelfAddEmail => self.self_add_email().await,
            Step::SelfMakePrimary => self.self_make_primary().await,
            Step::SelfDeleteEmail => self.self_delete_email().await,
            Step::SelfListKeys => self.self_list_keys().await,
            Step::SelfAddKey => self.self_add_key().await,
            Step::SelfDeleteKey => self.self_delete_key().await,
            Step::SelfListSsh => self.self_list_ssh().await,
            Step::SelfAddSsh => self.self_add_ssh().await,
            Step::SelfDeleteSsh => self.self_delete_ssh().await,
            Step::SelfAudit => self.self_audit().await,
            Step::RequestSignUp => self.request_sign_up().await,
            Step::RequestProof => self.request_proof().await,
            Step::RequestReset => self.request_reset().await,
            Step::FollowLink => self.follow_link().await,
            Step::AccountsList => self.accounts_list().await,
            Step::AccountCreate => self.account_create().await,
            Step::AccountCurrent => self.account_current().await,
            Step::AccountChoose => self.account_choose().await,
            Step::AccountGet => self.account_get().await,
            Step::AccountUpdate => self.account_update().await,
            Step::AccountDelete => self.account_delete().await,
            Step::AccountPlan => self.account_plan().await,
            Step::AccountAudit => self.account_audit().await,
            Step::MemberList => self.member_list().await,
            Step::MemberGet => self.member_get().await,
            Step::MemberUpdate => self.member_update().await,
            Step::MemberRemove => self.member_remove().await,
            Step::OwnerSet => self.owner_set().await,
            Step::RegistryGet => self.registry_get().await,
            Step::RegistrySet => self.registry_set().await,
            Step::RegistryDelete => self.registry_delete().await,
            Step::InvitationSend => self.invitation_send().await,
            Step::InvitationList => self.invitation_list().await,
            Step::InvitationGet => self.invitation_get().await,
            Step::InvitationAccept => self.invitation_accept().await,
            Step::InvitationDecline => self.invitation_decline().await,
            Step::InvitationRevoke => self.invitation_revoke().await,
            Step::PageSignIn => self.page_sign_in().await,
            Step::PageSessions => self.page_sessions().await,
            Step::PageSignOut => self.page_sign_out().await,
            Step::PageEnd => self.page_end().await,
            Step::PagePassword => self.page_password().await,
            Step::PageConfirm => self.page_confirm().await,
            Step::SessionList => self.session_list().await,
            Step::SessionEnd => self.session_end().await,
            Step::FactorOn => self.factor_on().await,
            Step::FactorSignIn => self.factor_sign_in().await,
            Step::FactorRenew => self.factor_renew().await,
            Step::FactorOff => self.factor_off().await,
            Step::FactorBasic => self.factor_basic().await,
            Step::FactorList => self.factor_list().await,
            Step::PasskeyAdd => self.passkey_add().await,
            Step::PasskeySignIn => self.passkey_sign_in().await,
            Step::PasskeyRemove => self.passkey_remove().await,
            Step::Guess => self.guess().await,
            Step::Nothing => self.nothing().await,
        }
    }

    /// What says nothing of an object: a path that nothing serves, the documentation, OAuth's
    /// metadata, and the service's health.
    async fn nothing(&mut self) {
        for (name, path, status) in [
            ("docs-document", "/openapi/quave.json", 200),
            ("docs-file", "/docs/files/icon.svg", 200),
            ("docs-index", "/docs", 200),
            ("docs-page", "/docs/clients", 200),
            ("docs-reference", "/docs/reference/golem", 200),
            ("docs-start", "/", 200),
            ("not-found", "/nothing", 404),
            ("pages-show-sign-up", "/account/sign-up", 200),
            ("pages-show-reset", "/account/reset", 200),
            ("hub-oauth-metadata", "/.well-known/oauth-authorization-server", 200),
            ("rollcall-get-health", "/health", 200),
        ] {
            let seen = self.send_json(name, &SentCredential::None, "GET", path, None).await;
            match self.ended(&seen) {
                Ended::With(ended) if ended == status => self.note(seen, vec![]),
                Ended::Unknown => self.note_unknown(seen, vec![]),
                Ended::With(_) | Ended::Rejected => self.note_wrong(seen),
            }
        }
    }

    /// Notes the responses that all operations on an account have: deleted, or forbidden to a user
    /// in this place. Returns any other.
    fn note_access(
        &self,
        seen: Seen,
        account: &str,
        user: &str,
        takes: Takes,
    ) -> Option<(u16, Seen)> {
        let of_account = |there| on(Object::Account(account.to_owned()), Event::seen(there));
        let of_member =
            |place| on(Object::Membership(account.to_owned(), user.to_owned()), Event::seen(place));
        match self.ended(&seen) {
            Ended::Rejected => self.note(seen, vec![]),
            Ended::With(404) => self.note(seen, vec![of_account(not(has("exists")))]),
            Ended::With(403) => {
                let denied = of_member(not(takes.condition()));
                self.note(seen, vec![of_account(has("exists")), denied]);
            }
            Ended::With(status) => {
                return Some((status, seen.with([of_member(takes.condition())])));
            }
            Ended::Unknown => return Some((0, seen)),
        }
        None
    }

    /// Notes a deletion, in whichever dialect.
    fn note_deletion(&self, seen: Seen, account: &str, user: &str) {
        let Some((status, seen)) = self.note_access(seen, account, user, Takes::Admin) else {
            return;
        };
        let gone = Self::deletion(account);
        match status {
            200 | 204 => {
                self.shared.known().know_deletion(account, seen.invoked, seen.returned);
                self.note(seen, gone);
            }
            0 => {
                self.shared.known().know_deletion(account, seen.invoked, u64::MAX);
                self.note_unknown(seen, gone);
            }
            _ => self.note_wrong(seen),
        }
    }

    /// What a deletion means: the account is gone, its address is free, and its memberships have
    /// ended. A request that found the account there just before may look for a membership after it.
    fn deletion(account: &str) -> Vec<Projection> {
        let exists = Event::changed(has("exists"), OF_ACCOUNT.map(unset));
        let id = account.to_owned();
        let others = each(move |object, _| match object {
            Object::Address(_) => Some(released(&id)),
            Object::Membership(own, _) if *own == id => {
                Some(Event::changed(Condition::Always, [unset("role")]))
            }
            _ => None,
        });
        vec![on(Object::Account(account.to_owned()), exists), others]
    }

    /// What a new account means for the current one: it becomes it if there was none that could be
    /// used.
    fn opening(seen: &Seen, user: &str, account: &str) -> Projection {
        let (user, account) = (user.to_owned(), account.to_owned());
        let (from, by) = (seen.invoked, seen.returned);
        each(move |object, known| {
            if *object != Object::User(user.clone()) {
                return None;
            }
            let of = |gone: &dyn Fn(&str) -> bool| -> Vec<Condition> {
                let accounts = known.deletions.keys().filter(|id| gone(id.as_str()));
                accounts.map(|id| is("current", id)).collect()
            };
            let surely = of(&|id| known.is_surely_gone(id, from));
            let perhaps = of(&|id| known.may_be_gone(id, by));
            let removed =
                known.removals.keys().filter(|(id, _)| known.may_be_removed(id, &user, by));
            let removed: Vec<_> = removed.map(|(id, _)| is("current", id)).collect();
            let stays = Condition::All(vec![has("current"), not(Condition::Any(surely))]);
            let unusable = Condition::Any([perhaps, removed, vec![not(has("current"))]].concat());
            Some(Event::seen(stays).or(Event::changed(unusable, [set("current", &account)])))
        })
    }

    /// A slug never changes.
    fn check_slug(&self, seen: &Seen, account: &str, slug: &str) {
        let mut shared = self.shared.known();
        let known =
            shared.slugs.entry(account.to_owned()).or_insert_with(|| slug.to_owned()).clone();
        drop(shared);
        if known != slug {
            self.wrong(seen, &format!("the slug of {account} was {known}"));
        }
    }
}

/// The facts of an account that exists.
pub(super) const OF_ACCOUNT: [&str; 6] =
    ["exists", "name", "email", "contact", "registry", "owner"];

/// An account no longer has an address, if it had.
fn released(account: &str) -> Event {
    let ours = is("contact", account);
    Event::seen(not(ours.clone())).or(Event::changed(ours, [unset("contact")]))
}

/// What an operation on an account takes of who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A membership.
    Member,
    /// That of an admin.
    Admin,
}

impl Takes {
    fn condition(self) -> Condition {
        match self {
            Self::Member => has("role"),
            Self::Admin => is("role", "admin"),
        }
    }
}
