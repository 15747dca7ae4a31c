//! Links by mail: to sign up, to prove an address, and to set a lost password anew. They are asked
//! for and followed by the API or on the pages.

use std::mem::discriminant;

use serde_json::{Value, json};
use shared::model::{EmailAddress, MailToken, NameDigest, UserId};

use super::e24::{Keys, password_ended};
use super::oauth::FORM;
use super::rollcall_users::SELF;
use crate::form;
use crate::history::choice::made_by;
use crate::history::client_step::{ClientStep, Ended, Seen, SentCredential, Transport, each, on};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{
    Done, Known, KnownLink, KnownUser, LinkTarget, Object, Projection,
};

/// An operation of the API, and the page that does the same, which takes the fields as a form.
pub(super) struct Either {
    pub(super) api: (&'static str, String),
    pub(super) page: (&'static str, String),
}

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn request_sign_up(&mut self) {
        let either = Either {
            api: ("rollcall-request-sign-up", "/rollcall/v1/sign-ups".to_owned()),
            page: ("pages-request-sign-up", "/account/sign-up".to_owned()),
        };
        let address = self.free_address();
        self.request(either, &[("email", &address)]).await;
    }

    pub(super) async fn request_reset(&mut self) {
        let either = Either {
            api: ("rollcall-request-password-reset", "/rollcall/v1/password-resets".to_owned()),
            page: ("pages-request-reset", "/account/reset".to_owned()),
        };
        let username = self.any_user().username;
        self.request(either, &[("name", &username)]).await;
    }

    /// Asks for a link, which says nothing of anybody.
    async fn request(&mut self, either: Either, fields: &[(&str, &str)]) {
        let seen = self.post(either, fields).await;
        match self.ended(&seen) {
            Ended::With(200 | 202) => self.note(seen, vec![]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn request_proof(&mut self) {
        let user = self.shared_user();
        let email = if self.rng.bool() { self.own_address(&user.username) } else { self.address() };
        let credential = self.token_or_password(&user);
        let path = format!("{SELF}/emails/{email}/verification");
        let operation = "rollcall-request-email-proof";
        let seen = self.send_json(operation, &credential, "POST", &path, None).await;
        let proved = Condition::All(vec![is("owner", &user.username), has("proved")]);
        let address = Object::Address(email);
        match self.ended(&seen) {
            Ended::With(202) => self.note(seen, vec![on(address, Event::seen(not(proved)))]),
            Ended::With(409) => self.note(seen, vec![on(address, Event::seen(proved))]),
            end => self.note_end(seen, &end),
        }
    }

    /// Follows one of the links of the newest mails, of the kind that was followed least, and now
    /// and then one that was followed before.
    pub(super) async fn follow_link(&mut self) {
        self.read_mails().await;
        let follows_again = self.rng.u8(..4) == 0;
        let links = self.shared.known().links.clone();
        let times = |kind: &LinkTarget| {
            let same = |link: &&KnownLink| discriminant(&link.leads_to) == discriminant(kind);
            links.iter().filter(same).filter(|link| link.is_followed).count()
        };
        let open: Vec<_> = links.iter().filter(|link| follows_again || !link.is_followed).collect();
        let newest = &open[open.len().saturating_sub(8)..];
        let rarest = newest.iter().map(|link| times(&link.leads_to)).min();
        let rare: Vec<_> =
            newest.iter().filter(|link| Some(times(&link.leads_to)) == rarest).collect();
        let link = self.one_of(&rare).map(|link| (**link).clone());
        let Some(link) = link else { return self.hub_list().await };
        if self.rng.u8(..3) == 0 {
            self.open_link(&link).await;
        }
        self.shared.known().follow(&link.token);
        match &link.leads_to {
            LinkTarget::SignUp(address) => self.sign_up(&link.token, address).await,
            LinkTarget::Proof { user, address } => self.prove(&link.token, user, address).await,
            LinkTarget::Reset(user) => self.reset(&link.token, user).await,
        }
    }

    /// A link works from when somebody has read it; what has ended it before is found out.
    async fn read_mails(&self) {
        let invoked = self.shared.tick();
        for token in self.transport.mailed_tokens().await {
            let mut known = self.shared.known();
            let is_known = known.links.iter().any(|link| link.token == token);
            // Others come from another run.
            let Some(leads_to) = target(&known, &token).filter(|_| !is_known) else { continue };
            let link = Object::Link(leads_to.user().to_owned(), token.clone());
            known.links.push(KnownLink { token, leads_to, is_followed: false });
            drop(known);
            let alive = Event::changed(Condition::Always, [set("alive", "yes")]);
            let (what, returned) = ("a link comes by mail".to_owned(), Some(self.shared.tick()));
            self.shared.log().push(Done {
                what,
                invoked,
                returned,
                projections: vec![on(link, alive)],
            });
        }
    }

    /// Looks at what a link is for, as scanners of mail do too, which changes nothing.
    async fn open_link(&mut self, link: &KnownLink) {
        let token = &link.token;
        let (operation, path) = match link.leads_to {
            LinkTarget::SignUp(_) => self.rarer([
                ("rollcall-get-sign-up", format!("/rollcall/v1/sign-ups/{token}")),
                ("pages-show-sign-up-link", format!("/account/sign-up/{token}")),
            ]),
            LinkTarget::Proof { .. } => {
                ("pages-show-proof", format!("/account/emails/verify/{token}"))
            }
            LinkTarget::Reset(_) => ("pages-show-reset-link", format!("/account/reset/{token}")),
        };
        let seen = self.send_json(operation, &SentCredential::None, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![works(link.leads_to.user(), token)]),
            Ended::With(410) => self.note(seen, vec![]),
            end => self.note_end(seen, &end),
        }
    }

    async fn sign_up(&mut self, token: &str, address: &str) {
        let names = self.shared.known().usernames.clone();
        let requested = self.rng.bool().then(|| self.one_of(&names)).flatten();
        let username = requested.clone().unwrap_or_else(|| self.own_username());
        let password = format!("{} is secret", self.label);
        let either = Either {
            api: ("rollcall-sign-up", format!("/rollcall/v1/sign-ups/{token}")),
            page: ("pages-sign-up", format!("/account/sign-up/{token}")),
        };
        let label = self.label.clone();
        let fields = [("username", &*username), ("name", &label), ("password", &password)];
        let seen = self.post(either, &fields).await;
        let signed_up = |owner: &str| {
            let name = requested.clone().map(|name| {
                on(Object::Username(name), Event::changed(not(has("owner")), [set("owner", owner)]))
            });
            let link = Event::changed(has("alive"), [unset("alive")]);
            let own = [
                on(Object::Link(String::new(), token.to_owned()), link),
                on(Object::Address(address.to_owned()), taken(owner)),
                primary_lost(owner, address),
            ];
            own.into_iter().chain(name).collect::<Vec<_>>()
        };
        match self.ended(&seen) {
            Ended::With(201) => {
                let id = seen.text("/id");
                let new = KnownUser { username, id, password, ..KnownUser::default() };
                let reported = signed_up(&new.username).into_iter();
                let reported = reported.chain(new_user(&new, &label, address)).collect();
                self.know(new, address);
                self.note(seen, reported);
            }
            // The page shows no id by which more could be asked of the user.
            Ended::With(200) => self.note(seen, signed_up(&made_by(&label))),
            Ended::With(409) => {
                let Some(name) = requested else { return self.note_wrong(seen) };
                let is_taken = on(Object::Username(name), Event::seen(has("owner")));
                self.note(seen, vec![is_taken, works("", token)]);
            }
            Ended::With(410) => self.note(seen, vec![]),
            Ended::Unknown => self.note_unknown(seen, signed_up(&made_by(&label))),
            end => self.note_end(seen, &end),
        }
    }

    /// A username that nobody else asks for.
    pub(super) fn own_username(&self) -> String {
        let first = self.shared.known().users.first().map(|user| user.username.clone());
        let prefix = first.as_deref().and_then(|name| name.strip_suffix("u0")).unwrap_or_default();
        format!("{prefix}{}", self.label)
    }

    pub(super) fn know(&self, user: KnownUser, address: &str) {
        let mut known = self.shared.known();
        known.owners.insert(address.to_owned(), user.username.clone());
        known.users.push(user);
    }

    async fn prove(&mut self, token: &str, user: &str, address: &str) {
        let path = format!("/account/emails/verify/{token}");
        let none = &SentCredential::None;
        let seen = self.send("pages-prove-email", none, ("POST", &path), &[], None).await;
        let object = Object::Address(address.to_owned());
        let proved = vec![
            on(object.clone(), proof(user, token)),
            primary_lost(user, address),
            works(user, token),
        ];
        match self.ended(&seen) {
            Ended::With(200) => {
                self.shared.known().owners.insert(address.to_owned(), user.to_owned());
                self.note(seen, proved);
            }
            Ended::With(409) => {
                let held = Condition::All(vec![has("proved"), not(is("owner", user))]);
                self.note(seen, vec![on(object, Event::seen(held)), works(user, token)]);
            }
            Ended::With(410) => self.note(seen, vec![]),
            Ended::Unknown => self.note_unknown(seen, proved),
            end => self.note_end(seen, &end),
        }
    }

    async fn reset(&mut self, token: &str, user: &str) {
        let password = format!("{} is secret", self.label);
        let either = Either {
            api: ("rollcall-reset-password", format!("/rollcall/v1/password-resets/{token}")),
            page: ("pages-reset-password", format!("/account/reset/{token}")),
        };
        let keys = if self.rng.bool() { Keys::Stay } else { Keys::End };
        let mut fields = vec![("password", password.as_str())];
        if keys == Keys::Stay {
            fields.push(("keepApiKeys", "true"));
        }
        let seen = self.post(either, &fields).await;
        let link = Object::Link(user.to_owned(), token.to_owned());
        let right = Condition::All(vec![has("alive"), not(has("disabled"))]);
        let changed = Event::changed(Condition::Always, [set("password", &password)]);
        let reported = vec![
            on(link, Event::changed(right, [unset("alive")])),
            on(Object::Password(user.to_owned()), changed),
            password_ended(user, "", keys),
        ];
        match self.ended(&seen) {
            Ended::With(200 | 204) => {
                self.know_password(user, password, "", keys);
                self.note(seen, reported);
            }
            Ended::With(410) => self.note(seen, vec![]),
            Ended::Unknown => self.note_unknown(seen, reported),
            end => self.note_end(seen, &end),
        }
    }

    /// Another password, which ended all tokens but one, and perhaps keys.
    pub(super) fn know_password(&self, user: &str, password: String, spared: &str, keys: Keys) {
        let mut known = self.shared.known();
        if keys == Keys::End {
            known.forget_keys(user);
        }
        if let Some(own) = known.user(user) {
            own.password = password;
            own.tokens.retain(|token| token.id == spared);
        }
    }

    /// Sends fields to the API or to the page.
    pub(super) async fn post(&mut self, either: Either, fields: &[(&str, &str)]) -> Seen {
        let none = &SentCredential::None;
        let page = either.page.0;
        let (operation, path) = self.rarer([either.api, either.page]);
        if operation == page {
            let body = Some(form(fields));
            return self.send(operation, none, ("POST", &path), &[FORM], body).await;
        }
        let value = |value: &str| if value == "true" { json!(true) } else { json!(value) };
        let body = fields.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect();
        self.send_json(operation, none, "POST", &path, Some(&Value::Object(body))).await
    }
}

/// What a link of one of the users, or for one of the addresses, is for.
fn target(known: &Known, token: &str) -> Option<LinkTarget> {
    let username = |id: UserId| {
        let id = id.to_string();
        known.users.iter().find(|user| user.id == id).map(|user| user.username.clone())
    };
    let address = |digest: NameDigest| {
        let is_it = |own: &&String| {
            own.parse::<EmailAddress>().is_ok_and(|address| address.digest() == digest)
        };
        known.addresses.iter().find(is_it).cloned()
    };
    if let Ok((digest, _)) = MailToken::parse_sign_up(token) {
        return address(digest).map(LinkTarget::SignUp);
    }
    if let Ok((id, _)) = MailToken::parse_reset(token) {
        return username(id).map(LinkTarget::Reset);
    }
    let (id, digest, _) = MailToken::parse_proof(token).ok()?;
    Some(LinkTarget::Proof { user: username(id)?, address: address(digest)? })
}

/// A link works.
fn works(user: &str, token: &str) -> Projection {
    let works = Condition::All(vec![has("alive"), not(has("disabled"))]);
    on(Object::Link(user.to_owned(), token.to_owned()), Event::seen(works))
}

/// An address becomes the proved one of another user, unless somebody has proved it.
fn taken(owner: &str) -> Event {
    let new = [set("owner", owner), unset("verified"), set("proved", "yes")];
    Event::changed(not(has("proved")), new)
}

/// The link proves the address once; after that it works for as long as the address stays proved.
fn proof(user: &str, token: &str) -> Event {
    let (fact, own) = (format!("used:{token}"), is("owner", user));
    let with = |condition: Condition| Condition::All(vec![not(has(&fact)), condition]);
    let theirs = Condition::All(vec![not(own.clone()), not(has("proved"))]);
    let new = [set("owner", user), unset("verified"), set("proved", "yes"), set(&fact, "yes")];
    let again = Condition::All(vec![has(&fact), own.clone(), has("proved")]);
    Event::changed(with(own), [set("proved", "yes"), set(&fact, "yes")])
        .or(Event::changed(with(theirs), new))
        .or(Event::seen(again))
}

/// Whoever else had the address as the primary one has another, or a placeholder.
fn primary_lost(owner: &str, address: &str) -> Projection {
    let (owner, primary) = (owner.to_owned(), is("primary", address));
    each(move |object, _| match object {
        Object::User(user) if *user != owner => {
            let lost = Event::changed(primary.clone(), [unset("primary")]);
            Some(Event::seen(not(primary.clone())).or(lost))
        }
        _ => None,
    })
}

/// What somebody has who has just signed up.
pub(super) fn new_user(user: &KnownUser, name: &str, address: &str) -> [Projection; 2] {
    let facts = [
        set("primary", address),
        set("name", name),
        set("phone", ""),
        set("location", ""),
        set("company", ""),
        set("current", "personal"),
    ];
    let changed = Event::changed(Condition::Always, facts);
    let password = Event::changed(Condition::Always, [set("password", &user.password)]);
    let [own, of_password] =
        [Object::User, Object::Password].map(|object| object(user.username.clone()));
    [on(own, changed), on(of_password, password)]
}
