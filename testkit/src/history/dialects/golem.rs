//! golem: accounts with their addresses.

use serde_json::{Value, json};

use super::quave::{joined, listed};
use super::{Takes, released};
use crate::history::choice::made_by;
use crate::history::client_step::{ClientStep, Ended, Seen, Transport, each, on, shows, text};
use crate::history::rules::{Condition, Event, has, is, not, set};
use crate::history::shared_state::{KnownAccount, Object, Projection};

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn golem_create(&mut self) {
        let user = self.shared_user();
        let (address, name) = (self.free_address(), self.account_name());
        let typed = self.typed(&address);
        let Some(credential) = self.with_token(user.clone(), false).await else { return };
        let body = json!({ "name": name, "email": typed });
        let seen = self
            .send_json("golem-create-account", &credential, "POST", "/v1/accounts", Some(&body))
            .await;
        let free = free(&[&user.username], None);
        match self.ended(&seen) {
            Ended::With(200) => {
                let id = seen.text("/id");
                self.know_account(&id, &user.username, true);
                let facts = made_by_owner(&name, &typed, &address, &user.username);
                let made = Event::changed(not(has("exists")), facts);
                let joined = joined(&id, &user.username);
                let claimed = Event::changed(free, [set("contact", &id)]);
                let opened = Self::opening(&seen, &user.username, &id);
                let address = Object::Address(address);
                let made = on(Object::Account(id), made);
                self.note(seen, vec![made, joined, on(address, claimed), opened]);
            }
            Ended::With(409) => {
                self.note(seen, vec![on(Object::Address(address), Event::seen(not(free)))]);
            }
            Ended::Unknown => {
                let id = made_by(&self.label);
                let claimed = Event::changed(free, [set("contact", &id)]);
                let opened = Self::opening(&seen, &user.username, &id);
                self.shared.known().perhaps_made.push((user.username, id));
                self.note_unknown(seen, vec![on(Object::Address(address), claimed), opened]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn golem_get(&mut self) {
        let (account, user) = self.account_and_user();
        let Some(credential) = self.with_token(user.clone(), true).await else { return };
        let path = format!("/v1/accounts/{}", account.id);
        let seen = self.send_json("golem-get-account", &credential, "GET", &path, None).await;
        match self.note_access(seen, &account.id, &user.username, Takes::Member) {
            Some((200, seen)) => {
                let shown = shown(&account, seen.body(), seen.returned);
                self.note(seen, shown);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn golem_plan(&mut self) {
        let (account, user) = self.account_and_user();
        let Some(credential) = self.with_token(user.clone(), true).await else { return };
        let path = format!("/v1/accounts/{}/plan", account.id);
        let seen = self.send_json("golem-get-account-plan", &credential, "GET", &path, None).await;
        match self.note_access(seen, &account.id, &user.username, Takes::Member) {
            Some((200, seen)) => {
                self.note(seen, vec![on(Object::Account(account.id), Event::seen(has("exists")))]);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn golem_delete(&mut self) {
        let (account, user) = self.account_and_user();
        let Some(credential) = self.with_token(user.clone(), false).await else { return };
        let path = format!("/v1/accounts/{}", account.id);
        let seen = self.send_json("golem-delete-account", &credential, "DELETE", &path, None).await;
        self.note_deletion(seen, &account.id, &user.username);
    }

    pub(super) async fn golem_update(&mut self) {
        let (account, user) = self.account_and_user();
        if !account.has_contact {
            return self.golem_get().await;
        }
        let (address, name) = (self.free_address(), self.account_name());
        let typed = self.typed(&address);
        let Some(credential) = self.with_token(user.clone(), false).await else { return };
        let (path, body) =
            (format!("/v1/accounts/{}", account.id), json!({ "name": name, "email": typed }));
        let seen =
            self.send_json("golem-update-account", &credential, "PUT", &path, Some(&body)).await;
        let moved = moved(&account, &name, &typed, &address, free_for_any(&account));
        match self.note_access(seen, &account.id, &user.username, Takes::Admin) {
            Some((200, seen)) if seen.text("/email") == typed && seen.text("/name") == name => {
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

    pub(super) async fn golem_find(&mut self) {
        let user = self.shared_user();
        let address = self.rng.bool().then(|| self.address());
        let Some(credential) = self.with_token(user.clone(), true).await else { return };
        let query = address.as_ref().map(|address| format!("?email={address}"));
        let path = format!("/v1/accounts{}", query.unwrap_or_default());
        let seen = self.send_json("golem-find-accounts", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["values"].as_array().cloned().unwrap_or_default();
                let known: Vec<_> = self.shared.known().accounts.clone();
                let known = |view: &Value| {
                    known.iter().find(|account| account.id == text(view, "/id")).cloned()
                };
                let mut reported: Vec<_> = views
                    .iter()
                    .filter_map(|view| Some(shown(&known(view)?, view, seen.returned)))
                    .flatten()
                    .collect();
                reported.push(match address {
                    None => listed(&seen, &user.username, &views, "/id"),
                    Some(address) => not_found(&seen, &user.username, &views, address),
                });
                self.note(seen, reported);
            }
            end => self.note_end(seen, &end),
        }
    }
}

/// What must be true of an address that becomes an account's: no other account's, and no user's but
/// one of these.
pub(super) fn free(users: &[&str], account: Option<&str>) -> Condition {
    let nobodys = not(has("contact"));
    let others = Condition::Any(
        users.iter().map(|user| is("owner", *user)).chain([not(has("owner"))]).collect(),
    );
    let new = Condition::All(vec![nobodys, others]);
    match account {
        Some(account) => Condition::Any(vec![is("contact", account), new]),
        None => new,
    }
}

/// The same of an address that an account changes to. Of the account's owner an admin may take one,
/// too, and any member may have become the owner.
pub(super) fn free_for_any(account: &KnownAccount) -> Condition {
    let members: Vec<_> = account.members.iter().map(String::as_str).collect();
    free(&members, Some(&account.id))
}

/// What a new account is.
pub(super) fn made_by_owner(
    name: &str,
    typed: &str,
    address: &str,
    owner: &str,
) -> impl Iterator<Item = (String, Option<String>)> {
    facts(name, typed, address).into_iter().chain([set("owner", owner)])
}

fn facts(name: &str, typed: &str, address: &str) -> [(String, Option<String>); 4] {
    [set("exists", "yes"), set("name", name), set("email", typed), set("contact", address)]
}

/// What a change of an account says: of it, of its new address, and of all others, one of which it
/// had before.
pub(super) fn moved(
    account: &KnownAccount,
    name: &str,
    typed: &str,
    address: &str,
    free: Condition,
) -> Vec<Projection> {
    let changed = Event::changed(has("exists"), facts(name, typed, address));
    let claimed = Event::changed(free, [set("contact", &account.id)]);
    let (id, new) = (account.id.clone(), Object::Address(address.to_owned()));
    let others = new.clone();
    let freed = each(move |object, _| {
        (matches!(object, Object::Address(_)) && *object != others).then(|| released(&id))
    });
    vec![on(Object::Account(account.id.clone()), changed), on(new, claimed), freed]
}

/// What an account says that is shown by this time: its own address, or its owner's primary one.
/// Whose that is if the owner may be gone is not known.
pub(super) fn shown(account: &KnownAccount, view: &Value, by: u64) -> Vec<Projection> {
    let there = vec![has("exists"), is("name", text(view, "/name"))];
    let email = text(view, "/email");
    let object = Object::Account(account.id.clone());
    if account.has_contact {
        let there = [there, vec![is("email", email)]].concat();
        return vec![on(object, Event::seen(Condition::All(there)))];
    }
    let (owner, primary) = (account.owner.clone(), shows("primary", email));
    let of_owner = each(move |object, known| {
        let is_owner = *object == Object::User(owner.clone());
        let is_known = is_owner && !known.may_be_leaving(&owner, by);
        is_known.then(|| Event::seen(primary.clone()))
    });
    vec![on(object, Event::seen(Condition::All(there))), of_owner]
}

/// What a search for an address says of the accounts that it did not find.
fn not_found(seen: &Seen, user: &str, views: &[Value], address: String) -> Projection {
    let by = seen.returned;
    let (user, found): (_, Vec<_>) =
        (user.to_owned(), views.iter().map(|view| text(view, "/id")).collect());
    each(move |object, known| {
        let Object::Account(id) = object else { return None };
        let account = known.account(id)?;
        account.members.get(&user)?;
        let is_visible = !known.may_be_removed(id, &user, by);
        let is_elsewhere = account.has_contact && is_visible && !found.contains(id);
        is_elsewhere.then(|| Event::seen(not(is("contact", &address))))
    })
}
