//! e24: API keys and SSH keys.

use serde_json::json;

use crate::history::client_step::{ClientStep, Ended, SentCredential, Transport, on};
use crate::history::rules::{Condition, Event, has, not, set, unset};
use crate::history::shared_state::Object;

/// More keys than this are not made: the limits have tests of their own.
pub(super) const ENOUGH: usize = 8;

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn e24_add_key(&mut self) {
        let user = self.shared_user();
        if user.keys.len() >= ENOUGH {
            return self.e24_delete_key().await;
        }
        let credential = self.token_or_key(&user);
        let seen =
            self.send_json("e24-create-api-key", &credential, "PUT", "/v2/account/api", None).await;
        let (id, secret) = (seen.text("/api/api_key"), seen.text("/api/secret_key"));
        match self.ended(&seen) {
            Ended::With(200) => {
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
            Ended::Unknown => self.note_unknown(seen, vec![]),
            Ended::Rejected => self.note(seen, vec![]),
            Ended::With(_) => self.note_wrong(seen),
        }
    }

    pub(super) async fn e24_renew_key(&mut self) {
        let user = self.shared_user();
        let Some((id, _)) = self.one_of(&user.keys) else { return };
        let credential = self.token_or_key(&user);
        let body = json!({ "api_key": id });
        let path = "/v2/account/api-new-secret-key";
        let seen =
            self.send_json("e24-renew-api-secret", &credential, "POST", path, Some(&body)).await;
        let secret = match seen.text("/api/secret_key") {
            // It is unknown.
            none if none.is_empty() => format!("renewed by {}", self.label),
            secret => secret,
        };
        if seen.status() == 200
            && let Some(known) = self.shared.known().user(&user.username)
            && let Some(key) = known.keys.iter_mut().find(|(own, _)| *own == id)
        {
            key.1.clone_from(&secret);
        }
        let key = Object::Key(user.username.clone(), id.clone());
        let renewed = vec![
            on(key.clone(), Event::changed(has("secret"), [set("secret", secret)])),
            on(Object::User(user.username), Event::seen(has(format!("key:{id}")))),
        ];
        self.note_change(seen, renewed, vec![on(key, Event::seen(not(has("secret"))))]);
    }

    /// Nothing here takes the secret, and no other response shows it.
    pub(super) async fn e24_renew_s3(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_key(&user);
        let path = "/v2/account/files-new-secret-key";
        let seen = self.send_json("e24-renew-s3-secret", &credential, "POST", path, None).await;
        match self.ended(&seen) {
            Ended::With(200) if !seen.text("/e24files/s3/secret_key").is_empty() => {
                self.note(seen, vec![]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn e24_delete_key(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_key(&user);
        // The one that signs cannot be deleted, and one is left to sign with.
        let signer = match &credential {
            SentCredential::Key { id, .. } => id.as_str(),
            _ => "",
        };
        let others: Vec<_> =
            user.keys.iter().skip(1).filter(|(id, _)| id != signer).cloned().collect();
        let Some((id, _)) = self.one_of(&others) else { return self.e24_get().await };
        let body = json!({ "api_key": id });
        let seen = self
            .send_json("e24-delete-api-key", &credential, "DELETE", "/v2/account/api", Some(&body))
            .await;
        if [200, 404].contains(&seen.status()) {
            self.shared.known().forget_key(&user.username, &id);
        }
        let name = user.username;
        let (listed, secret) = (format!("key:{id}"), Object::Key(name.clone(), id));
        let deleted = vec![
            on(Object::User(name), Event::changed(has(&listed), [unset(&listed)])),
            on(secret.clone(), Event::changed(has("secret"), [unset("secret")])),
        ];
        self.note_change(seen, deleted, vec![on(secret, Event::seen(not(has("secret"))))]);
    }

    pub(super) async fn e24_add_ssh(&mut self) {
        let user = self.shared_user();
        if user.ssh_keys.len() >= 3 * ENOUGH {
            return self.e24_delete_ssh().await;
        }
        let credential = self.token_or_key(&user);
        let body = json!({ "name": self.label, "method": "generate" });
        let seen = self
            .send_json("e24-add-ssh-key", &credential, "PUT", "/v2/account/sshkey", Some(&body))
            .await;
        let id = seen.text("/sshkeys/id");
        match self.ended(&seen) {
            Ended::With(200) => {
                if let Some(user) = self.shared.known().user(&user.username) {
                    user.ssh_keys.push(id.clone());
                }
                let added = Event::changed(Condition::Always, [set(format!("ssh:{id}"), "yes")]);
                self.note(seen, vec![on(Object::User(user.username), added)]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn e24_delete_ssh(&mut self) {
        let user = self.shared_user();
        let newest = user.ssh_keys[user.ssh_keys.len().saturating_sub(4)..].to_vec();
        let Some(id) = self.one_of(&newest) else { return self.e24_get().await };
        let credential = self.token_or_key(&user);
        let path = format!("/v2/account/{id}/sshkey");
        let seen = self.send_json("e24-delete-ssh-key", &credential, "DELETE", &path, None).await;
        let (user, listed) = (Object::User(user.username), format!("ssh:{id}"));
        let deleted = on(user.clone(), Event::changed(has(&listed), [unset(&listed)]));
        self.note_change(seen, vec![deleted], vec![on(user, Event::seen(not(has(listed))))]);
    }
}
