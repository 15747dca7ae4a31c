//! hub: profiles.

use serde_json::{Value, json};

use crate::history::client_step::{ClientStep, Ended, Transport, on, shows, text};
use crate::history::rules::{Condition, Event, set};
use crate::history::shared_state::{Object, Projection};

const FIELDS: [(&str, &str); 3] =
    [("name", "full_name"), ("location", "location"), ("company", "company")];

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn hub_get(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password_or_access(&user);
        let path = format!("/api/v1.1/users/{}/", user.username);
        let seen = self.send_json("hub-get-user", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let reported = shown(&user.username, seen.body(), Vec::new());
                self.note(seen, vec![reported]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn hub_update(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password_or_access(&user);
        let path = format!("/api/v1.1/users/{}/", user.username);
        let mut body = json!({});
        let mut new = Vec::new();
        for (fact, field) in FIELDS {
            if self.rng.bool() {
                let value = format!("{} {fact}", self.label);
                body[field] = json!(value);
                new.push(set(fact, value));
            }
        }
        let seen =
            self.send_json("hub-update-user", &credential, "PATCH", &path, Some(&body)).await;
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
}

/// What a profile says that is shown after these changes.
fn shown(user: &str, view: &Value, new: Vec<(String, Option<String>)>) -> Projection {
    let is_old = |fact: &str| !new.iter().any(|(changed, _)| changed == fact);
    let fields = FIELDS.into_iter().chain([("primary", "email")]);
    let old = fields.filter(|(fact, _)| is_old(fact));
    let there = old.map(|(fact, field)| shows(fact, text(view, &format!("/{field}")))).collect();
    on(Object::User(user.to_owned()), Event::changed(Condition::All(there), new))
}
