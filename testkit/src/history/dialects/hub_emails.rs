//! hub: addresses.

use serde_json::json;

use super::rollcall_users::{FREED, listed_addresses};
use crate::history::client_step::{ClientStep, Ended, Transport, on, shows, text};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::Object;

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn hub_list(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password_or_access(&user);
        let path = format!("/api/v1.1/users/{}/emails/", user.username);
        let seen = self.send_json("hub-list-emails", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body().as_array().cloned().unwrap_or_default();
                let primary: Vec<_> = views.iter().filter(|view| view["primary"] == true).collect();
                if primary.len() != 1 {
                    self.wrong(&seen, "shows not exactly one primary address");
                }
                let primary = primary.first().map(|view| text(view, "/email"));
                let addresses = listed_addresses(&user.username, &views);
                let primary = primary.map(|primary| {
                    on(Object::User(user.username), Event::seen(shows("primary", primary)))
                });
                self.note(seen, primary.into_iter().chain([addresses]).collect());
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn hub_add(&mut self) {
        let (user, address) = (self.shared_user(), self.free_address());
        let credential = self.token_or_password_or_access(&user);
        let path = format!("/api/v1.1/users/{}/emails/", user.username);
        let body = json!({ "email": address });
        let seen = self.send_json("hub-add-email", &credential, "POST", &path, Some(&body)).await;
        if seen.status() == 201 {
            self.shared.known().owners.insert(address.clone(), user.username.clone());
        }
        let address = Object::Address(address);
        let new = [set("owner", &user.username), unset("verified")];
        let added = on(address.clone(), Event::changed(not(has("owner")), new));
        match self.ended(&seen) {
            Ended::With(201) => self.note(seen, vec![added]),
            Ended::With(400) if seen.text("/email/0") == "the e-mail address is taken" => {
                self.note(seen, vec![on(address, Event::seen(has("owner")))]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![added]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn hub_change(&mut self) {
        let user = self.shared_user();
        let email = self.own_address(&user.username);
        let credential = self.token_or_password_or_access(&user);
        let path = format!("/api/v1.1/users/{}/emails/", user.username);
        let (verified, primary) = [(true, false), (false, true), (true, true)][self.rng.usize(..3)];
        let mut body = json!({ "email": self.typed(&email) });
        for (field, is_given) in [("verified", verified), ("primary", primary)] {
            if is_given {
                body[field] = json!(true);
            }
        }
        let seen =
            self.send_json("hub-update-email", &credential, "PATCH", &path, Some(&body)).await;
        let (address, own) = (Object::Address(email.clone()), is("owner", &user.username));
        let known = Condition::All(vec![own.clone(), has("verified")]);
        let reachable = Condition::Any(vec![has("verified"), has("proved")]);
        let of_address = if verified {
            Event::changed(own.clone(), [set("verified", "yes")])
        } else {
            Event::seen(known)
        };
        let object = Object::User(user.username.clone());
        let chosen = Event::changed(Condition::Always, [set("primary", &email)]);
        match self.ended(&seen) {
            // It was primary before, or it is proved, which is not shown.
            Ended::With(200) if !verified && seen.body()["verified"] == false => {
                let unverified = Condition::All(vec![own, not(has("verified"))]);
                self.note(seen, vec![on(address, Event::seen(unverified)), on(object, chosen)]);
            }
            Ended::With(200) => {
                let of_user = match (primary, seen.body()["primary"] == true) {
                    (true, true) => chosen,
                    (false, true) => Event::seen(shows("primary", &email)),
                    (false, false) => Event::seen(not(is("primary", &email))),
                    (true, false) => return self.note_wrong(seen),
                };
                self.note(seen, vec![on(address, of_address), on(object, of_user)]);
            }
            Ended::With(400) if primary && !verified => {
                let seen_so = Condition::All(vec![own, not(reachable)]);
                let other = Event::seen(not(is("primary", &email)));
                self.note(seen, vec![on(address, Event::seen(seen_so)), on(object, other)]);
            }
            Ended::With(404) => self.note(seen, vec![on(address, Event::seen(not(own)))]),
            Ended::Unknown => {
                let chosen = primary.then(|| on(object, chosen));
                self.note_unknown(
                    seen,
                    chosen.into_iter().chain([on(address, of_address)]).collect(),
                );
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn hub_delete(&mut self) {
        let user = self.shared_user();
        let email = self.own_address(&user.username);
        let credential = self.token_or_password_or_access(&user);
        let path = format!("/api/v1.1/users/{}/emails/", user.username);
        let body = json!({ "email": self.typed(&email) });
        let seen =
            self.send_json("hub-delete-email", &credential, "DELETE", &path, Some(&body)).await;
        let (address, object) =
            (Object::Address(email.clone()), Object::User(user.username.clone()));
        let own = is("owner", &user.username);
        let freed = on(address.clone(), Event::changed(own.clone(), FREED.map(unset)));
        match self.ended(&seen) {
            Ended::With(204) => {
                self.shared.known().owners.remove(&email);
                let not_primary = on(object, Event::seen(not(is("primary", &email))));
                self.note(seen, vec![freed, not_primary]);
            }
            Ended::With(400) => {
                let own = on(address, Event::seen(own));
                self.note(seen, vec![own, on(object, Event::seen(shows("primary", &email)))]);
            }
            Ended::With(404) => self.note(seen, vec![on(address, Event::seen(not(own)))]),
            Ended::Unknown => self.note_unknown(seen, vec![freed]),
            end => self.note_end(seen, &end),
        }
    }
}
