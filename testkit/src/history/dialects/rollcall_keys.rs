//! rollcall: API keys and SSH keys.

use serde_json::json;
use shared::model::ApiKeyId;
use ssh_key::PublicKey;
use ssh_key::public::{Ed25519PublicKey, KeyData};

use super::e24::exactly;
use super::e24_keys::ENOUGH;
use super::rollcall_users::SELF;
use crate::history::client_step::{ClientStep, Ended, Transport, each, on};
use crate::history::rules::{Condition, Event, has, not, set, unset};
use crate::history::shared_state::Object;

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn self_list_keys(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/api-keys?limit=100");
        let seen = self.send_json("rollcall-list-api-keys", &credential, "GET", &path, None).await;
        let list = seen.body()["apiKeys"].clone();
        let name = user.username;
        let keys = each(move |object, known| {
            if *object != Object::User(name.clone()) {
                return None;
            }
            let user = known.users.iter().find(|user| user.username == name)?;
            Some(Event::seen(exactly("key:", &list, "/apiKey", |id| {
                user.keys.iter().any(|(own, _)| own == id) || known.is_former_key(id)
            })))
        });
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![keys]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_add_key(&mut self) {
        let user = self.shared_user();
        if user.keys.len() >= ENOUGH {
            return self.self_delete_key().await;
        }
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/api-keys");
        let seen =
            self.send_json("rollcall-create-api-key", &credential, "POST", &path, None).await;
        let (id, secret) = (seen.text("/apiKey"), seen.text("/secretKey"));
        match self.ended(&seen) {
            Ended::With(201) => {
                if let Some(user) = self.shared.known().user(&user.username) {
                    user.keys.push((id.clone(), secret.clone()));
                }
                let listed = Event::changed(Condition::Always, [set(format!("key:{id}"), "yes")]);
                let works = Event::changed(Condition::Always, [set("secret", secret)]);
                let name = user.username;
                let reported =
                    vec![on(Object::User(name.clone()), listed), on(Object::Key(name, id), works)];
                self.note(seen, reported);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_delete_key(&mut self) {
        let user = self.shared_user();
        // One is left to sign with.
        let others: Vec<_> = user.keys.iter().skip(1).cloned().collect();
        let Some((key, _)) = self.one_of(&others) else { return self.self_list_keys().await };
        let credential = self.token_or_password(&user);
        let id = ApiKeyId::parse_key(&key).map_or_else(|_| String::new(), |(_, id)| id.to_string());
        let path = format!("{SELF}/api-keys/{id}");
        let seen =
            self.send_json("rollcall-delete-api-key", &credential, "DELETE", &path, None).await;
        if [204, 404].contains(&seen.status()) {
            self.shared.known().forget_key(&user.username, &key);
        }
        let name = user.username;
        let (listed, secret) = (format!("key:{key}"), Object::Key(name.clone(), key));
        let deleted = vec![
            on(Object::User(name), Event::changed(has(&listed), [unset(&listed)])),
            on(secret.clone(), Event::changed(has("secret"), [unset("secret")])),
        ];
        self.note_change(seen, deleted, vec![on(secret, Event::seen(not(has("secret"))))]);
    }

    pub(super) async fn self_list_ssh(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/ssh-keys?limit=100");
        let seen = self.send_json("rollcall-list-ssh-keys", &credential, "GET", &path, None).await;
        let list = seen.body()["sshKeys"].clone();
        let name = user.username;
        let keys = each(move |object, known| {
            if *object != Object::User(name.clone()) {
                return None;
            }
            let user = known.users.iter().find(|user| user.username == name)?;
            Some(Event::seen(exactly("ssh:", &list, "/id", |id| {
                user.ssh_keys.iter().any(|own| own == id)
            })))
        });
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![keys]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_add_ssh(&mut self) {
        let user = self.shared_user();
        if user.ssh_keys.len() >= 3 * ENOUGH {
            return self.self_delete_ssh().await;
        }
        let credential = self.token_or_password(&user);
        let mut bytes = [0; 32];
        self.rng.fill(&mut bytes);
        let key = PublicKey::from(KeyData::Ed25519(Ed25519PublicKey(bytes)));
        let Ok(key) = key.to_openssh() else { return };
        let body = json!({ "name": self.label, "publicKey": key });
        let path = format!("{SELF}/ssh-keys");
        let seen =
            self.send_json("rollcall-add-ssh-key", &credential, "POST", &path, Some(&body)).await;
        let id = seen.text("/id");
        match self.ended(&seen) {
            Ended::With(201) => {
                if let Some(user) = self.shared.known().user(&user.username) {
                    user.ssh_keys.push(id.clone());
                }
                let added = Event::changed(Condition::Always, [set(format!("ssh:{id}"), "yes")]);
                self.note(seen, vec![on(Object::User(user.username), added)]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn self_delete_ssh(&mut self) {
        let user = self.shared_user();
        let newest = user.ssh_keys[user.ssh_keys.len().saturating_sub(4)..].to_vec();
        let Some(id) = self.one_of(&newest) else { return self.self_list_ssh().await };
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/ssh-keys/{id}");
        let seen =
            self.send_json("rollcall-delete-ssh-key", &credential, "DELETE", &path, None).await;
        let (user, listed) = (Object::User(user.username), format!("ssh:{id}"));
        let deleted = on(user.clone(), Event::changed(has(&listed), [unset(&listed)]));
        self.note_change(seen, vec![deleted], vec![on(user, Event::seen(not(has(listed))))]);
    }
}
