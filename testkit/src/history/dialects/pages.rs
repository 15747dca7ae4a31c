//! Browsers: users sign in on the pages, and end sessions there and by rollcall's own API.

use std::collections::HashSet;

use shared::model::SessionCredential;

use super::e24::ended;
use super::oauth::FORM;
use crate::form;
use crate::history::client_step::{
    ClientStep, Ended, Seen, SentCredential, Transport, each, on, text,
};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{KnownSession, KnownUser, Object, Projection};

const SIGN_IN: &str = "/account/sign-in";
const PAGE: &str = "/account/sessions";
const SESSIONS: &str = "/rollcall/v1/users/self/sessions";

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn page_sign_in(&mut self) {
        let asked = ("GET", SIGN_IN);
        let shown = self.send("pages-show-sign-in", &SentCredential::None, asked, &[], None).await;
        match self.ended(&shown) {
            Ended::With(200) => self.note(shown, vec![]),
            end => return self.note_end(shown, &end),
        }
        let KnownUser { username, password, .. } = self.shared_user();
        let fields = form(&[("username", &username), ("password", &password)]);
        let (operation, nobody) = ("pages-sign-in", SentCredential::None);
        let seen = self.send(operation, &nobody, ("POST", SIGN_IN), &[FORM], Some(fields)).await;
        let object = Object::Password(username.clone());
        let right = Condition::All(vec![is("password", password), not(has("disabled"))]);
        match self.ended(&seen) {
            Ended::With(303) => {
                let Some(session) = began(&username, &seen) else { return self.note_wrong(seen) };
                let begun = Event::changed(Condition::Always, [set("works", "yes")]);
                let begun = on(session.object(), begun);
                self.shared.known().sessions.push(session);
                self.note(seen, vec![on(object, Event::seen(right)), begun]);
            }
            Ended::With(403) => self.note(seen, vec![on(object, Event::seen(not(right)))]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn page_sessions(&mut self) {
        let Some(own) = self.session() else { return self.page_sign_in().await };
        let seen = self.send_page("pages-show-sessions", &own, "GET", PAGE).await;
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![own.reported(true)]),
            Ended::With(303) => self.note(seen, vec![own.reported(false)]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn page_sign_out(&mut self) {
        let Some(own) = self.session() else { return self.page_sign_in().await };
        let seen = self.send_page("pages-sign-out", &own, "POST", "/account/sign-out").await;
        // Of a user who is disabled, it is as if it had ended already.
        let out = Event::changed(works(), [unset("works")]).or(Event::seen(not(works())));
        let out = on(own.object(), out);
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![out]),
            Ended::Unknown => self.note_unknown(seen, vec![out]),
            end => self.note_end(seen, &end),
        }
    }

    /// Ends another session from one, or all others.
    pub(super) async fn page_end(&mut self) {
        let Some(own) = self.session() else { return self.page_sign_in().await };
        let other = self.session().filter(|other| other.user == own.user && other.id != own.id);
        let (operation, path, gone) = if let Some(other) = other {
            let gone = on(other.object(), ended("works"));
            ("pages-end-session", format!("{PAGE}/{}/end", other.id), gone)
        } else {
            let gone = all_ended(&own.user, &own.id);
            ("pages-end-other-sessions", format!("{PAGE}/end-others"), gone)
        };
        let seen = self.send_page(operation, &own, "POST", &path).await;
        match self.ended(&seen) {
            Ended::With(303) => self.note(seen, vec![own.reported(true), gone]),
            Ended::With(403) => self.note(seen, vec![own.reported(false)]),
            Ended::Unknown => self.note_unknown(seen, vec![gone]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn session_list(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{SESSIONS}?limit=100");
        let seen = self.send_json("rollcall-list-sessions", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["sessions"].as_array().cloned().unwrap_or_default();
                let listed: HashSet<_> = views.iter().map(|view| text(view, "/id")).collect();
                let sessions = each(move |object, _| match object {
                    Object::Session(owner, id) if *owner == user.username => {
                        let works = has("works");
                        Some(Event::seen(if listed.contains(id) { works } else { not(works) }))
                    }
                    _ => None,
                });
                self.note(seen, vec![sessions]);
            }
            end => self.note_end(seen, &end),
        }
    }

    /// Ends one session of a user, or all.
    pub(super) async fn session_end(&mut self) {
        let Some(session) = self.session() else { return self.session_list().await };
        let user = self.shared.known().user(&session.user).cloned();
        let Some(user) = user else { return self.session_list().await };
        let credential = self.token_or_password(&user);
        if self.rng.u8(..3) == 0 {
            let operation = "rollcall-end-sessions";
            let seen = self.send_json(operation, &credential, "DELETE", SESSIONS, None).await;
            let gone = all_ended(&session.user, "");
            return match self.ended(&seen) {
                Ended::With(204) => self.note(seen, vec![gone]),
                Ended::Unknown => self.note_unknown(seen, vec![gone]),
                end => self.note_end(seen, &end),
            };
        }
        let path = format!("{SESSIONS}/{}", session.id);
        let seen = self.send_json("rollcall-end-session", &credential, "DELETE", &path, None).await;
        let gone = on(session.object(), Event::changed(has("works"), [unset("works")]));
        match self.ended(&seen) {
            Ended::With(204) => self.note(seen, vec![gone]),
            Ended::With(404) => {
                self.note(seen, vec![on(session.object(), Event::seen(not(has("works"))))]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![gone]),
            end => self.note_end(seen, &end),
        }
    }

    /// A session that may work.
    fn session(&mut self) -> Option<KnownSession> {
        let sessions = self.shared.known().sessions.clone();
        self.one_of(&sessions)
    }

    /// Sends what a browser sends from a page: a GET, or the page's form.
    async fn send_page(
        &mut self,
        operation: &'static str,
        session: &KnownSession,
        method: &str,
        path: &str,
    ) -> Seen {
        let token = session.credential().form_token(path);
        let body = (method == "POST").then(|| form(&[("form_token", &token)]));
        let headers = [FORM, ("cookie", &session.cookie)];
        self.send(operation, &SentCredential::None, (method, path), &headers, body).await
    }
}

impl KnownSession {
    /// The session that a browser got by its cookie.
    fn new(user: &str, cookie: &str) -> Option<Self> {
        let credential: SessionCredential = cookie.split_once('=')?.1.parse().ok()?;
        let (user, id) = (user.to_owned(), credential.id().to_string());
        Some(Self { user, id, cookie: cookie.to_owned() })
    }

    fn object(&self) -> Object {
        Object::Session(self.user.clone(), self.id.clone())
    }

    /// What a response says that takes it, or does not.
    fn reported(&self, is_taken: bool) -> Projection {
        on(self.object(), Event::seen(if is_taken { works() } else { not(works()) }))
    }

    fn credential(&self) -> SessionCredential {
        let (_, session) = self.cookie.split_once('=').expect("a cookie");
        session.parse().expect("a session")
    }
}

fn works() -> Condition {
    Condition::All(vec![has("works"), not(has("disabled"))])
}

fn began(user: &str, seen: &Seen) -> Option<KnownSession> {
    KnownSession::new(user, seen.header("set-cookie")?.split(';').next()?)
}

/// All sessions of a user have ended but this one.
fn all_ended(user: &str, but: &str) -> Projection {
    let (user, but) = (user.to_owned(), but.to_owned());
    each(move |object, _| match object {
        Object::Session(owner, id) if *owner == user && *id != but => Some(ended("works")),
        _ => None,
    })
}
