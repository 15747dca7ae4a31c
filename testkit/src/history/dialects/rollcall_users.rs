//! rollcall: what users have of themselves: profile, password, addresses, audit log.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::e24::{Keys, password_ended};
use super::pages::is_right;
use crate::history::client_step::{ClientStep, Ended, Transport, each, on, shows, text};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{Object, Projection};

pub(super) const SELF: &str = "/rollcall/v1/users/self";

/// What a free address has not.
pub(in crate::history) const FREED: [&str; 3] = ["owner", "verified", "proved"];

/// The facts of a user, and where the response shows them.
const FIELDS: [(&str, &str); 4] = [
    ("name", "/name"),
    ("location", "/profile/location"),
    ("company", "/profile/company"),
    ("phone", "/profile/phone"),
];

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn self_get(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let seen = self.send_json("rollcall-get-user", &credential, "GET", SELF, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let reported = shown(&user.username, seen.body(), Vec::new());
                self.note(seen, vec![reported]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_update(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let (mut body, mut new) = (json!({}), Vec::new());
        for (fact, pointer) in FIELDS {
            if self.rng.bool() {
                let value = format!("{} {fact}", self.label);
                match pointer.strip_prefix("/profile/") {
                    Some(field) => body["profile"][field] = json!(value),
                    None => body["name"] = json!(value),
                }
                new.push(set(fact, value));
            }
        }
        let seen =
            self.send_json("rollcall-update-user", &credential, "PATCH", SELF, Some(&body)).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let reported = shown(&user.username, seen.body(), new);
                self.note(seen, vec![reported]);
            }
            Ended::Unknown => {
                let maybe = Event::changed(Condition::Always, new);
                self.note_unknown(seen, vec![on(Object::User(user.username), maybe)]);
            }
            end => self.note_end(seen, &end),
        }
    }

    /// Another password, which ends all other tokens and all grants.
    pub(super) async fn self_password(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_password(&user);
        let (current, password) = (user.password.clone(), format!("{} is secret", self.label));
        let body = json!({ "currentPassword": current, "password": password });
        let path = format!("{SELF}/password");
        let seen =
            self.send_json("rollcall-set-password", &credential, "PUT", &path, Some(&body)).await;
        let object = Object::Password(user.username.clone());
        let spared = credential.token_id();
        let changed = Event::changed(is("password", &current), [set("password", &password)]);
        let reported =
            vec![on(object.clone(), changed), password_ended(&user.username, &spared, Keys::Stay)];
        match self.ended(&seen) {
            Ended::With(204) => {
                self.know_password(&user.username, password, &spared, Keys::Stay);
                self.note(seen, reported);
            }
            Ended::With(403) => {
                // Nor is any right of a user who was disabled meanwhile.
                self.note(seen, vec![on(object, Event::seen(not(is_right(&current))))]);
            }
            Ended::Unknown => self.note_unknown(seen, reported),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_emails(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/emails?limit=100");
        let seen = self.send_json("rollcall-list-emails", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["emails"].as_array().cloned().unwrap_or_default();
                let primary: Vec<_> = views.iter().filter(|view| view["primary"] == true).collect();
                if primary.len() != 1 {
                    self.wrong(&seen, "shows not exactly one primary address");
                }
                let primary = primary.first().map(|view| text(view, "/email"));
                let primary = primary.map(|primary| {
                    on(Object::User(user.username.clone()), Event::seen(shows("primary", primary)))
                });
                let listed = listed_addresses(&user.username, &views);
                self.note(seen, primary.into_iter().chain([listed]).collect());
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_add_email(&mut self) {
        let (user, address) = (self.shared_user(), self.free_address());
        let credential = self.token_or_password(&user);
        let (path, body) = (format!("{SELF}/emails"), json!({ "email": address }));
        let seen =
            self.send_json("rollcall-add-email", &credential, "POST", &path, Some(&body)).await;
        if seen.status() == 201 {
            self.shared.known().owners.insert(address.clone(), user.username.clone());
        }
        let address = Object::Address(address);
        let new = [set("owner", &user.username), unset("verified")];
        let added = on(address.clone(), Event::changed(not(has("owner")), new));
        match self.ended(&seen) {
            Ended::With(201) => self.note(seen, vec![added]),
            Ended::With(409) => self.note(seen, vec![on(address, Event::seen(has("owner")))]),
            Ended::Unknown => self.note_unknown(seen, vec![added]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_make_primary(&mut self) {
        let user = self.shared_user();
        let email = self.own_address(&user.username);
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/emails/{}", self.typed(&email));
        let body = Some(json!({ "primary": true }));
        let operation = "rollcall-update-email";
        let seen = self.send_json(operation, &credential, "PATCH", &path, body.as_ref()).await;
        let (address, own) = (Object::Address(email.clone()), is("owner", &user.username));
        let object = Object::User(user.username);
        let of_kind = |facts: [Condition; 2]| {
            let [verified, proved] = facts;
            Event::seen(Condition::All(vec![own.clone(), verified, proved]))
        };
        let chosen = Event::changed(Condition::Always, [set("primary", &email)]);
        match self.ended(&seen) {
            Ended::With(200) => {
                let shown = shown_email(seen.body());
                // One that is neither verified nor proved was primary before, and nothing was
                // changed.
                let is_reachable =
                    seen.body()["verified"] == true || !seen.body()["provedAt"].is_null();
                let of_user =
                    if is_reachable { chosen } else { Event::seen(shows("primary", &email)) };
                self.note(seen, vec![on(address, of_kind(shown)), on(object, of_user)]);
            }
            Ended::With(409) => {
                let other = Event::seen(not(is("primary", &email)));
                let neither = ["verified", "proved"].map(|fact| not(has(fact)));
                self.note(seen, vec![on(address, of_kind(neither)), on(object, other)]);
            }
            Ended::With(404) => self.note(seen, vec![on(address, Event::seen(not(own)))]),
            Ended::Unknown => self.note_unknown(seen, vec![on(object, chosen)]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_delete_email(&mut self) {
        let user = self.shared_user();
        let email = self.own_address(&user.username);
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/emails/{}", self.typed(&email));
        let seen =
            self.send_json("rollcall-delete-email", &credential, "DELETE", &path, None).await;
        let (address, object) =
            (Object::Address(email.clone()), Object::User(user.username.clone()));
        let own = is("owner", &user.username);
        let freed = on(address.clone(), Event::changed(own.clone(), FREED.map(unset)));
        match self.ended(&seen) {
            Ended::With(204) => {
                self.shared.known().owners.remove(&email);
                let other = Event::seen(not(is("primary", &email)));
                self.note(seen, vec![freed, on(object, other)]);
            }
            Ended::With(409) => {
                let own = on(address, Event::seen(own));
                let is_primary = shows("primary", &email);
                self.note(seen, vec![own, on(object, Event::seen(is_primary))]);
            }
            Ended::With(404) => self.note(seen, vec![on(address, Event::seen(not(own)))]),
            Ended::Unknown => self.note_unknown(seen, vec![freed]),
            end => self.note_end(seen, &end),
        }
    }

    /// What a log says has no history of its own: entries only come, and stay in order.
    pub(super) async fn self_audit(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/audit?limit=100");
        let operation = "rollcall-list-audit-entries";
        let seen = self.send_json(operation, &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let entries = seen.body()["entries"].as_array().cloned().unwrap_or_default();
                if entries.is_empty()
                    || !entries.is_sorted_by_key(|entry| std::cmp::Reverse(text(entry, "/id")))
                {
                    self.wrong(&seen, "shows no entries, or not the newest first");
                }
                self.note(seen, vec![]);
            }
            end => self.note_end(seen, &end),
        }
    }
}

/// What a user says that is shown after these changes.
fn shown(user: &str, view: &Value, new: Vec<(String, Option<String>)>) -> Projection {
    let is_old = |fact: &str| !new.iter().any(|(changed, _)| changed == fact);
    let fields = FIELDS.into_iter().chain([("primary", "/primaryEmail")]);
    let old = fields.filter(|(fact, _)| is_old(fact));
    let there = old.map(|(fact, pointer)| shows(fact, text(view, pointer))).collect();
    on(Object::User(user.to_owned()), Event::changed(Condition::All(there), new))
}

/// What the list of all addresses of a user says of every address.
pub(super) fn listed_addresses(user: &str, views: &[Value]) -> Projection {
    let of_view = |view: &Value| (text(view, "/email"), shown_email(view));
    let shown: HashMap<String, [Condition; 2]> = views.iter().map(of_view).collect();
    let name = user.to_owned();
    each(move |object, _| {
        let Object::Address(address) = object else { return None };
        let owned = is("owner", &name);
        Some(Event::seen(match shown.get(address) {
            Some([verified, proved]) => {
                Condition::All(vec![owned, verified.clone(), proved.clone()])
            }
            None => not(owned),
        }))
    })
}

/// What is shown of an address: whether it is verified, and whether it is proved, which hub does
/// not show.
fn shown_email(view: &Value) -> [Condition; 2] {
    let fact = |holds: bool, name: &str| if holds { has(name) } else { not(has(name)) };
    let proved = view.get("provedAt").map(|at| fact(!at.is_null(), "proved"));
    [fact(view["verified"] == true, "verified"), proved.unwrap_or(Condition::Always)]
}
