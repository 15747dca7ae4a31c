//! rollcall: tokens.

use std::collections::HashSet;

use serde_json::json;

use crate::history::client_step::{
    ClientStep, Ended, Seen, SentCredential, Transport, each, on, text,
};
use crate::history::rules::{Condition, Event, has, not, set, unset};
use crate::history::shared_state::{KnownToken, KnownUser, Object};

const TOKENS: &str = "/rollcall/v1/tokens";

/// What a new token is to be: its kind, and whether it is only to see accounts.
struct NewToken {
    kind: &'static str,
    only_reads: bool,
}

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn token_create(&mut self) {
        let user = self.any_user();
        self.make_token(&user, false).await;
    }

    /// Makes a token; one that may do everything if it is needed.
    pub(super) async fn make_token(&mut self, user: &KnownUser, is_needed: bool) {
        let credential =
            if is_needed { Self::password(user) } else { self.token_or_password(user) };
        let input = match self.rng.u8(..8) {
            0 if !is_needed => NewToken { kind: "environment", only_reads: false },
            1 if !is_needed => NewToken { kind: "user", only_reads: true },
            _ => NewToken { kind: "user", only_reads: false },
        };
        let mut body = json!({ "name": self.label, "kind": input.kind });
        if input.only_reads {
            body["scopes"] = json!(["account_read"]);
        }
        let seen =
            self.send_json("rollcall-create-token", &credential, "POST", TOKENS, Some(&body)).await;
        match self.ended(&seen) {
            Ended::With(201) => {
                self.know_token(&seen, &user.username, &input);
                let id = seen.text("/id");
                let made = [set("works", "yes"), set("kind", input.kind)];
                let made = Event::changed(Condition::Always, made);
                self.note(seen, vec![on(Object::Token(user.username.clone(), id), made)]);
            }
            Ended::With(403) => self.note_outlived(seen, &credential),
            end => self.note_end(seen, &end),
        }
    }

    /// A token with an end, which one gets that is replaced after a while, makes none without.
    fn note_outlived(&self, seen: Seen, credential: &SentCredential) {
        match credential {
            SentCredential::Token(user, token) if seen.text("/code") == "forbidden" => {
                let object = Object::Token(user.clone(), token.id.clone());
                self.note(seen, vec![on(object, Event::seen(has("rotated")))]);
            }
            _ => self.note_wrong(seen),
        }
    }

    fn know_token(&self, seen: &Seen, user: &str, input: &NewToken) {
        let (id, secret) = (seen.text("/id"), seen.text("/token"));
        if let Some(user) = self.shared.known().user(user) {
            user.token_ids.push(id.clone());
            if input.kind == "user" {
                user.tokens.push(KnownToken { id, secret, only_reads: input.only_reads });
            }
        }
    }

    /// One of all tokens that the clients know of, mostly a new one.
    fn some_token(&mut self, user: &KnownUser) -> Option<String> {
        let newest = user.token_ids[user.token_ids.len().saturating_sub(6)..].to_vec();
        self.one_of(&newest)
    }

    pub(super) async fn token_list(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{TOKENS}?limit=100");
        let seen = self.send_json("rollcall-list-tokens", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["tokens"].as_array().cloned().unwrap_or_default();
                let listed: HashSet<_> = views.iter().map(|view| text(view, "/id")).collect();
                let is_all = seen.body()["nextCursor"].is_null();
                let tokens = each(move |object, _| match object {
                    Object::Token(owner, id) if *owner == user.username => {
                        let is_listed = listed.contains(id);
                        let works = if is_listed { has("works") } else { not(has("works")) };
                        (is_listed || is_all).then(|| Event::seen(works))
                    }
                    _ => None,
                });
                self.note(seen, vec![tokens]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn token_get(&mut self) {
        let user = self.shared_user();
        let Some(id) = self.some_token(&user) else { return self.token_create().await };
        let credential = self.token_or_password(&user);
        let seen = self
            .send_json("rollcall-get-token", &credential, "GET", &format!("{TOKENS}/{id}"), None)
            .await;
        let object = Object::Token(user.username, id);
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![on(object, Event::seen(has("works")))]),
            Ended::With(404) => self.note(seen, vec![on(object, Event::seen(not(has("works"))))]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn token_own(&mut self) {
        let user = self.shared_user();
        let credential = self.token_or_password(&user);
        let own = match &credential {
            SentCredential::Token(_, token) => token.id.clone(),
            _ => String::new(),
        };
        let seen = self
            .send_json(
                "rollcall-get-own-token",
                &credential,
                "GET",
                &format!("{TOKENS}/self"),
                None,
            )
            .await;
        match self.ended(&seen) {
            Ended::With(200) if seen.text("/id") == own => self.note(seen, vec![]),
            Ended::With(404) if own.is_empty() => self.note(seen, vec![]),
            end => self.note_end(seen, &end),
        }
    }

    /// Another token in place of one, at once or after a while that no run outlasts.
    pub(super) async fn token_rotate(&mut self) {
        let user = self.shared_user();
        let Some(id) = self.some_token(&user) else { return self.token_create().await };
        let credential = self.token_or_password(&user);
        let overlaps = self.rng.u8(..3) == 0;
        let body = overlaps.then(|| json!({ "overlapSeconds": 30 * 24 * 3600 }));
        let path = format!("{TOKENS}/{id}/rotate");
        let seen = self
            .send_json("rollcall-rotate-token", &credential, "POST", &path, body.as_ref())
            .await;
        let object = Object::Token(user.username.clone(), id.clone());
        let first = Condition::All(vec![has("works"), not(has("rotated"))]);
        let change = if overlaps { set("rotated", "yes") } else { unset("works") };
        let replaced = on(object.clone(), Event::changed(first, [change]));
        match self.ended(&seen) {
            Ended::With(201) => {
                let kind = if seen.text("/kind") == "environment" { "environment" } else { "user" };
                let only_reads = !seen.body()["scopes"].is_null();
                self.know_token(&seen, &user.username, &NewToken { kind, only_reads });
                if !overlaps {
                    self.forget_token(&user.username, &id);
                }
                let made = [set("works", "yes"), set("kind", kind)];
                let made = Event::changed(Condition::Always, made);
                let new = Object::Token(user.username, seen.text("/id"));
                self.note(seen, vec![replaced, on(new, made)]);
            }
            Ended::With(404) => self.note(seen, vec![on(object, Event::seen(not(has("works"))))]),
            Ended::With(409) => {
                let twice = Condition::All(vec![has("works"), has("rotated")]);
                self.note(seen, vec![on(object, Event::seen(twice))]);
            }
            Ended::With(403) => self.note_outlived(seen, &credential),
            Ended::Unknown => self.note_unknown(seen, vec![replaced]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn token_revoke(&mut self) {
        let user = self.shared_user();
        let Some(id) = self.some_token(&user) else { return self.token_create().await };
        let credential = self.token_or_password(&user);
        let seen = self
            .send_json(
                "rollcall-revoke-token",
                &credential,
                "DELETE",
                &format!("{TOKENS}/{id}"),
                None,
            )
            .await;
        let object = Object::Token(user.username.clone(), id.clone());
        let revoked = on(object.clone(), Event::changed(has("works"), [unset("works")]));
        match self.ended(&seen) {
            Ended::With(204) => {
                // Now and then it is tried once more.
                if self.rng.u8(..3) > 0 {
                    self.forget_token(&user.username, &id);
                }
                self.note(seen, vec![revoked]);
            }
            Ended::With(404) => self.note(seen, vec![on(object, Event::seen(not(has("works"))))]),
            Ended::Unknown => self.note_unknown(seen, vec![revoked]),
            end => self.note_end(seen, &end),
        }
    }

    fn forget_token(&self, user: &str, id: &str) {
        if let Some(user) = self.shared.known().user(user) {
            user.tokens.retain(|token| token.id != id);
        }
    }
}
