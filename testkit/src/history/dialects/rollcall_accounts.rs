//! rollcall: accounts with their plan, registry and audit log, and the current one.

use serde_json::{Value, json};

use super::Takes;
use super::golem::{self, free, free_for_any, moved};
use super::quave::{current, is_current, joined, listed};
use crate::history::choice::made_by;
use crate::history::client_step::{ClientStep, Ended, Seen, SentCredential, Transport, on, text};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{KnownAccount, KnownUser, Object, Projection};

const PATH: &str = "/rollcall/v1/accounts";

/// A request about one account, and what the clients know of it.
struct About {
    account: KnownAccount,
    user: KnownUser,
    credential: SentCredential,
    path: String,
}

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn accounts_list(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_password(&user);
        let path = format!("{PATH}?limit=100");
        let seen = self.send_json("rollcall-list-accounts", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            // What is on a further page is not asked for, and says nothing.
            Ended::With(200) if !seen.body()["nextCursor"].is_null() => self.note(seen, vec![]),
            Ended::With(200) => {
                let views = seen.body()["accounts"].as_array().cloned().unwrap_or_default();
                let views: Vec<_> = views.iter().map(as_quave).collect();
                for view in &views {
                    self.check_slug(&seen, &text(view, "/id"), &text(view, "/slug"));
                }
                let listed = listed(&seen, &user.username, &views, "/id");
                let current = on(Object::User(user.username), current(&views));
                self.note(seen, vec![listed, current]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn account_create(&mut self) {
        let user = self.shared_user();
        let (address, name) = (self.free_address(), self.account_name());
        let credential = self.token_or_password(&user);
        let body = json!({ "name": name, "email": address });
        let operation = "rollcall-create-account";
        let seen = self.send_json(operation, &credential, "POST", PATH, Some(&body)).await;
        let free = free(&[&user.username], None);
        let id = if seen.status() == 201 { seen.text("/id") } else { made_by(&self.label) };
        let claimed = Event::changed(free.clone(), [set("contact", &id)]);
        let claimed = on(Object::Address(address.clone()), claimed);
        let opened = Self::opening(&seen, &user.username, &id);
        match self.ended(&seen) {
            Ended::With(201) => {
                self.know_account(&id, &user.username, true);
                let facts = golem::made_by_owner(&name, &address, &address, &user.username);
                let made = Event::changed(not(has("exists")), facts);
                let joined = joined(&id, &user.username);
                self.note(seen, vec![on(Object::Account(id), made), joined, claimed, opened]);
            }
            Ended::With(409) => {
                self.note(seen, vec![on(Object::Address(address), Event::seen(not(free)))]);
            }
            Ended::Unknown => {
                self.shared.known().perhaps_made.push((user.username, id));
                self.note_unknown(seen, vec![claimed, opened]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn account_current(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_password(&user);
        let (operation, path) = ("rollcall-get-current-account", format!("{PATH}/current"));
        let seen = self.send_json(operation, &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let view = as_quave(seen.body());
                let mut shown = self.shown(&seen, &view, &user.username);
                let current = Event::seen(is_current(&view));
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

    pub(super) async fn account_choose(&mut self) {
        let about = self.about("/current");
        let body = json!({ "id": about.account.id });
        let seen = self.ask("rollcall-set-current-account", "PUT", &about, Some(&body)).await;
        let About { account, user, .. } = about;
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

    pub(super) async fn account_get(&mut self) {
        let about = self.about("");
        let seen = self.ask("rollcall-get-account", "GET", &about, None).await;
        let (account, user) = (&about.account.id, &about.user.username);
        match self.note_access(seen, account, user, Takes::Member) {
            Some((200, seen)) => {
                let view = as_quave(seen.body());
                let mut shown = self.shown(&seen, &view, user);
                shown.extend(golem::shown(&about.account, &view, seen.returned));
                shown.push(self.owned(account, &view));
                shown.push(has_role(account, user, text(&view, "/role")));
                self.note(seen, shown);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn account_update(&mut self) {
        let about = self.about("");
        if !about.account.has_contact {
            return self.account_get().await;
        }
        let (address, name) = (self.free_address(), self.account_name());
        let body = json!({ "name": name, "email": address });
        let seen = self.ask("rollcall-update-account", "PATCH", &about, Some(&body)).await;
        let About { account, user, .. } = about;
        let moved = moved(&account, &name, &address, &address, free_for_any(&account));
        match self.note_access(seen, &account.id, &user.username, Takes::Admin) {
            Some((200, seen)) if seen.text("/email") == address && seen.text("/name") == name => {
                self.note(seen, moved);
            }
            Some((409, seen)) => {
                let free = free(&[&user.username], Some(&account.id));
                let taken = on(Object::Address(address), Event::seen(not(free)));
                let there = on(Object::Account(account.id), Event::seen(has("exists")));
                self.note(seen, vec![taken, there]);
            }
            Some((0, seen)) => self.note_unknown(seen, moved),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn account_delete(&mut self) {
        let about = self.about("");
        let seen = self.ask("rollcall-delete-account", "DELETE", &about, None).await;
        self.note_deletion(seen, &about.account.id, &about.user.username);
    }

    pub(super) async fn account_plan(&mut self) {
        let about = self.about("/plan");
        let seen = self.ask("rollcall-get-account-plan", "GET", &about, None).await;
        self.note_existing(seen, &about, Takes::Member);
    }

    /// What a log says has no history of its own: entries only come, and stay in order.
    pub(super) async fn account_audit(&mut self) {
        let about = self.about("/audit");
        let seen = self.ask("rollcall-list-account-audit-entries", "GET", &about, None).await;
        if seen.status() == 200 {
            let entries = seen.body()["entries"].as_array().cloned().unwrap_or_default();
            let id = |entry: &Value| std::cmp::Reverse(text(entry, "/id"));
            if entries.is_empty() || !entries.is_sorted_by_key(id) {
                self.wrong(&seen, "shows no entries, or not the newest first");
            }
        }
        self.note_existing(seen, &about, Takes::Admin);
    }

    /// Notes that an account exists of which nothing else is shown.
    fn note_existing(&self, seen: Seen, about: &About, takes: Takes) {
        let (account, user) = (&about.account.id, &about.user.username);
        match self.note_access(seen, account, user, takes) {
            Some((200, seen)) => {
                let there = Event::seen(has("exists"));
                self.note(seen, vec![on(Object::Account(account.clone()), there)]);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn registry_get(&mut self) {
        let about = self.about("/registry");
        let seen = self.ask("rollcall-get-registry", "GET", &about, None).await;
        let registry = match seen.status() {
            200 => Condition::All(vec![has("exists"), is("registry", seen.text("/username"))]),
            _ => not(has("registry")),
        };
        self.note_registry(seen, &about, Event::seen(registry), 200);
    }

    pub(super) async fn registry_set(&mut self) {
        let about = self.about("/registry");
        let body = json!({
            "server": "https://registry.example.com", "email": "user@example.com",
            "username": self.label, "password": "the registry's secret",
        });
        let seen = self.ask("rollcall-set-registry", "PUT", &about, Some(&body)).await;
        let changed = Event::changed(has("exists"), [set("registry", &self.label)]);
        self.note_registry(seen, &about, changed, 204);
    }

    pub(super) async fn registry_delete(&mut self) {
        let about = self.about("/registry");
        let seen = self.ask("rollcall-delete-registry", "DELETE", &about, None).await;
        let event = match seen.status() {
            404 => Event::seen(not(has("registry"))),
            _ => Event::changed(has("registry"), [unset("registry")]),
        };
        self.note_registry(seen, &about, event, 204);
    }

    /// Notes what a response says of a registry. A 404 may mean that there is no account, either.
    fn note_registry(&self, seen: Seen, about: &About, event: Event, success: u16) {
        let (account, user) = (about.account.id.clone(), about.user.username.clone());
        let admin = |is_admin| on(Object::Membership(account, user), Event::seen(is_admin));
        let is_admin = Takes::Admin.condition();
        let reported = vec![on(Object::Account(about.account.id.clone()), event)];
        let is_changed = success == 204;
        match self.ended(&seen) {
            Ended::With(status) if status == success => {
                self.note(seen.with([admin(is_admin)]), reported);
            }
            Ended::With(404) if is_changed && seen.text("/detail").contains("account") => {
                let gone = Event::seen(not(has("exists")));
                self.note(seen, vec![on(Object::Account(about.account.id.clone()), gone)]);
            }
            Ended::With(404) => self.note(seen, reported),
            Ended::With(403) => {
                let there = Event::seen(has("exists"));
                let there = on(Object::Account(about.account.id.clone()), there);
                self.note(seen, vec![there, admin(not(is_admin))]);
            }
            Ended::Unknown if is_changed => self.note_unknown(seen, reported),
            end => self.note_end(seen, &end),
        }
    }

    fn about(&mut self, below: &str) -> About {
        let (account, user) = self.account_and_user();
        let credential = self.token_or_password(&user);
        let path = match below {
            "/current" => format!("{PATH}/current"),
            below => format!("{PATH}/{}{below}", account.id),
        };
        About { account, user, credential, path }
    }

    /// Whose account it is, if the clients know the user.
    pub(super) fn owned(&self, account: &str, view: &Value) -> Projection {
        let id = text(view, "/ownerId");
        let known = self.shared.known();
        let owner = known.users.iter().find(|user| user.id == id);
        let owner = owner.map_or_else(String::new, |user| user.username.clone());
        on(Object::Account(account.to_owned()), Event::seen(is("owner", owner)))
    }

    async fn ask(
        &mut self,
        operation: &'static str,
        method: &str,
        about: &About,
        body: Option<&Value>,
    ) -> Seen {
        self.send_json(operation, &about.credential, method, &about.path, body).await
    }
}

/// A user has this role in an account.
pub(super) fn has_role(account: &str, user: &str, role: String) -> Projection {
    on(Object::Membership(account.to_owned(), user.to_owned()), Event::seen(is("role", role)))
}

/// An account as quave's clients see it.
fn as_quave(view: &Value) -> Value {
    let mut view = view.clone();
    view["accountId"] = view["id"].clone();
    view
}
