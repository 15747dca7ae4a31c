//! hub's OAuth: a user grants, a client gets a code.

use std::time::{Duration, Instant};

use crate::history::client_step::{ClientStep, Ended, SentCredential, Transport, on};
use crate::history::rules::{Condition, Event, has, is, not, set};
use crate::history::shared_state::{KnownGrant, KnownUser, Object};
use crate::{form, parameter};

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Codes are used while they surely work.
const FRESH: Duration = Duration::from_secs(20);

impl<W: Transport> ClientStep<'_, W> {
    /// A user opens the page and allows the requested scopes.
    pub(super) async fn oauth_authorize(&mut self) {
        let user = self.shared_user();
        let path = self.oauth.authorize_path("profile_read profile_write email_read email_write");
        let shown =
            self.send("hub-oauth-ask", &SentCredential::None, ("GET", &path), &[], None).await;
        let page = shown.body().as_str().unwrap_or_default();
        let csrf_token = page
            .split(r#"name="csrf_token" value=""#)
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let cookie = shown.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let (csrf_token, cookie) =
            (csrf_token.unwrap_or_default().to_owned(), cookie.unwrap_or_default().to_owned());
        match self.ended(&shown) {
            Ended::With(200) => self.note(shown, vec![]),
            Ended::Unknown => return self.note_unknown(shown, vec![]),
            Ended::With(_) | Ended::Rejected => return self.note_wrong(shown),
        }
        let KnownUser { username, password, .. } = user;
        let fields = form(&[
            ("csrf_token", &csrf_token),
            ("username", &username),
            ("password", &password),
            ("decision", "allow"),
        ]);
        let headers = [FORM, ("cookie", cookie.as_str())];
        let decided = self
            .send(
                "hub-oauth-decide",
                &SentCredential::None,
                ("POST", &path),
                &headers,
                Some(fields),
            )
            .await;
        let object = Object::Password(username.clone());
        let right = Condition::All(vec![is("password", password), not(has("disabled"))]);
        match self.ended(&decided) {
            Ended::With(303) => {
                let place = decided.header("location").unwrap_or_default();
                let Some(code) = parameter(place, "code") else { return self.note_wrong(decided) };
                self.know_grant(&username, &code);
                let granted = [set("alive", "yes"), set("code", "fresh")];
                let granted = Event::changed(Condition::Always, granted);
                let grant = Object::Grant(username, code);
                self.note(decided, vec![on(object, Event::seen(right)), on(grant, granted)]);
            }
            // A wrong password: the page again.
            Ended::With(403) => self.note(decided, vec![on(object, Event::seen(not(right)))]),
            Ended::Unknown => self.note_unknown(decided, vec![]),
            Ended::Rejected if decided.status() == 429 => self.note(decided, vec![]),
            Ended::With(_) | Ended::Rejected => self.note_wrong(decided),
        }
    }

    fn know_grant(&self, user: &str, code: &str) {
        self.shared.known().grants.push(KnownGrant {
            user: user.to_owned(),
            code: code.to_owned(),
            refresh: Vec::new(),
            access: Vec::new(),
            requested: 0,
            made: Instant::now(),
        });
    }

    /// A grant whose code surely has not expired.
    pub(super) fn fresh_grant(&mut self) -> Option<KnownGrant> {
        // A code that was used is used again now and then.
        let replays = self.rng.u8(..8) == 0;
        self.grant(|grant| grant.made.elapsed() < FRESH && (replays || grant.requested == 0))
    }
}
