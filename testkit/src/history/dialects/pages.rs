//! Browsers: users sign in on the pages, and end sessions there and by rollcall's own API.

use std::collections::HashSet;

use shared::model::SessionCredential;

use super::e24::{Keys, ended, password_ended};
use super::oauth::FORM;
use crate::form;
use crate::history::client_step::{
    ClientStep, Ended, Seen, SentCredential, Transport, each, on, text,
};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{Known, KnownSession, KnownUser, Object, Projection};

pub(super) const SIGN_IN: &str = "/account/sign-in";
const SIGN_OUT: &str = "/account/sign-out";
const PASSWORD: &str = "/account/password";
const CONFIRM: &str = "/account/confirm";
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
        let right = is_right(&password);
        match self.ended(&seen) {
            Ended::With(303) => {
                let Some(session) = began(&username, &seen) else { return self.note_wrong(seen) };
                let begun = session.begun();
                self.shared.known().sessions.push(session);
                self.note(seen, vec![on(object, Event::seen(right)), begun]);
            }
            Ended::With(403) => self.note(seen, vec![on(object, Event::seen(not(right)))]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn page_sessions(&mut self) {
        let Some(own) = self.session() else { return self.page_sign_in().await };
        self.show_sessions(&own).await;
    }

    async fn show_sessions(&mut self, own: &KnownSession) {
        let seen = self.send_page("pages-show-sessions", own, ("GET", PAGE), &[]).await;
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![own.reported(true)]),
            Ended::With(303) => self.note(seen, vec![own.reported(false)]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn page_sign_out(&mut self) {
        let Some(own) = self.session() else { return self.page_sign_in().await };
        let seen = self.send_page("pages-sign-out", &own, ("POST", SIGN_OUT), &[]).await;
        // Of a user who is disabled, and of a cookie of before, it is as if it had ended already.
        let works = own.works();
        let out = Event::changed(works.clone(), [unset("works")]).or(Event::seen(not(works)));
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
        let seen = self.send_page(operation, &own, ("POST", &path), &[]).await;
        match self.ended(&seen) {
            Ended::With(303) => self.note(seen, vec![own.reported(true), gone]),
            Ended::With(403) => self.note(seen, vec![own.reported(false)]),
            Ended::Unknown => self.note_unknown(seen, vec![gone]),
            end => self.note_end(seen, &end),
        }
    }

    /// Another password, which ends all other sessions. This one goes on with another cookie.
    pub(super) async fn page_password(&mut self) {
        let Some((own, current)) = self.session_and_password() else {
            return self.page_sign_in().await;
        };
        let password = format!("{} is secret", self.label);
        let keys = if self.rng.u8(..4) > 0 { Keys::Stay } else { Keys::End };
        let mut fields =
            vec![("currentPassword", current.as_str()), ("password", password.as_str())];
        if keys == Keys::End {
            fields.push(("revokeKeys", "true"));
        }
        let request = ("POST", PASSWORD);
        let seen = self.send_page("pages-change-password", &own, request, &fields).await;
        let is_done = seen.status() == 303;
        if is_done {
            self.know_password(&own.user, password.clone(), "", keys);
        }
        if is_done || matches!(seen.status(), 0 | 503) {
            let known = if is_done { seen.returned } else { u64::MAX };
            self.shared.known().kept_sessions.push((own.id.clone(), seen.invoked, known));
        }
        let changed = Event::changed(is("password", &current), [set("password", &password)]);
        let changed = vec![
            on(Object::Password(own.user.clone()), changed),
            password_ended(&own.user, &own.id, keys),
        ];
        self.note_renewal(seen, &own, &current, changed).await;
    }

    /// The password once more: the session goes on with another cookie.
    pub(super) async fn page_confirm(&mut self) {
        let Some((own, password)) = self.session_and_password() else {
            return self.page_sign_in().await;
        };
        let fields = [("password", password.as_str())];
        let seen = self.send_page("pages-confirm", &own, ("POST", CONFIRM), &fields).await;
        let right = on(Object::Password(own.user.clone()), Event::seen(is_right(&password)));
        // By a cookie that works no more it signs in, and ends what the session has become.
        let replaced = Event::changed(not(own.works()), [unset("works")]);
        let next = began(&own.user, &seen).filter(|next| seen.status() == 303 && next.id != own.id);
        if let Some(next) = next {
            let done = vec![right, on(own.object(), replaced), next.begun()];
            self.shared.known().sessions.push(next);
            return self.note(seen, done);
        }
        if matches!(self.ended(&seen), Ended::Unknown) {
            let cookie = format!("renewed by {}", self.label);
            let renewed = Event::changed(own.works(), [set("works", &cookie)]).or(replaced);
            self.note_unknown(seen, vec![right, on(own.object(), renewed)]);
            return self.show_sessions(&own).await;
        }
        self.note_renewal(seen, &own, &password, vec![right]).await;
    }

    /// Notes what takes a password in a session and gives it another cookie. Whoever has a copy of
    /// the cookie of before tries it then.
    async fn note_renewal(
        &mut self,
        seen: Seen,
        own: &KnownSession,
        password: &str,
        mut done: Vec<Projection>,
    ) {
        match self.ended(&seen) {
            Ended::With(303) => {
                let next = began(&own.user, &seen).filter(|next| next.id == own.id);
                let Some(next) = next else { return self.note_wrong(seen) };
                done.push(own.renewed(&next.cookie));
                self.shared.known().sessions.push(next);
                self.note(seen, done);
            }
            // The page to sign in, or the same page again.
            Ended::With(403) if asks_to_sign_in(&seen) => {
                return self.note(seen, vec![own.reported(false)]);
            }
            Ended::With(403) => {
                let wrong = Event::seen(not(is_right(password)));
                let wrong = on(Object::Password(own.user.clone()), wrong);
                return self.note(seen, vec![own.reported(true), wrong]);
            }
            Ended::Unknown => {
                // Nobody knows the cookie.
                done.push(own.renewed(&format!("renewed by {}", self.label)));
                self.note_unknown(seen, done);
            }
            end => return self.note_end(seen, &end),
        }
        self.show_sessions(own).await;
    }

    pub(super) async fn session_list(&mut self) {
        let user = self.any_user();
        let credential = self.token_or_password(&user);
        let path = format!("{SESSIONS}?limit=100");
        let seen = self.send_json("rollcall-list-sessions", &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let views = seen.body()["sessions"].as_array().cloned().unwrap_or_default();
                let ids = views.iter().map(|view| text(view, "/id")).collect();
                let listed = listed(user.username, ids, (seen.invoked, seen.returned));
                self.note(seen, vec![listed]);
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
                let times = (seen.invoked, seen.returned);
                let absent = each(move |object, known| {
                    (*object == session.object()).then(|| missed(&session.id, known, times))?
                });
                self.note(seen, vec![absent]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![gone]),
            end => self.note_end(seen, &end),
        }
    }

    /// One of the newest sessions, now and then an older one. It may have ended, or its cookie.
    fn session(&mut self) -> Option<KnownSession> {
        let all = self.shared.known().sessions.clone();
        let newest = &all[all.len().saturating_sub(6)..];
        let among = if self.rng.u8(..4) == 0 { &all[..] } else { newest };
        self.one_of(among)
    }

    /// A session, and the password that its user is believed to have.
    fn session_and_password(&mut self) -> Option<(KnownSession, String)> {
        let own = self.session()?;
        let password = self.shared.known().user(&own.user)?.password.clone();
        Some((own, password))
    }

    /// Sends what a browser sends from a page: a GET, or the page's form with these fields.
    pub(super) async fn send_page(
        &mut self,
        operation: &'static str,
        session: &KnownSession,
        (method, path): (&str, &str),
        fields: &[(&str, &str)],
    ) -> Seen {
        let token = session.credential().form_token(path);
        let fields = [&[("form_token", token.as_str())][..], fields].concat();
        let body = (method == "POST").then(|| form(&fields));
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

    /// It works, by this cookie.
    fn works(&self) -> Condition {
        Condition::All(vec![is("works", &self.cookie), not(has("disabled"))])
    }

    fn begun(&self) -> Projection {
        on(self.object(), Event::changed(Condition::Always, [set("works", &self.cookie)]))
    }

    /// It goes on with this cookie, and no other works any more.
    fn renewed(&self, cookie: &str) -> Projection {
        on(self.object(), Event::changed(self.works(), [set("works", cookie)]))
    }

    /// What a response says that takes it, or does not.
    fn reported(&self, is_taken: bool) -> Projection {
        let works = self.works();
        on(self.object(), Event::seen(if is_taken { works } else { not(works) }))
    }

    pub(in crate::history) fn credential(&self) -> SessionCredential {
        let (_, session) = self.cookie.split_once('=').expect("a cookie");
        session.parse().expect("a session")
    }
}

/// The password of a user is this one, and the user may sign in.
pub(super) fn is_right(password: &str) -> Condition {
    Condition::All(vec![is("password", password), not(has("disabled"))])
}

/// Whether a page is the one that signs in, which alone asks for a name.
fn asks_to_sign_in(seen: &Seen) -> bool {
    seen.body().as_str().is_some_and(|page| page.contains(r#"name="username""#))
}

pub(super) fn began(user: &str, seen: &Seen) -> Option<KnownSession> {
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

/// What the list of a user's sessions that was read between these times says of each.
fn listed(user: String, ids: HashSet<String>, times: (u64, u64)) -> Projection {
    each(move |object, known| match object {
        Object::Session(owner, id) if *owner == user && ids.contains(id) => {
            Some(Event::seen(has("works")))
        }
        Object::Session(owner, id) if *owner == user => missed(id, known, times),
        _ => None,
    })
}

/// What it says of a session that it was not found between these times.
fn missed(id: &str, known: &Known, (from, by): (u64, u64)) -> Option<Event> {
    (!known.may_be_kept(id, from, by)).then(|| Event::seen(not(has("works"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::by_hand::{lost, returned, violations, violations_given};

    /// A session of Jane's, by this cookie.
    fn session(id: &str, cookie: &str) -> KnownSession {
        KnownSession { user: "jane".to_owned(), id: id.to_owned(), cookie: cookie.to_owned() }
    }

    /// Jane's two sessions, as they begin.
    fn begun() -> [Projection; 2] {
        [session("1", "old").begun(), session("2", "other").begun()]
    }

    #[test]
    fn a_cookie_of_before_a_changed_password_that_works_on_is_found() {
        let [old, new] = ["old", "new"].map(|cookie| session("1", cookie));
        let history = |(invoked, until), is_taken| {
            violations(vec![
                returned(1, 2, begun()),
                returned(3, 6, [old.renewed("new"), password_ended("jane", "1", Keys::Stay)]),
                returned(invoked, until, [old.reported(is_taken)]),
                returned(9, 10, [new.reported(true)]),
            ])
        };

        assert_eq!((history((7, 8), true), history((7, 8), false)), (1, 0));
        // While the password is being changed it works or not.
        assert_eq!((history((4, 5), true), history((4, 5), false)), (0, 0));
    }

    #[test]
    fn a_cookie_works_until_a_change_whose_response_was_lost_and_not_again() {
        let old = session("1", "old");
        let history = |first, second| {
            violations(vec![
                returned(1, 2, begun()),
                lost(3, [old.renewed("nobody knows"), password_ended("jane", "1", Keys::Stay)]),
                returned(4, 5, [old.reported(first)]),
                returned(6, 7, [old.reported(second)]),
            ])
        };

        for (first, second) in [(true, true), (true, false), (false, false)] {
            assert_eq!(history(first, second), 0, "{first} {second}");
        }
        assert_eq!(history(false, true), 1);
    }

    #[test]
    fn another_session_that_works_after_a_changed_password_is_found() {
        let history = |is_taken| {
            violations(vec![
                returned(1, 2, begun()),
                returned(
                    3,
                    4,
                    [session("1", "old").renewed("new"), password_ended("jane", "1", Keys::Stay)],
                ),
                returned(5, 6, [session("2", "other").reported(is_taken)]),
            ])
        };

        assert_eq!((history(true), history(false)), (1, 0));
    }

    #[test]
    fn a_cookie_of_before_the_password_was_entered_again_that_works_on_is_found() {
        let old = session("1", "old");
        let history = |is_taken| {
            violations(vec![
                returned(1, 2, begun()),
                returned(3, 4, [old.renewed("new")]),
                returned(5, 6, [old.reported(is_taken), session("2", "other").reported(true)]),
            ])
        };

        assert_eq!((history(true), history(false)), (1, 0));
    }

    #[test]
    fn a_session_that_works_after_all_others_were_ended_is_found() {
        let history = |but: &str, id, cookie, is_taken| {
            violations(vec![
                returned(1, 2, begun()),
                returned(3, 4, [all_ended("jane", but)]),
                returned(5, 6, [session(id, cookie).reported(is_taken)]),
            ])
        };

        assert_eq!(history("1", "2", "other", true), 1);
        assert_eq!(history("1", "2", "other", false), 0);
        assert_eq!(history("1", "1", "old", true), 0);
        assert_eq!(history("", "1", "old", true), 1);
    }

    #[test]
    fn a_session_of_before_a_reset_that_works_on_is_found() {
        let history = |is_taken| {
            violations(vec![
                returned(1, 2, begun()),
                returned(3, 4, [password_ended("jane", "", Keys::End)]),
                returned(5, 6, [session("3", "new").begun()]),
                returned(7, 8, [session("1", "old").reported(is_taken)]),
                returned(9, 10, [session("3", "new").reported(true)]),
            ])
        };

        assert_eq!((history(true), history(false)), (1, 0));
    }

    #[test]
    fn a_list_without_a_session_that_works_is_found_unless_the_password_was_being_changed_in_it() {
        let history = |kept: &[(u64, u64)], ids: &[&str]| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            let log = vec![
                returned(1, 2, begun()),
                returned(5, 8, [listed("jane".to_owned(), ids, (5, 8))]),
            ];
            let mut known = Known::default();
            known.kept_sessions.extend(kept.iter().map(|(from, by)| ("1".to_owned(), *from, *by)));
            violations_given(known, log)
        };

        assert_eq!((history(&[], &["1", "2"]), history(&[], &["2"])), (0, 1));
        assert_eq!(history(&[(6, 7)], &["2"]), 0);
        assert_eq!(history(&[(3, 4), (9, u64::MAX)], &["2"]), 1);
        assert_eq!(history(&[(6, 7)], &["1"]), 1);
    }
}
