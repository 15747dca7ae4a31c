//! hub's OAuth: a client gets, introspects and revokes tokens.

use super::oauth::FORM;
use crate::form;
use crate::history::client_step::{ClientStep, Ended, Seen, SentCredential, Transport, on};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{KnownGrant, Object, Projection};

/// An eleventh access token would end the first: a rule with tests of its own.
const ENOUGH: u32 = 8;

impl<W: Transport> ClientStep<'_, W> {
    async fn oauth(&mut self, operation: &'static str, end: &str, fields: &[(&str, &str)]) -> Seen {
        let path = format!("/api/v1.1/o/{end}/");
        self.send(operation, &SentCredential::Client, ("POST", &path), &[FORM], Some(form(fields)))
            .await
    }

    /// A code for tokens; the second time it ends all that came of it.
    pub(super) async fn oauth_redeem(&mut self) {
        let Some(grant) = self.fresh_grant() else { return self.oauth_authorize().await };
        self.count_request(&grant.code);
        let place = self.oauth.redirect_uri.clone();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", grant.code.as_str()),
            ("redirect_uri", &place),
        ];
        let seen = self.oauth("hub-oauth-token", "token", &fields).await;
        let fresh = Condition::All(vec![has("alive"), is("code", "fresh"), enabled()]);
        let used = Condition::All(vec![has("alive"), is("code", "used")]);
        self.note_issue(seen, &grant, fresh, &used);
    }

    /// A refresh token for the next tokens; one that is spent may end all of them.
    pub(super) async fn oauth_refresh(&mut self) {
        let Some(grant) = self.grant(|grant| !grant.refresh.is_empty() && grant.requested < ENOUGH)
        else {
            return self.oauth_redeem().await;
        };
        self.count_request(&grant.code);
        let newest = grant.refresh[grant.refresh.len().saturating_sub(2)..].to_vec();
        let token = newest[self.rng.usize(..newest.len())].clone();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let seen = self.oauth("hub-oauth-token", "token", &fields).await;
        let good = Condition::All(vec![has("alive"), is("refresh", &token), enabled()]);
        let spent = Condition::All(vec![has("alive"), not(is("refresh", &token))]);
        self.note_issue(seen, &grant, good, &spent);
    }

    fn count_request(&self, code: &str) {
        if let Some(grant) = self.shared.known().grants.iter_mut().find(|grant| grant.code == code)
        {
            grant.requested += 1;
        }
    }

    /// Tokens were issued, or the request was rejected. A second use revokes all of them, for a
    /// refresh token not at once. A disabled user's client gets none.
    fn note_issue(&self, seen: Seen, grant: &KnownGrant, good: Condition, again: &Condition) {
        let object = Object::Grant(grant.user.clone(), grant.code.clone());
        let (access, refresh) = (seen.text("/access_token"), seen.text("/refresh_token"));
        let new = [
            set("code", "used"),
            set("refresh", if refresh.is_empty() { &self.label } else { &refresh }),
            set(format!("access:{access}"), "yes"),
        ];
        let issued = Event::changed(good.clone(), new);
        let ends = Event::changed(again.clone(), [unset("alive")]);
        match self.ended(&seen) {
            Ended::With(200) => {
                let mut shared = self.shared.known();
                if let Some(known) = shared.grants.iter_mut().find(|known| known.code == grant.code)
                {
                    known.access.push(access);
                    known.refresh.push(refresh);
                }
                drop(shared);
                self.note(seen, vec![on(object, issued)]);
            }
            Ended::With(400) if seen.text("/error") == "invalid_grant" => {
                let a_moment_ago = match again {
                    Condition::All(all) if all.contains(&is("code", "used")) => not(has("alive")),
                    _ => not(good),
                };
                let rejected = Condition::Any(vec![a_moment_ago, not(enabled())]);
                self.note(seen, vec![on(object, ends.or(Event::seen(rejected)))]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![on(object, issued.or(ends))]),
            Ended::With(_) | Ended::Rejected => self.note_wrong(seen),
        }
    }

    /// A token that was issued, what must be true for it to work, and whether it is a refresh
    /// token.
    fn issued(&mut self) -> Option<(Object, String, Condition, bool)> {
        let grant = self.grant(|grant| !grant.access.is_empty())?;
        let object = Object::Grant(grant.user.clone(), grant.code.clone());
        let is_refresh = self.rng.u8(..4) == 0;
        let token = self.one_of(if is_refresh { &grant.refresh } else { &grant.access })?;
        let own = if is_refresh { is("refresh", &token) } else { has(format!("access:{token}")) };
        Some((object, token, Condition::All(vec![has("alive"), own, enabled()]), is_refresh))
    }

    pub(super) async fn oauth_introspect(&mut self) {
        let Some((object, token, works, _)) = self.issued() else {
            return self.oauth_redeem().await;
        };
        let seen = self.oauth("hub-oauth-introspect", "introspect", &[("token", &token)]).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let is_active = seen.body()["active"] == true;
                let reported = Event::seen(if is_active { works } else { not(works) });
                self.note(seen, vec![on(object, reported)]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![]),
            Ended::With(_) | Ended::Rejected => self.note_wrong(seen),
        }
    }

    pub(super) async fn oauth_revoke(&mut self) {
        let Some((object, token, _, is_refresh)) = self.issued() else {
            return self.oauth_redeem().await;
        };
        let seen = self.oauth("hub-oauth-revoke", "revoke_token", &[("token", &token)]).await;
        let fact = if is_refresh { "alive".to_owned() } else { format!("access:{token}") };
        let reported: Vec<Projection> =
            vec![on(object, Event::changed(Condition::Always, [unset(fact)]))];
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, reported),
            Ended::Unknown => self.note_unknown(seen, reported),
            Ended::With(_) | Ended::Rejected => self.note_wrong(seen),
        }
    }
}

/// The operator has not disabled the user.
fn enabled() -> Condition {
    not(has("disabled"))
}
