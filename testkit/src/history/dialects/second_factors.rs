//! Second factors and passkeys: users of their own turn them on and off, and sign in with a code, a
//! recovery code, a passkey, and the password alone.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::oauth::FORM;
use super::pages::{SIGN_IN, began, is_right};
use super::rollcall_users::SELF;
use crate::fixtures::{hidden_field, shown_secret};
use crate::history::client_step::{
    ClientStep, Ended, Seen, SentCredential, Transport, each, on, text,
};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{
    GuardedUser, KnownChallenge, KnownFactor, KnownSession, Object, Projection,
};
use crate::totp::{code_of_step, present_step};
use crate::{Authenticator, form};

const PAGE: &str = "/account/second-factor";
const REGISTRATION: &str = "/account/webauthn/registration";
const PASSKEY_SIGN_IN: &str = "/account/webauthn/sign-in";

/// Passkeys that a user is given: fewer than it may have.
const MAX_DEVICES: usize = 6;

/// A code that somebody enters.
struct Code {
    user: String,
    /// The secret of the app that it belongs to.
    secret: String,
    text: String,
    /// The step that it is the code of; none of a recovery code.
    step: Option<u64>,
}

impl Code {
    fn object(&self) -> Object {
        Object::Factor(self.user.clone(), self.secret.clone())
    }

    /// That it counts: neither it nor a later one was used. A code is of a step beside the present
    /// one, so that no step counts that is further away.
    fn counts(&self) -> Condition {
        let unused = match self.step {
            Some(step) => (step..step + 4).map(|step| not(has(fact_of_step(step)))).collect(),
            None => vec![has(fact_of(&self.text))],
        };
        Condition::All([vec![has("on")], unused].concat())
    }

    /// What it means that it was taken, with what it allowed.
    fn taken(&self, then: impl IntoIterator<Item = (String, Option<String>)>) -> Projection {
        let used = match self.step {
            Some(step) => set(fact_of_step(step), "used"),
            None => unset(fact_of(&self.text)),
        };
        on(self.object(), Event::changed(self.counts(), std::iter::once(used).chain(then)))
    }

    /// What it says that it was not taken. The code of an app may have come too late.
    fn refused(&self) -> Vec<Projection> {
        match self.step {
            Some(_) => Vec::new(),
            None => vec![on(self.object(), Event::seen(not(self.counts())))],
        }
    }

    /// The app is the user's second factor.
    fn is_on(&self) -> Projection {
        self.of_password(Event::seen(is("factor", &self.secret)))
    }

    /// It turned the second factor off.
    fn turned_off(&self) -> Vec<Projection> {
        let off = Event::changed(is("factor", &self.secret), [unset("factor")]);
        vec![self.taken([unset("on")]), self.of_password(off)]
    }

    fn of_password(&self, event: Event) -> Projection {
        on(Object::Password(self.user.clone()), event)
    }

    /// New recovery codes in place of all others; none if nobody has seen them.
    fn renewed(&self, new: Vec<String>) -> Projection {
        let (user, secret, counts) = (self.user.clone(), self.secret.clone(), self.counts());
        let step = self.step.map(|step| set(fact_of_step(step), "used"));
        let own = self.object();
        each(move |object, known| {
            if *object != own {
                return None;
            }
            let user = known.guarded.iter().find(|own| own.username == user)?;
            let factor = user.factors.iter().find(|own| own.secret == secret)?;
            let old = factor.codes.iter().filter(|code| !new.contains(code));
            let old = old.map(|code| unset(fact_of(code)));
            let new = new.iter().map(|code| set(fact_of(code), "left"));
            Some(Event::changed(counts.clone(), old.chain(new).chain(step.clone())))
        })
    }
}

fn fact_of_step(step: u64) -> String {
    format!("step:{step}")
}

/// The fact that a recovery code was not used.
pub(in crate::history) fn fact_of(code: &str) -> String {
    format!("code:{code}")
}

impl KnownFactor {
    fn new(secret: String, entered: u64, codes: Vec<String>) -> Self {
        Self { secret, left: codes.clone(), codes, entered }
    }

