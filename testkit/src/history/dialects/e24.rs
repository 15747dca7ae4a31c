//! e24: users, and what they change of themselves.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::history::choice::made_by;
use crate::history::client_step::{ClientStep, Ended, Seen, Transport, each, on, shows, text};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{KnownUser, Object, Projection};

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn e24_create(&mut self) {
        let user = self.shared_user();
        let address = self.free_address();
        let requested = self.rng.bool().then(|| self.shared.known().usernames.clone());
        let requested = requested.and_then(|names| self.one_of(&names));
        let credential = self.token_or_key(&user);
        let (password, phone) = (format!("{} is secret", self.label), self.rng.u32(..).to_string());
        let mut body = json!({
            "email": address,
            "first_name": self.label,
            "last_name": "Made",
            "phone": phone,
            "password": password,
        });
        if let Some(name) = &requested {
            body["username"] = json!(name);
        }
        let seen = self
            .send_json("e24-create-account", &credential, "PUT", "/v2/accounts", Some(&body))
            .await;
        let is_taken = |text: &str| seen.text("/error") == text;
        match self.ended(&seen) {
            Ended::With(200) => {
                let view = &seen.body()["user"];
                self.know_user(view, &password);
                let reported = made(view, &address, &password, requested.as_deref());
                self.note(seen, reported);
            }
            Ended::With(409) if is_taken("the e-mail address is taken") => {
                let taken = on(Object::Address(address), Event::seen(has("owner")));
                self.note(seen, vec![taken]);
            }
            Ended::With(409) if is_taken("the username is taken") => {
                let taken =
                    requested.map(|name| on(Object::Username(name), Event::seen(has("owner"))));
                self.note(seen, taken.into_iter().collect());
            }
            Ended::Unknown => {
                let owner = made_by(&self.label);
                let claim =
                    || Event::changed(not(has("owner")), [set("owner", &owner), unset("verified")]);
                let name = requested.map(|name| on(Object::Username(name), claim()));
                let reported = name.into_iter().chain([on(Object::Address(address), claim())]);
                self.note_unknown(seen, reported.collect());
            }
            // Not an admin of the current account, or there is none.
            Ended::With(403) => self.note(seen, vec![]),
            end => self.note_end(seen, &end),
        }
    }

    fn know_user(&self, view: &Value, password: &str) {
        let key = (text(view, "/api/0/api_key"), text(view, "/api/0/secret_key"));
        self.shared.known().users.push(KnownUser {
            username: text(view, "/username"),
            id: text(view, "/id"),
            password: password.to_owned(),
            keys: vec![key],
            ..KnownUser::default()
        });
    }

    pub(super) async fn e24_list(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_key(&user);
        let seen =
            self.send_json("e24-list-accounts", &credential, "GET", "/v2/accounts", None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["users"].as_array().cloned().unwrap_or_default();
                self.note(seen, views.iter().map(|view| seen_user(view, &[])).collect());
            }
            // There is no usable current account.
            Ended::With(403) => self.note(seen, vec![]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn e24_get(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_key(&user);
        let seen = self.send_json("e24-get-account", &credential, "GET", "/v2/account", None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let reported = seen_user(&seen.body()["account"], &[]);
                self.note(seen, vec![reported]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn e24_data(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_key(&user);
        let (first, phone) = (self.label.clone(), self.rng.u32(..1000).to_string());
        let (names, phones) = [(true, false), (false, true), (true, true)][self.rng.usize(..3)];
        let mut body = json!({});
        let mut new = Vec::new();
        if names {
            (body["first_name"], body["last_name"]) = (json!(first), json!("Changed"));
            new.push(set("name", format!("{first} Changed")));
        }
        if phones {
            body["phone"] = json!(phone);
            new.push(set("phone", phone));
        }
        let seen = self
            .send_json(
                "e24-update-account-data",
                &credential,
                "POST",
                "/v2/account/data",
                Some(&body),
            )
            .await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let reported = seen_user(&seen.body()["account"], &new);
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
    pub(super) async fn e24_password(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_key(&user);
        let password = format!("{} is secret", self.label);
        let body = json!({ "password": password });
        let seen = self
            .send_json(
                "e24-update-account-data",
                &credential,
                "POST",
                "/v2/account/data",
                Some(&body),
            )
            .await;
        let spared = credential.token_id();
        let reported = vec![
            on(
                Object::Password(user.username.clone()),
                Event::changed(Condition::Always, [set("password", &password)]),
            ),
            password_ended(&user.username, &spared, Keys::Stay),
        ];
        match self.ended(&seen) {
            Ended::With(200) => {
                self.know_password(&user.username, password, &spared, Keys::Stay);
                self.note(seen, reported);
            }
            Ended::Unknown => self.note_unknown(seen, reported),
            end => self.note_end(seen, &end),
        }
    }
}

/// What becomes of the keys and environment tokens when the password changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Stay,
    End,
}

/// What a changed password ends. A token or a session that changed it is spared.
pub(super) fn password_ended(user: &str, spared: &str, keys: Keys) -> Projection {
    let (user, spared) = (user.to_owned(), spared.to_owned());
    each(move |object, known| match object {
        Object::Token(owner, id) if *owner == user && *id != spared => {
            let dies = match keys {
                Keys::Stay => Condition::All(vec![has("works"), not(is("kind", "environment"))]),
                Keys::End => has("works"),
            };
            let stays = Event::seen(not(dies.clone()));
            Some(stays.or(Event::changed(dies, [unset("works")])))
        }
        Object::Grant(owner, _) | Object::Link(owner, _) if *owner == user => Some(ended("alive")),
        Object::Session(owner, id) if *owner == user && *id != spared => Some(ended("works")),
        Object::Key(owner, _) if *owner == user && keys == Keys::End => Some(ended("secret")),
        // If a token asked for the proof, and the link of a reset did not go there.
        Object::Address(_) if keys == Keys::End => {
            let proved = Condition::All(vec![is("owner", &user), has("proved")]);
            let lost = Event::changed(proved, [unset("proved")]);
            Some(Event::seen(Condition::Always).or(lost))
        }
        Object::User(own) if *own == user && keys == Keys::End => {
            let gone = known.facts_of_keys(&user).map(unset);
            Some(Event::changed(Condition::Always, gone))
        }
        _ => None,
    })
}

/// The fact is gone, if it was there.
pub(super) fn ended(fact: &str) -> Event {
    Event::seen(not(has(fact))).or(Event::changed(has(fact), [unset(fact)]))
}

/// What a new user says: of itself, its address, its name, and its key.
fn made(view: &Value, address: &str, password: &str, requested: Option<&str>) -> Vec<Projection> {
    let name = text(view, "/username");
    let key = text(view, "/api/0/api_key");
    let facts = [
        set("primary", text(view, "/email")),
        set("name", text(view, "/name")),
        set("phone", text(view, "/phone")),
        set("location", ""),
        set("company", ""),
        set("current", "personal"),
        set(format!("key:{key}"), "yes"),
    ];
    let claim = || Event::changed(not(has("owner")), [set("owner", &name), unset("verified")]);
    let secret =
        Event::changed(Condition::Always, [set("secret", text(view, "/api/0/secret_key"))]);
    let requested = requested.map(|name| on(Object::Username(name.to_owned()), claim()));
    [
        on(Object::User(name.clone()), Event::changed(Condition::Always, facts)),
        on(
            Object::Password(name.clone()),
            Event::changed(Condition::Always, [set("password", password)]),
        ),
        on(Object::Address(address.to_owned()), claim()),
        on(Object::Key(name.clone(), key), secret),
    ]
    .into_iter()
    .chain(requested)
    .collect()
}

/// What a user says that is shown after these changes.
pub(super) fn seen_user(view: &Value, new: &[(String, Option<String>)]) -> Projection {
    let (view, new) = (view.clone(), new.to_vec());
    let name = text(&view, "/username");
    each(move |object, known| {
        if *object != Object::User(name.clone()) {
            return None;
        }
        let user = known.users.iter().find(|user| user.username == name)?;
        let fields = [("name", "/name"), ("phone", "/phone"), ("primary", "/email")];
        let is_old = |(fact, _): &(&str, &str)| !new.iter().any(|(changed, _)| changed == fact);
        let mut facts: Vec<_> = fields
            .into_iter()
            .filter(is_old)
            .map(|(fact, pointer)| shows(fact, text(&view, pointer)))
            .collect();
        facts.push(exactly("key:", &view["api"], "/api_key", |id| {
            user.keys.iter().any(|(own, _)| own == id) || known.is_former_key(id)
        }));
        facts.push(exactly("ssh:", &view["sshkeys"], "/id", |id| {
            user.ssh_keys.iter().any(|own| own == id)
        }));
        let there = Condition::All(facts);
        Some(if new.is_empty() { Event::seen(there) } else { Event::changed(there, new.clone()) })
    })
}

/// Exactly the listed ones exist, as far as the clients know them: others may exist whose creation
/// got no response.
pub(super) fn exactly(
    start: &str,
    list: &Value,
    id: &str,
    is_known: impl Fn(&str) -> bool,
) -> Condition {
    let ids: BTreeSet<String> =
        list.as_array().into_iter().flatten().map(|view| text(view, id)).collect();
    Condition::Exactly(start.to_owned(), ids.into_iter().filter(|id| is_known(id)).collect())
}

impl<W: Transport> ClientStep<'_, W> {
    /// Notes a change of a key of the user's own, in whichever way it went.
    pub(super) fn note_change(
        &self,
        seen: Seen,
        reported: Vec<Projection>,
        unknown_one: Vec<Projection>,
    ) {
        match self.ended(&seen) {
            Ended::With(200 | 204) => self.note(seen, reported),
            Ended::With(404) => self.note(seen, unknown_one),
            Ended::Unknown => self.note_unknown(seen, reported),
            end => self.note_end(seen, &end),
        }
    }
}
