//! rollcall: what users granted to OAuth clients.

use std::collections::HashSet;

use shared::model::{GrantCredential, GrantTokenKind};

use super::oauth::FORM;
use crate::form;
use crate::history::client_step::{ClientStep, Ended, SentCredential, Transport, each, on, text};
use crate::history::rules::{Condition, Event, has, is, not, unset};
use crate::history::shared_state::Object;

const GRANTS: &str = "/rollcall/v1/grants";

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn grant_list(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{GRANTS}?limit=100");
        let seen = self.send_json("rollcall-list-grants", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["grants"].as_array().cloned().unwrap_or_default();
                let listed: HashSet<_> = views.iter().map(|view| text(view, "/id")).collect();
                let is_all = seen.body()["nextCursor"].is_null();
                let grants = each(move |object, _| match object {
                    Object::Grant(owner, code) if *owner == user.username => {
                        let is_listed = listed.contains(&id(code));
                        let alive = if is_listed { has("alive") } else { unlisted() };
                        (is_listed || is_all).then(|| Event::seen(alive))
                    }
                    _ => None,
                });
                self.note(seen, vec![grants]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn grant_revoke(&mut self) {
        let Some(grant) = self.grant(|_| true) else { return self.grant_list().await };
        let user = self.shared.known().user(&grant.user).cloned();
        let Some(user) = user else { return self.grant_list().await };
        let credential = self.token_or_password(&user);
        let path = format!("{GRANTS}/{}", id(&grant.code));
        let seen =
            self.send_json("rollcall-revoke-grant", &credential, "DELETE", &path, None).await;
        let object = Object::Grant(grant.user, grant.code);
        let revoked = on(object.clone(), Event::changed(has("alive"), [unset("alive")]));
        match self.ended(&seen) {
            Ended::With(204) => self.note(seen, vec![revoked]),
            Ended::With(404) => self.note(seen, vec![on(object, Event::seen(unlisted()))]),
            Ended::Unknown => self.note_unknown(seen, vec![revoked]),
            end => self.note_end(seen, &end),
        }
    }
}

impl<W: Transport> ClientStep<'_, W> {
    /// The client asks about a user's token, or about one of its own.
    pub(super) async fn token_introspect(&mut self) {
        let about = if self.rng.bool() { self.user_token() } else { self.access_token() };
        let Some((object, token, works)) = about else { return self.grant_list().await };
        let (client, body) = (SentCredential::Client, Some(form(&[("token", &token)])));
        let call = ("POST", "/rollcall/v1/introspect");
        let seen = self.send("rollcall-introspect", &client, call, &[FORM], body).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let is_active = seen.body()["active"] == true;
                let reported = Event::seen(if is_active { works } else { not(works) });
                self.note(seen, vec![on(object, reported)]);
            }
            end => self.note_end(seen, &end),
        }
    }

    fn user_token(&mut self) -> Option<(Object, String, Condition)> {
        let user = self.shared_user();
        let token = self.one_of(&user.tokens)?;
        let works = Condition::All(vec![has("works"), not(has("disabled"))]);
        Some((Object::Token(user.username, token.id), token.secret, works))
    }

    fn access_token(&mut self) -> Option<(Object, String, Condition)> {
        let grant = self.grant(|grant| !grant.access.is_empty())?;
        let token = self.one_of(&grant.access)?;
        let works = [has("alive"), has(format!("access:{token}")), not(has("disabled"))];
        Some((Object::Grant(grant.user, grant.code), token, Condition::All(works.into())))
    }
}

/// Revoked, or a code that may have expired.
fn unlisted() -> Condition {
    Condition::Any(vec![not(has("alive")), is("code", "fresh")])
}

/// The id of the grant of a code.
fn id(code: &str) -> String {
    let code = GrantCredential::parse(GrantTokenKind::Code, code);
    code.map_or_else(|_| String::new(), |code| code.grant().to_string())
}