    /// It was turned on.
    fn turned_on(&self, user: &str) -> Vec<Projection> {
        let codes = self.codes.iter().map(|code| set(fact_of(code), "left"));
        let facts = [set("on", "yes"), set(fact_of_step(self.entered), "used")];
        let object = Object::Factor(user.to_owned(), self.secret.clone());
        let on_from_now = Event::changed(not(has("factor")), [set("factor", &self.secret)]);
        vec![
            on(object, Event::changed(Condition::Always, facts.into_iter().chain(codes))),
            on(Object::Password(user.to_owned()), on_from_now),
        ]
    }
}

impl<W: Transport> ClientStep<'_, W> {
    /// One of the users whose second factor is turned on and off.
    fn guarded_user(&mut self) -> GuardedUser {
        let users = self.shared.known().guarded.clone();
        self.one_of(&users).unwrap_or_else(|| unreachable!("they are made before the run"))
    }

    /// A session of a user that works: users have fifty, and the newest ones stay.
    async fn guarded_session(&mut self, user: &GuardedUser) -> Option<KnownSession> {
        let newest = user.sessions[user.sessions.len().saturating_sub(4)..].to_vec();
        match self.one_of(&newest) {
            Some(session) => Some(session),
            None => self.sign_in_guarded(user).await,
        }
    }

    /// A code of the app that was set up last, now and then of an earlier one, since nobody may know
    /// which is on, and now and then one that was entered before.
    fn code(&mut self, user: &str) -> Option<Code> {
        let (is_of_app, enters_again) = (self.rng.bool(), self.rng.u8(..6) == 0);
        let shared = self.shared;
        let mut known = shared.known();
        let factors = &mut known.guarded(user)?.factors;
        let last = factors.len().checked_sub(1)?;
        let place = if self.rng.u8(..4) == 0 { self.rng.usize(..=last) } else { last };
        let factor = factors.get_mut(place)?;
        let (user, secret) = (user.to_owned(), factor.secret.clone());
        let present = present_step();
        let next = present.saturating_sub(1).max(factor.entered + 1);
        if is_of_app && (enters_again || next <= present + 1) {
            let step = if enters_again { factor.entered } else { next };
            factor.entered = factor.entered.max(step);
            let text = code_of_step(&secret, step);
            return Some(Code { user, secret, text, step: Some(step) });
        }
        // Another client may enter the same one at once.
        let stays = self.rng.u8(..3) == 0;
        let text = if let Some(code) = factor.left.last().cloned().filter(|_| !enters_again) {
            if !stays {
                factor.left.pop();
            }
            Some(code)
        } else {
            let codes = factor.codes.clone();
            drop(known);
            self.one_of(&codes)
        };
        text.map(|text| Code { user, secret, text, step: None })
    }

    fn keep_session(&self, user: &str, session: &KnownSession) {
        if let Some(user) = self.shared.known().guarded(user) {
            user.sessions.push(session.clone());
        }
    }

    pub(super) async fn factor_sign_in(&mut self) {
        let user = self.guarded_user();
        self.sign_in_guarded(&user).await;
    }

    /// Signs in, with a code if one is asked for.
    async fn sign_in_guarded(&mut self, user: &GuardedUser) -> Option<KnownSession> {
        let GuardedUser { username, password, .. } = user;
        let fields = [("username", username.as_str()), ("password", password.as_str())];
        let seen = self.post_guarded("pages-sign-in", SIGN_IN, &fields).await;
        let right = is_right(password);
        let of_password =
            |seen| on(Object::Password(username.clone()), Event::seen(Condition::All(seen)));
        match self.ended(&seen) {
            Ended::With(303) => {
                let alone = of_password(vec![right, not(has("factor"))]);
                self.note_session(seen, username, vec![alone])
            }
            Ended::With(200) => {
                let begun = seen.body().as_str().map(|page| hidden_field(page, "begun"));
                self.note(seen, vec![of_password(vec![right, has("factor")])]);
                let code = self.code(username)?;
                self.enter_code(&begun?, &code).await
            }
            Ended::With(403) => {
                self.note(seen, vec![of_password(vec![not(right)])]);
                None
            }
            end => {
                self.note_end(seen, &end);
                None
            }
        }
    }

    async fn enter_code(&mut self, begun: &str, code: &Code) -> Option<KnownSession> {
        let fields = [("begun", begun), ("code", code.text.as_str())];
        let path = "/account/sign-in/code";
        let seen = self.post_guarded("pages-complete-sign-in", path, &fields).await;
        match self.ended(&seen) {
            Ended::With(303) => {
                self.note_session(seen, &code.user, vec![code.taken([]), code.is_on()])
            }
            Ended::With(403) => {
                self.note(seen, code.refused());
                None
            }
            Ended::Unknown => {
                self.note_unknown(seen, vec![code.taken([])]);
                None
            }
            end => {
                self.note_end(seen, &end);
                None
            }
        }
    }

    /// Sends a form without a session.
    async fn post_guarded(
        &mut self,
        operation: &'static str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Seen {
        let nobody = SentCredential::None;
        self.send(operation, &nobody, ("POST", path), &[FORM], Some(form(fields))).await
    }

    /// Notes what led to a session, and keeps it.
    fn note_session(
        &self,
        seen: Seen,
        user: &str,
        reported: Vec<Projection>,
    ) -> Option<KnownSession> {
        let Some(session) = began(user, &seen) else {
            self.note_wrong(seen);
            return None;
        };
        self.keep_session(user, &session);
        self.note(seen, reported);
        Some(session)
    }

    /// Sets a second factor up, and turns it on.
    pub(super) async fn factor_on(&mut self) {
        let user = self.guarded_user();
        let Some(session) = self.guarded_session(&user).await else { return };
        let path = format!("{PAGE}/setup");
        let operation = "pages-set-up-second-factor";
        let page = self.send_page(operation, &session, ("POST", &path), &[]).await;
        let of_password =
            |seen| vec![on(Object::Password(user.username.clone()), Event::seen(seen))];
        let shown = match self.ended(&page) {
            Ended::With(200) => page.body().as_str().map(str::to_owned).unwrap_or_default(),
            Ended::With(409) => return self.note(page, of_password(has("factor"))),
            end => return self.note_end(page, &end),
        };
        self.note(page, of_password(not(has("factor"))));
        let (setup, secret, step) =
            (hidden_field(&shown, "setup"), shown_secret(&shown), present_step());
        let code = code_of_step(&secret, step);
        let fields = [("setup", setup.as_str()), ("code", code.as_str())];
        let operation = "pages-turn-on-second-factor";
        let seen = self.send_page(operation, &session, ("POST", PAGE), &fields).await;
        let factor = |codes| KnownFactor::new(secret, step, codes);
        match self.ended(&seen) {
            Ended::With(200) => {
                let factor = factor(shown_codes(&seen));
                let reported = factor.turned_on(&user.username);
                self.know_factor(&user.username, factor);
                self.note(seen, reported);
            }
            Ended::With(409) => self.note(seen, of_password(has("factor"))),
            // The code may have come too late, or another one been on and off meanwhile.
            Ended::With(403 | 410) => self.note(seen, vec![]),
            Ended::Unknown => {
                let factor = factor(Vec::new());
                let reported = factor.turned_on(&user.username);
                self.know_factor(&user.username, factor);
                self.note_unknown(seen, reported);
            }
            end => self.note_end(seen, &end),
        }
    }

    fn know_factor(&self, user: &str, factor: KnownFactor) {
        if let Some(user) = self.shared.known().guarded(user) {
            user.factors.push(factor);
        }
    }

    pub(super) async fn factor_renew(&mut self) {
        let operation = "pages-renew-recovery-codes";
        let Some((seen, code)) = self.enter_on_page(operation, "recovery-codes").await else {
            return;
        };
        match self.ended(&seen) {
            Ended::With(200) => {
                let new = shown_codes(&seen);
                if let Some(user) = self.shared.known().guarded(&code.user)
                    && let Some(factor) =
                        user.factors.iter_mut().find(|own| own.secret == code.secret)
                {
                    factor.codes.extend(new.clone());
                    factor.left.clone_from(&new);
                }
                self.note(seen, vec![code.renewed(new), code.is_on()]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![code.renewed(Vec::new())]),
            end => self.note_refused(seen, &end, &code),
        }
    }

    /// Turns the second factor off, on the page or by the API.
    pub(super) async fn factor_off(&mut self) {
        let (page, api) = ("pages-turn-off-second-factor", "rollcall-remove-second-factor");
        let (operation, ()) = self.rarer([(page, ()), (api, ())]);
        let sent = if operation == page {
            self.enter_on_page(page, "off").await
        } else {
            self.remove_factor().await
        };
        let Some((seen, code)) = sent else { return };
        match self.ended(&seen) {
            Ended::With(204 | 303) => self.note(seen, code.turned_off()),
            Ended::Unknown => self.note_unknown(seen, code.turned_off()),
            end => self.note_refused(seen, &end, &code),
        }
    }

    /// Sends a code by a form of the second factor's page.
    async fn enter_on_page(
        &mut self,
        operation: &'static str,
        below: &str,
    ) -> Option<(Seen, Code)> {
        let user = self.guarded_user();
        let session = self.guarded_session(&user).await?;
        let (code, path) = (self.code(&user.username)?, format!("{PAGE}/{below}"));
        let fields = [("code", code.text.as_str())];
        let seen = self.send_page(operation, &session, ("POST", &path), &fields).await;
        Some((seen, code))
    }

    async fn remove_factor(&mut self) -> Option<(Seen, Code)> {
        let user = self.guarded_user();
        let code = self.code(&user.username)?;
        let (path, body) =
            (format!("{SELF}/second-factors/totp"), json!({ "code": code.text.as_str() }));
        let operation = "rollcall-remove-second-factor";
        let credential = SentCredential::Token(user.username, user.token);
        let seen = self.send_json(operation, &credential, "DELETE", &path, Some(&body)).await;
        Some((seen, code))
    }

    /// Notes that a code was not taken.
    fn note_refused(&self, seen: Seen, end: &Ended, code: &Code) {
        match end {
            Ended::With(403) => self.note(seen, code.refused()),
            Ended::With(404 | 409) => {
                self.note(seen, vec![code.of_password(Event::seen(not(has("factor"))))]);
            }
            end => self.note_end(seen, end),
        }
    }

    /// Reads or writes by the password alone.
    pub(super) async fn factor_basic(&mut self) {
        let GuardedUser { username, password, .. } = self.guarded_user();
        let (user, name) = (username.clone(), username);
        let alone = SentCredential::Basic { user, name, password };
        let seen = if self.rng.bool() {
            self.send_json("rollcall-get-user", &alone, "GET", SELF, None).await
        } else {
            let body = json!({ "name": self.label });
            self.send_json("rollcall-update-user", &alone, "PATCH", SELF, Some(&body)).await
        };
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![]),
            end => self.note_end(seen, &end),
        }
    }

    /// Lists second factors by a token, now and then in place of the password.
    pub(super) async fn factor_list(&mut self) {
        let GuardedUser { username, token, .. } = self.guarded_user();
        let user = username.clone();
        let credential = if self.rng.bool() {
            SentCredential::Token(user, token)
        } else {
            SentCredential::TokenInBasic(user, token)
        };
        let path = format!("{SELF}/second-factors?limit=100");
        let operation = "rollcall-list-second-factors";
        let seen = self.send_json(operation, &credential, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => {
                let reported = listed(&username, seen.body());
                self.note(seen, vec![reported]);
            }
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn passkey_add(&mut self) {
        let user = self.guarded_user();
        if user.devices.len() >= MAX_DEVICES {
            return self.passkey_sign_in().await;
        }
        let Some(session) = self.guarded_session(&user).await else { return };
        let path = format!("{REGISTRATION}/challenge");
        let operation = "passkeys-ask-for-registration";
        let asked = self.send_page(operation, &session, ("POST", &path), &[]).await;
        let (id, options) = asked_of(&asked);
        match self.ended(&asked) {
            Ended::With(200) => self.note(asked, vec![]),
            end => return self.note_end(asked, &end),
        }
        let mut device = Authenticator::new(&self.transport.origin());
        let (answer, name) = (device.register(&options).to_string(), self.label.clone());
        let fields = [("challenge", &*id), ("credential", &*answer), ("name", &*name)];
        let operation = "passkeys-register";
        let seen = self.send_page(operation, &session, ("POST", REGISTRATION), &fields).await;
        let there = Event::changed(Condition::Always, [set("there", "yes")]);
        let added = vec![on(passkey(&user.username, &device), there)];
        let end = self.ended(&seen);
        if matches!(end, Ended::With(200) | Ended::Unknown)
            && let Some(own) = self.shared.known().guarded(&user.username)
        {
            own.devices.push(Arc::new(device));
        }
        match end {
            Ended::With(200) => self.note(seen, added),
            Ended::Unknown => self.note_unknown(seen, added),
            end => self.note_end(seen, &end),
        }
    }

    /// Signs in with a passkey, by a challenge that another client may use at the same time.
    pub(super) async fn passkey_sign_in(&mut self) {
        let user = self.guarded_user();
        let Some(device) = self.one_of(&user.devices) else { return self.factor_sign_in().await };
        if self.rng.u8(..4) > 0 {
            self.ask_for_sign_in().await;
        }
        let asked = self.shared.known().challenges.clone();
        let newest = asked[asked.len().saturating_sub(3)..].to_vec();
        let Some(KnownChallenge { id, options }) = self.one_of(&newest) else { return };
        let answer = device.sign(&options).to_string();
        let fields = [("challenge", id.as_str()), ("credential", answer.as_str())];
        let seen = self.post_guarded("passkeys-sign-in", PASSKEY_SIGN_IN, &fields).await;
        let spent = on(Object::Challenge(id), Event::changed(has("open"), [unset("open")]));
        let there = on(passkey(&user.username, &device), Event::seen(has("there")));
        match self.ended(&seen) {
            Ended::With(200) => {
                self.note_session(seen, &user.username, vec![spent, there]);
            }
            Ended::Unknown => self.note_unknown(seen, vec![spent]),
            end => self.note_end(seen, &end),
        }
    }

    async fn ask_for_sign_in(&mut self) {
        let path = format!("{PASSKEY_SIGN_IN}/challenge");
        let asked = self.post_guarded("passkeys-ask-for-sign-in", &path, &[]).await;
        let (id, options) = asked_of(&asked);
        match self.ended(&asked) {
            Ended::With(200) => {
                let open = Event::changed(Condition::Always, [set("open", "yes")]);
                self.note(asked, vec![on(Object::Challenge(id.clone()), open)]);
                self.shared.known().challenges.push(KnownChallenge { id, options });
            }
            end => self.note_end(asked, &end),
        }
    }

    pub(super) async fn passkey_remove(&mut self) {
        let user = self.guarded_user();
        let Some(device) = self.one_of(&user.devices) else { return self.factor_list().await };
        let path = format!("{SELF}/second-factors/{}", device.passkey_id());
        let object = passkey(&user.username, &device);
        let credential = SentCredential::Token(user.username, user.token);
        let operation = "rollcall-remove-second-factor";
        let seen = self.send_json(operation, &credential, "DELETE", &path, None).await;
        let gone = on(object.clone(), Event::changed(has("there"), [unset("there")]));
        match self.ended(&seen) {
            Ended::With(204) => self.note(seen, vec![gone]),
            Ended::With(404) => self.note(seen, vec![on(object, Event::seen(not(has("there"))))]),
            Ended::Unknown => self.note_unknown(seen, vec![gone]),
            end => self.note_end(seen, &end),
        }
    }
}

fn passkey(user: &str, device: &Authenticator) -> Object {
    Object::Passkey(user.to_owned(), device.passkey_id().to_string())
}

/// The name of a challenge, and what a device is asked.
fn asked_of(seen: &Seen) -> (String, Value) {
    (seen.text("/challenge"), seen.body()["publicKey"].clone())
}

/// The recovery codes on the page that shows them.
fn shown_codes(seen: &Seen) -> Vec<String> {
    let page = seen.body().as_str().unwrap_or_default();
    let code = page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
    code.unwrap_or_default().lines().map(str::to_owned).collect()
}

/// What the list of all second factors of a user says of each.
fn listed(user: &str, body: &Value) -> Projection {
    let views = body["secondFactors"].as_array().cloned().unwrap_or_default();
    let ids: HashSet<_> = views.iter().map(|view| text(view, "/id")).collect();
    let user = user.to_owned();
    each(move |object, _| {
        let (fact, is_there) = match object {
            Object::Password(own) if *own == user => ("factor", ids.contains("totp")),
            Object::Passkey(own, id) if *own == user => ("there", ids.contains(id)),
            _ => return None,
        };
        Some(Event::seen(if is_there { has(fact) } else { not(has(fact)) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::by_hand::{lost, returned, violations, violations_given};
    use crate::history::shared_state::{Known, KnownToken};

    fn factor() -> KnownFactor {
        KnownFactor::new("S".to_owned(), 5, vec!["aaaa".to_owned(), "bbbb".to_owned()])
    }

    fn code(step: Option<u64>, text: &str) -> Code {
        let (user, secret) = ("jane".to_owned(), "S".to_owned());
        Code { user, secret, text: text.to_owned(), step }
    }

    fn recovery(text: &str) -> Code {
        code(None, text)
    }

    fn of_step(step: u64) -> Code {
        code(Some(step), "")
    }

    #[test]
    fn a_code_that_counts_twice_is_found() {
        let history = |first: &Code, second: &Code| {
            violations(vec![
                returned(1, 2, factor().turned_on("jane")),
                returned(3, 6, [first.taken([]), first.is_on()]),
                returned(4, 5, [second.taken([])]),
            ])
        };

        assert_eq!(history(&recovery("aaaa"), &recovery("aaaa")), 1);
        assert_eq!(history(&recovery("aaaa"), &recovery("bbbb")), 0);
        assert_eq!(history(&of_step(6), &of_step(6)), 1);
        assert_eq!(history(&of_step(6), &of_step(7)), 0);
        // That of the step that turned it on.
        assert_eq!(history(&of_step(5), &of_step(6)), 1);
    }

    #[test]
    fn a_code_that_counts_after_that_of_a_later_step_is_found() {
        let history = |first, second| {
            violations(vec![
                returned(1, 2, factor().turned_on("jane")),
                returned(3, 4, [of_step(first).taken([])]),
                returned(5, 6, [of_step(second).taken([])]),
            ])
        };

        assert_eq!((history(6, 7), history(7, 6)), (0, 1));
    }

    #[test]
    fn a_recovery_code_that_is_refused_without_having_been_used_is_found() {
        let refused = || returned(7, 8, recovery("aaaa").refused());
        let on = || returned(1, 2, factor().turned_on("jane"));

        assert_eq!(violations(vec![on(), refused()]), 1);
        // Nobody knows whether it was.
        assert_eq!(violations(vec![on(), lost(3, [recovery("aaaa").taken([])]), refused()]), 0);
        let off = returned(3, 4, recovery("bbbb").turned_off());
        assert_eq!(violations(vec![on(), off, refused()]), 0);
    }

    #[test]
    fn a_password_that_is_enough_while_a_second_factor_is_on_is_found() {
        let alone = || on(Object::Password("jane".to_owned()), Event::seen(not(has("factor"))));
        let history = |at: (u64, u64)| {
            violations(vec![
                returned(1, 4, factor().turned_on("jane")),
                returned(at.0, at.1, [alone()]),
                returned(7, 8, recovery("aaaa").turned_off()),
            ])
        };

        assert_eq!(history((5, 6)), 1);
        assert_eq!((history((2, 3)), history((6, 9)), history((9, 10))), (0, 0, 0));
    }

    #[test]
    fn a_recovery_code_that_counts_after_new_ones_were_made_is_found() {
        let history = |used: &str| {
            let mut own = factor();
            own.codes.push("cccc".to_owned());
            let token = KnownToken { id: String::new(), secret: String::new(), only_reads: false };
            let guarded = vec![GuardedUser {
                username: "jane".to_owned(),
                id: String::new(),
                password: String::new(),
                token,
                sessions: Vec::new(),
                factors: vec![own],
                devices: Vec::new(),
            }];
            let log = vec![
                returned(1, 2, factor().turned_on("jane")),
                returned(3, 4, [recovery("aaaa").renewed(vec!["cccc".to_owned()])]),
                returned(5, 6, [recovery(used).taken([])]),
            ];
            violations_given(Known { guarded, ..Known::default() }, log)
        };

        assert_eq!((history("cccc"), history("bbbb"), history("aaaa")), (0, 1, 1));
    }
}
