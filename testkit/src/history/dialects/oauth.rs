//! hub's OAuth: a user grants, a client gets a code.

use std::time::{Duration, Instant};

use super::pages::is_right;
use crate::history::client_step::{ClientStep, Ended, Seen, SentCredential, Transport, on};
use crate::history::rules::{Condition, Event, not, set};
use crate::history::shared_state::{KnownGrant, KnownUser, Object};
use crate::{form, parameter};

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Codes are used while they surely work.
const FRESH: Duration = Duration::from_secs(20);

impl<W: Transport> ClientStep<'_, W> {
    /// A user signs in, opens the page, and allows the requested scopes, unless that was done
    /// before.
    pub(super) async fn oauth_authorize(&mut self) {
        let KnownUser { username, password, .. } = self.shared_user();
        let object = Object::Password(username.clone());
        let right = is_right(&password);
        let fields = form(&[("username", &username), ("password", &password)]);
        let signed_in = self.post_form("pages-sign-in", "/account/sign-in", None, fields).await;
        let cookie = signed_in.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.unwrap_or_default().to_owned();
        match self.ended(&signed_in) {
            Ended::With(303) => {
                self.note(signed_in, vec![on(object.clone(), Event::seen(right.clone()))]);
            }
            // A wrong password: the page again.
            Ended::With(403) => {
                return self.note(signed_in, vec![on(object, Event::seen(not(right)))]);
            }
            Ended::Unknown => return self.note_unknown(signed_in, vec![]),
            Ended::Rejected if signed_in.status() == 429 => return self.note(signed_in, vec![]),
            Ended::With(_) | Ended::Rejected => return self.note_wrong(signed_in),
        }
        let path = self.oauth.authorize_path("profile_read profile_write email_read email_write");
        let headers = [("cookie", cookie.as_str())];
        let nobody = SentCredential::None;
        let shown = self.send("hub-oauth-ask", &nobody, ("GET", &path), &headers, None).await;
        let field = |name: &str| {
            let page = shown.body().as_str().unwrap_or_default();
            let value = page.split(&format!(r#"name="{name}" value=""#)).nth(1);
            value.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
        };
        let (form_token, scopes) = (field("form_token"), field("scopes"));
        match self.ended(&shown) {
            Ended::With(200) => self.note(shown, vec![]),
            Ended::With(303) => return self.note_code(shown, username, right),
            Ended::Unknown => return self.note_unknown(shown, vec![]),
            Ended::With(_) | Ended::Rejected => return self.note_wrong(shown),
        }
        let fields =
            form(&[("form_token", &form_token), ("scopes", &scopes), ("decision", "allow")]);
        let decided = self.post_form("hub-oauth-decide", &path, Some(&cookie), fields).await;
        match self.ended(&decided) {
            Ended::With(303) => self.note_code(decided, username, right),
            Ended::Unknown => self.note_unknown(decided, vec![]),
            Ended::With(_) | Ended::Rejected => self.note_wrong(decided),
        }
    }

    /// Sends a form as a browser does.
    async fn post_form(
        &mut self,
        operation: &'static str,
        path: &str,
        cookie: Option<&str>,
        fields: String,
    ) -> Seen {
        let headers = [Some(FORM), cookie.map(|cookie| ("cookie", cookie))];
        let headers: Vec<_> = headers.into_iter().flatten().collect();
        let nobody = SentCredential::None;
        self.send(operation, &nobody, ("POST", path), &headers, Some(fields)).await
    }

    /// A code that came in a session, which a new password and disabling its user end; without one
    /// the session has ended.
    fn note_code(&self, seen: Seen, username: String, right: Condition) {
        let place = seen.header("location").unwrap_or_default();
        if place.starts_with("/account/sign-in?") {
            return self.note(seen, vec![]);
        }
        let Some(code) = parameter(place, "code") else { return self.note_wrong(seen) };
        self.know_grant(&username, &code);
        let granted = [set("alive", "yes"), set("code", "fresh")];
        let granted =
            on(Object::Grant(username.clone(), code), Event::changed(Condition::Always, granted));
        self.note(seen, vec![on(Object::Password(username), Event::seen(right)), granted]);
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
