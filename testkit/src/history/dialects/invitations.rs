//! Invitations, with links that admins hand over. Somebody becomes a user by one, or a user who has
//! the address joins; others try too.

use serde_json::{Value, json};

use super::Takes;
use super::links::{Either, new_user};
use crate::history::choice::made_by;
use crate::history::client_step::{ClientStep, Ended, Seen, SentCredential, Transport, on, text};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{KnownInvitation, KnownUser, Object, Projection};

const ACCOUNTS: &str = "/rollcall/v1/accounts";
const LINKS: &str = "/rollcall/v1/invitations";
const PAGES: &str = "/account/invitations";

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn invitation_send(&mut self) {
        let (account, user) = self.account_and_user();
        let (address, credential) = (self.free_address(), self.token_or_password(&user));
        let path = format!("{ACCOUNTS}/{}/invitations", account.id);
        let body = json!({ "email": address, "role": "member", "deliver": "link" });
        let operation = "rollcall-send-invitation";
        let seen = self.send_json(operation, &credential, "POST", &path, Some(&body)).await;
        // Addresses and their proofs come and go.
        if seen.status() == 403 && seen.text("/code") == "address_not_proved" {
            return self.note(seen, vec![]);
        }
        let object = Object::Invitation(account.id.clone(), address.clone());
        let sent = |token: &str| {
            let new = [set("token", token), unset("declined")];
            on(object.clone(), Event::changed(Condition::Always, new))
        };
        match self.note_access(seen, &account.id, &user.username, Takes::Admin) {
            Some((200 | 201, seen)) => {
                let link = seen.text("/link");
                let token = link.rsplit('/').next().unwrap_or_default().to_owned();
                let (id, account_id) = (seen.text("/id"), account.id.clone());
                let reported = vec![
                    sent(&token),
                    on(Object::Account(account.id.clone()), Event::seen(has("exists"))),
                ];
                let inviter = user.username;
                let new = KnownInvitation { account: account_id, address, id, token, inviter };
                self.shared.known().invitations.push(new);
                self.note(seen, reported);
            }
            // A member's primary address, or too many that wait.
            Some((409, seen)) => self.note(seen, vec![]),
            Some((0, seen)) => {
                let label = made_by(&self.label);
                self.note_unknown(seen, vec![sent(&label)]);
            }
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn invitation_list(&mut self) {
        let (account, user) = self.account_and_user();
        let credential = self.token_or_password(&user);
        let path = format!("{ACCOUNTS}/{}/invitations?limit=100", account.id);
        let seen =
            self.send_json("rollcall-list-invitations", &credential, "GET", &path, None).await;
        match self.note_access(seen, &account.id, &user.username, Takes::Admin) {
            Some((200, seen)) => {
                let all = seen.body()["invitations"].as_array().cloned().unwrap_or_default();
                let shown = all.iter().filter_map(|own| listed(&account.id, own)).collect();
                self.note(seen, shown);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn invitation_get(&mut self) {
        let Some(own) = self.known_invitation() else { return self.invitation_send().await };
        let (page, token) = (PAGES, &own.token);
        let shown = [
            ("rollcall-get-invitation", format!("{LINKS}/{token}")),
            ("pages-show-invitation", format!("{page}/{token}")),
            ("pages-show-invitation-decline", format!("{page}/{token}/decline")),
        ];
        let (operation, path) = shown[self.rng.usize(..shown.len())].clone();
        let seen = self.send_json(operation, &SentCredential::None, "GET", &path, None).await;
        match self.ended(&seen) {
            Ended::With(200) => self.note(seen, vec![on(object(&own), Event::seen(works(&own)))]),
            Ended::With(410) => self.note_over(seen, &own),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn invitation_accept(&mut self) {
        let Some(own) = self.known_invitation() else { return self.invitation_send().await };
        if self.rng.u8(..4) == 0 {
            return self.accept_as_user(&own).await;
        }
        let (username, label) = (self.own_username(), self.label.clone());
        let password = format!("{label} is secret");
        let either = Either {
            api: ("rollcall-accept-invitation", format!("{LINKS}/{}/accept", own.token)),
            page: ("pages-join-by-invitation", format!("{PAGES}/{}", own.token)),
        };
        let fields = [("username", &*username), ("name", &label), ("password", &password)];
        let seen = self.post(either, &fields).await;
        let joined = |owner: &str| {
            let new = [set("owner", owner), unset("verified"), unset("proved")];
            let address = Object::Address(own.address.clone());
            let taken = on(address, Event::changed(not(has("owner")), new));
            vec![taken, used(&own, owner)]
        };
        match self.ended(&seen) {
            Ended::With(201) => {
                let is_right = seen.text("/account/id") == own.account
                    && seen.text("/username") == username
                    && seen.text("/role") == "member";
                if !is_right {
                    return self.note_wrong(seen);
                }
                let id = seen.text("/userId");
                let new = KnownUser { username, id, password, ..KnownUser::default() };
                let there = on(Object::Account(own.account.clone()), Event::seen(has("exists")));
                // Whoever sent it is an admin until then.
                let inviter = Object::Membership(own.account.clone(), own.inviter.clone());
                let inviter = on(inviter, Event::seen(is("role", "admin")));
                let reported = joined(&new.username).into_iter().chain([there, inviter]);
                let reported = reported.chain(new_user(&new, &label, &own.address)).collect();
                self.know(new, &own.address);
                self.note(seen, reported);
            }
            // The page shows no id by which more could be asked of the user.
            Ended::With(200) => self.note(seen, joined(&made_by(&label))),
            Ended::With(410) => self.note_over(seen, &own),
            // Somebody got the address just then, or had it: the page says so.
            Ended::With(409) => self.note(seen, vec![]),
            Ended::Unknown => self.note_unknown(seen, joined(&made_by(&label))),
            end => self.note_end(seen, &end),
        }
    }

    /// A user joins who has the address and is no member yet; who joined by it may ask again.
    async fn accept_as_user(&mut self, own: &KnownInvitation) {
        let owner = self.shared.known().owners.get(&own.address).cloned();
        let owner = owner.and_then(|owner| self.shared.known().user(&owner).cloned());
        let user = match owner.filter(|owner| owner.is_shared) {
            Some(owner) if self.rng.u8(..4) > 0 => owner,
            _ => self.shared_user(),
        };
        let credential = self.token_or_password(&user);
        let path = format!("{LINKS}/{}/accept", own.token);
        let operation = "rollcall-accept-invitation";
        let seen = self.send_json(operation, &credential, "POST", &path, None).await;
        let membership = Object::Membership(own.account.clone(), user.username.clone());
        let joined = || {
            let is_new = Event::changed(not(has("role")), [set("role", "member")]);
            let joined = on(membership.clone(), is_new.or(Event::seen(has("role"))));
            vec![joined, used(own, &user.username)]
        };
        match self.ended(&seen) {
            Ended::With(200) => {
                self.know_member(&own.account, &user.username);
                self.note(seen, joined());
            }
            Ended::With(409) if seen.text("/code") == "already_member" => {
                self.note(seen, vec![on(membership, Event::seen(has("role")))]);
            }
            Ended::With(403 | 409) => self.note(seen, vec![]),
            Ended::With(410) => self.note_over(seen, own),
            Ended::Unknown => self.note_unknown(seen, joined()),
            end => self.note_end(seen, &end),
        }
    }

    /// A member of an account, who was none before, unless it is one again.
    fn know_member(&self, account: &str, user: &str) {
        let mut known = self.shared.known();
        let Some(own) = known.account_mut(account) else { return };
        if own.members.insert(user.to_owned()) {
            known.removals.insert((account.to_owned(), user.to_owned()), 0);
        }
    }

    pub(super) async fn invitation_decline(&mut self) {
        let Some(own) = self.known_invitation() else { return self.invitation_send().await };
        let either = Either {
            api: ("rollcall-decline-invitation", format!("{LINKS}/{}/decline", own.token)),
            page: ("pages-decline-invitation", format!("{PAGES}/{}/decline", own.token)),
        };
        let seen = self.post(either, &[]).await;
        let declined = Event::changed(works(&own), [unset("token"), set("declined", &own.token)]);
        let declined = declined.or(Event::seen(is("declined", &own.token)));
        match self.ended(&seen) {
            Ended::With(200 | 204) => self.note(seen, vec![on(object(&own), declined)]),
            Ended::With(410) => self.note_over(seen, &own),
            Ended::Unknown => self.note_unknown(seen, vec![on(object(&own), declined)]),
            end => self.note_end(seen, &end),
        }
    }

    pub(super) async fn invitation_revoke(&mut self) {
        let Some(own) = self.known_invitation() else { return self.invitation_send().await };
        let user = self.shared_user();
        let credential = self.token_or_password(&user);
        let path = format!("{ACCOUNTS}/{}/invitations/{}", own.account, own.id);
        let operation = "rollcall-revoke-invitation";
        let seen = self.send_json(operation, &credential, "DELETE", &path, None).await;
        let revoked = Event::changed(Condition::Always, [unset("token")]);
        match self.note_access(seen, &own.account, &user.username, Takes::Admin) {
            Some((204, seen)) => self.note(seen, vec![on(object(&own), revoked)]),
            Some((409, seen)) => {
                self.note(seen, vec![on(object(&own), Event::seen(not(has("token"))))]);
            }
            Some((0, seen)) => self.note_unknown(seen, vec![on(object(&own), revoked)]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    /// One of the newest invitations, now and then an older one, of which the link may have ended.
    fn known_invitation(&mut self) -> Option<KnownInvitation> {
        let all = self.shared.known().invitations.clone();
        let newest = &all[all.len().saturating_sub(6)..];
        let among = if self.rng.u8(..6) == 0 { &all[..] } else { newest };
        self.one_of(among)
    }

    /// Notes that a link works no more: the account may be gone, or who sent it no admin any more.
    fn note_over(&self, seen: Seen, own: &KnownInvitation) {
        // A page says why in words alone.
        let reported = match seen.text("/code").as_str() {
            "revoked" | "" => vec![],
            _ => vec![on(object(own), Event::seen(not(works(own))))],
        };
        self.note(seen, reported);
    }
}

fn object(own: &KnownInvitation) -> Object {
    Object::Invitation(own.account.clone(), own.address.clone())
}

/// Its link is the newest one, and nobody has answered it.
fn works(own: &KnownInvitation) -> Condition {
    is("token", &own.token)
}

/// One person uses it, who may ask again.
fn used(own: &KnownInvitation, user: &str) -> Projection {
    let fact = format!("used:{}", own.token);
    let first = Event::changed(works(own), [unset("token"), set(&fact, user)]);
    on(object(own), first.or(Event::seen(is(&fact, user))))
}

/// What a list says of an invitation.
fn listed(account: &str, own: &Value) -> Option<Projection> {
    let state = match text(own, "/state").as_str() {
        "pending" => has("token"),
        "accepted" | "declined" => not(has("token")),
        _ => return None,
    };
    let object = Object::Invitation(account.to_owned(), text(own, "/email"));
    Some(on(object, Event::seen(state)))
}
