//! quave: accounts and the current one.

use serde_json::{Value, json};

use super::Takes;
use crate::history::choice::{label_of, made_by};
use crate::history::client_step::{
    ClientStep, Ended, Seen, SentCredential, Transport, each, on, text,
};
use crate::history::rules::{Condition, Event, has, is, not, set};
use crate::history::shared_state::{KnownAccount, KnownUser, Object, Projection};

const ACCOUNT: &str = "/api/public/v1/account";
const CURRENT: &str = "/api/public/v1/current-account";

impl<W: Transport> ClientStep<'_, W> {
    /// A user with a token; if the clients know of none, one is made first, and that is all.
    pub(super) async fn with_token(
        &mut self,
        user: KnownUser,
        to_read: bool,
    ) -> Option<SentCredential> {
        if user.tokens.iter().any(|token| to_read || !token.only_reads) {
            return Some(self.token(&user, to_read));
        }
        self.make_token(&user, true).await;
        None
    }

    pub(super) async fn quave_create(&mut self) {
        let user = self.shared_user();
        let name = self.account_name();
        let Some(credential) = self.with_token(user.clone(), false).await else { return };
        let body = json!({ "name": name });
        let seen =
            self.send_json("quave-create-account", &credential, "POST", ACCOUNT, Some(&body)).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let id = seen.text("/accountId");
                self.know_account(&id, &user.username, false);
                let facts =
                    [set("exists", "yes"), set("name", &name), set("owner", &user.username)];
                let made = Event::changed(not(has("exists")), facts);
                let opened = Self::opening(&seen, &user.username, &id);
                let joined = joined(&id, &user.username);
                self.note(seen, vec![on(Object::Account(id), made), joined, opened]);
            }
            Ended::Unknown => self.note_unmade_account(seen, &user.username),
            end => self.note_end(seen, &end),
        }
    }

    /// An account that may have been made, and become the current one.
    pub(super) fn note_unmade_account(&self, seen: Seen, user: &str) {
        let opened = Self::opening(&seen, user, &made_by(&self.label));
        self.note_unknown(seen, vec![opened]);
    }

    pub(super) fn know_account(&self, id: &str, owner: &str, has_contact: bool) {
        self.shared.known().accounts.push(KnownAccount {
            id: id.to_owned(),
            owner: owner.to_owned(),
            has_contact,
            members: [owner.to_owned()].into(),
        });
    }

    pub(super) async fn quave_get(&mut self) {
        let (account, user) = self.account_and_user();
        let Some(credential) = self.with_token(user.clone(), true).await else { return };
        let path = format!("{ACCOUNT}?accountId={}", account.id);
        let seen = self.send_json("quave-get-account", &credential, "GET", &path, None).await;
        match self.note_access(seen, &account.id, &user.username, Takes::Member) {
            Some((200, seen)) => {
                let shown = self.shown(&seen, seen.body(), &user.username);
                self.note(seen, shown);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    /// What an account says that is shown to a user.
    pub(super) fn shown(&self, seen: &Seen, view: &Value, user: &str) -> Vec<Projection> {
        let id = text(view, "/accountId");
        self.check_slug(seen, &id, &text(view, "/slug"));
        let there = Condition::All(vec![has("exists"), is("name", text(view, "/name"))]);
        let there = each(move |object, known| {
            known.account(&id)?;
            (*object == Object::Account(id.clone())).then(|| Event::seen(there.clone()))
        });
        let current = is_current(view);
        let current = if view["isCurrent"] == true { current } else { not(current) };
        let member = Object::Membership(text(view, "/accountId"), user.to_owned());
        let member = each(move |object, known| {
            let Object::Membership(id, _) = object else { return None };
            known.account(id)?;
            (*object == member).then(|| Event::seen(has("role")))
        });
        vec![there, member, on(Object::User(user.to_owned()), Event::seen(current))]
    }

    pub(super) async fn quave_delete(&mut self) {
        let (account, user) = self.account_and_user();
        let Some(credential) = self.with_token(user.clone(), false).await else { return };
        let path = format!("{ACCOUNT}?accountId={}", account.id);
        let seen = self.send_json("quave-delete-account", &credential, "DELETE", &path, None).await;
        self.note_deletion(seen, &account.id, &user.username);
    }

    pub(super) async fn quave_list(&mut self) {
        let user = self.shared_user();
        let Some(credential) = self.with_token(user.clone(), true).await else { return };
        let seen = self
            .send_json("quave-list-accounts", &credential, "GET", "/api/public/v1/accounts", None)
            .await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["accounts"].as_array().cloned().unwrap_or_default();
                for view in &views {
                    self.check_slug(&seen, &text(view, "/accountId"), &text(view, "/slug"));
                }
                let listed = listed(&seen, &user.username, &views, "/accountId");
                let current = current(&views);
                self.note(seen, vec![listed, on(Object::User(user.username), current)]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn quave_current(&mut self) {
        let user = self.shared_user();
        let Some(credential) = self.with_token(user.clone(), true).await else { return };
        let seen =
            self.send_json("quave-get-current-account", &credential, "GET", CURRENT, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let mut shown = self.shown(&seen, seen.body(), &user.username);
                let current = Event::seen(is_current(seen.body()));
                shown.push(on(Object::User(user.username), current));
                self.note(seen, shown);
            }
            Ended::With(404) => {
                let gone = Self::without_current(&seen, user.username);
                self.note(seen, vec![gone]);
            }
            Ended::With(403) => {
                let lost = Self::removed_from_current(&seen, user.username);
                self.note(seen, vec![lost]);
            }
            end => self.note_end(seen, &end),
        }
    }

    /// A user has no current account, or it was deleted.
    pub(super) fn without_current(seen: &Seen, user: String) -> Projection {
        let by = seen.returned;
        each(move |object, known| {
            let gone = known.deletions.keys().filter(|id| known.may_be_gone(id, by));
            let gone = gone.map(|id| is("current", id)).chain([not(has("current"))]);
            let is_it = *object == Object::User(user.clone()) && !known.may_be_leaving(&user, by);
            is_it.then(|| Event::seen(Condition::Any(gone.collect())))
        })
    }

    /// The current account is one of which a user is no member any more.
    pub(super) fn removed_from_current(seen: &Seen, user: String) -> Projection {
        let by = seen.returned;
        each(move |object, known| {
            let lost = known.removals.keys().filter(|(id, _)| known.may_be_removed(id, &user, by));
            let lost = lost.map(|(id, _)| is("current", id));
            let is_it = *object == Object::User(user.clone()) && !known.may_be_leaving(&user, by);
            is_it.then(|| Event::seen(Condition::Any(lost.collect())))
        })
    }

    pub(super) async fn quave_choose(&mut self) {
        let (account, user) = self.account_and_user();
        let Some(credential) = self.with_token(user.clone(), false).await else { return };
        let body = json!({ "accountId": account.id });
        let seen = self
            .send_json("quave-set-current-account", &credential, "PUT", CURRENT, Some(&body))
            .await;
        let chosen = Event::changed(Condition::Always, [set("current", &account.id)]);
        let chosen = on(Object::User(user.username.clone()), chosen);
        match self.note_access(seen, &account.id, &user.username, Takes::Member) {
            Some((200, seen)) => {
                let name = Condition::All(vec![has("exists"), is("name", seen.text("/name"))]);
                let there = on(Object::Account(account.id), Event::seen(name));
                self.note(seen, vec![chosen, there]);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![chosen]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }
}

/// What a list of a user's accounts says of each account that the user is or was a member of: one
/// that is not listed is gone, or the user was removed from it.
pub(super) fn listed(seen: &Seen, user: &str, views: &[Value], id: &'static str) -> Projection {
    let names: std::collections::HashMap<String, String> =
        views.iter().map(|view| (text(view, id), text(view, "/name"))).collect();
    let (user, by) = (user.to_owned(), seen.returned);
    each(move |object, known| match object {
        Object::Account(id) => {
            known.account(id)?.members.get(&user)?;
            match names.get(id) {
                Some(name) => {
                    Some(Event::seen(Condition::All(vec![has("exists"), is("name", name)])))
                }
                None if known.may_be_removed(id, &user, by) => None,
                None => Some(Event::seen(not(has("exists")))),
            }
        }
        Object::Membership(id, member) if *member == user => {
            known.account(id)?;
            match names.contains_key(id) {
                true => Some(Event::seen(has("role"))),
                false if known.may_be_gone(id, by) => None,
                false => Some(Event::seen(not(has("role")))),
            }
        }
        _ => None,
    })
}

/// Who makes an account is its admin.
pub(super) fn joined(account: &str, user: &str) -> Projection {
    let membership = Object::Membership(account.to_owned(), user.to_owned());
    on(membership, Event::changed(Condition::Always, [set("role", "admin")]))
}

/// What a list of accounts says of which is the current one.
pub(super) fn current(views: &[Value]) -> Event {
    Event::seen(match views.iter().find(|view| view["isCurrent"] == true) {
        Some(view) => is_current(view),
        None => not(Condition::Any(views.iter().map(is_current).collect())),
    })
}

/// The current account, by its id, or by its creator if the id is unknown. The creator is
/// recognized by the name, which only clients that know the id can change.
pub(super) fn is_current(view: &Value) -> Condition {
    let by_maker = made_by(&label_of(&text(view, "/name")));
    Condition::Any(vec![is("current", text(view, "/accountId")), is("current", by_maker)])
}
