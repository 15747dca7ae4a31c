//! rollcall: the members of accounts, their roles, and the owner.

use serde_json::{Value, json};

use super::rollcall_accounts::has_role;
use super::{Takes, golem};
use crate::history::client_step::{
    ClientStep, Ended, Seen, SentCredential, Transport, each, on, text,
};
use crate::history::rules::{Condition, Event, has, is, not, set, unset};
use crate::history::shared_state::{KnownAccount, KnownUser, Object, Projection};

/// A request about a member of an account.
struct About {
    account: KnownAccount,
    caller: KnownUser,
    member: KnownUser,
    credential: SentCredential,
    path: String,
}

impl About {
    fn account(&self, condition: Condition) -> Projection {
        on(Object::Account(self.account.id.clone()), Event::seen(condition))
    }

    fn caller(&self, condition: Condition) -> Projection {
        on(self.membership(&self.caller), Event::seen(condition))
    }

    fn member(&self, event: Event) -> Projection {
        on(self.membership(&self.member), event)
    }

    fn membership(&self, user: &KnownUser) -> Object {
        Object::Membership(self.account.id.clone(), user.username.clone())
    }

    fn is_own(&self) -> bool {
        self.caller.username == self.member.username
    }
}

impl<W: Transport> ClientStep<'_, W> {
    pub(super) async fn member_list(&mut self) {
        let (account, user) = self.account_and_user();
        let credential = self.token_or_password(&user);
        let path = format!("/rollcall/v1/accounts/{}/members?limit=100", account.id);
        let seen = self.send_json("rollcall-list-members", &credential, "GET", &path, None).await;
        match self.note_access(seen, &account.id, &user.username, Takes::Member) {
            Some((200, seen)) => {
                let there = on(Object::Account(account.id.clone()), Event::seen(has("exists")));
                // What is on a further page is not asked for, and says nothing.
                let is_whole = seen.body()["nextCursor"].is_null();
                let all = is_whole.then(|| listed(account.id, seen.body()));
                self.note(seen, [there].into_iter().chain(all).collect());
            }
            Some((0, seen)) => self.note_unknown(seen, vec![]),
            Some((_, seen)) => self.note_wrong(seen),
            None => {}
        }
    }

    pub(super) async fn member_get(&mut self) {
        let about = self.about_member();
        let path = about.path.clone();
        let seen =
            self.send_json("rollcall-get-member", &about.credential, "GET", &path, None).await;
        let Some((status, seen)) = self.note_denial(seen, &about, Takes::Member) else { return };
        let (id, role) = (&about.account.id, seen.text("/role"));
        match status {
            200 => {
                let shown = has_role(id, &about.member.username, role);
                self.note(seen, vec![about.account(has("exists")), shown]);
            }
            0 => self.note_unknown(seen, vec![]),
            _ => self.note_wrong(seen),
        }
    }

    pub(super) async fn member_update(&mut self) {
        let about = self.about_member();
        let role = if self.rng.u8(..5) < 3 { "admin" } else { "member" };
        let (path, body) = (about.path.clone(), json!({ "role": role }));
        let operation = "rollcall-update-member";
        let seen = self.send_json(operation, &about.credential, "PATCH", &path, Some(&body)).await;
        let Some((status, seen)) = self.note_denial(seen, &about, Takes::Admin) else { return };
        let before = if about.is_own() { is("role", "admin") } else { has("role") };
        let changed = about.member(Event::changed(before, [set("role", role)]));
        // Who owns an account is an admin, and stays one.
        let other = match role {
            "member" => not(is_owned_by(&about.member)),
            _ => has("exists"),
        };
        let other = about.account(Condition::All(vec![has("exists"), other]));
        match status {
            200 if seen.text("/role") == role => self.note(seen, vec![changed, other]),
            0 => self.note_unknown(seen, vec![changed]),
            status => self.note_kept(seen, &about, status),
        }
    }

    pub(super) async fn member_remove(&mut self) {
        let about = self.about_member();
        let path = about.path.clone();
        let operation = "rollcall-remove-member";
        let seen = self.send_json(operation, &about.credential, "DELETE", &path, None).await;
        if matches!(seen.status(), 0 | 204 | 503) {
            let key = (about.account.id.clone(), about.member.username.clone());
            let mut known = self.shared.known();
            let requested = known.removals.entry(key).or_insert(u64::MAX);
            *requested = (*requested).min(seen.invoked);
        }
        let takes = if about.is_own() { Takes::Member } else { Takes::Admin };
        // The end of one's own membership says all of it.
        let access = match seen.status() {
            204 if about.is_own() => Some((204, seen)),
            _ => self.note_denial(seen, &about, takes),
        };
        let Some((status, seen)) = access else { return };
        let removed = about.member(Event::changed(has("role"), [unset("role")]));
        let other = not(is_owned_by(&about.member));
        let other = about.account(Condition::All(vec![has("exists"), other]));
        match status {
            204 => self.note(seen, vec![removed, other]),
            0 => self.note_unknown(seen, vec![removed]),
            status => self.note_kept(seen, &about, status),
        }
    }

    pub(super) async fn owner_set(&mut self) {
        let mut about = self.about_member();
        // What others are shown of one without an address is its owner's.
        if !about.account.has_contact {
            return self.member_list().await;
        }
        // Mostly the owner: nobody else may.
        if self.rng.u8(..6) > 0 {
            let owner = self.shared.known().account(&about.account.id).map(|own| own.owner.clone());
            let owner = owner.and_then(|owner| self.shared.known().user(&owner).cloned());
            about.caller = owner.unwrap_or(about.caller);
            about.credential = self.token_or_password(&about.caller.clone());
        }
        let id = about.account.id.clone();
        let path = format!("/rollcall/v1/accounts/{id}/owner");
        let body = json!({ "userId": about.member.id });
        let operation = "rollcall-set-owner";
        let seen = self.send_json(operation, &about.credential, "POST", &path, Some(&body)).await;
        let is_owner = || Condition::All(vec![has("exists"), is_owned_by(&about.caller)]);
        let handed_over = Event::changed(is_owner(), [set("owner", &about.member.username)]);
        let handed_over = on(Object::Account(id.clone()), handed_over);
        let admin = is("role", "admin");
        match self.ended(&seen) {
            Ended::With(200) if seen.text("/ownerId") == about.member.id => {
                self.know_owner(&id, &about.member.username);
                let mut said = golem::shown(&about.account, seen.body(), seen.returned);
                said.extend([
                    handed_over,
                    about.member(Event::seen(admin.clone())),
                    about.caller(admin),
                ]);
                self.note(seen, said);
            }
            Ended::With(409) => {
                let no_admin = about.member(Event::seen(not(admin)));
                self.note(seen, vec![about.account(is_owner()), no_admin]);
            }
            Ended::With(403) => {
                let other = Condition::All(vec![has("exists"), not(is_owned_by(&about.caller))]);
                self.note(seen, vec![about.account(other)]);
            }
            Ended::With(404) => self.note(seen, vec![about.account(not(has("exists")))]),
            Ended::Unknown => self.note_unknown(seen, vec![handed_over]),
            end => self.note_end(seen, &end),
        }
    }

    /// Who is believed to own an account, to draw from.
    fn know_owner(&self, account: &str, owner: &str) {
        let mut known = self.shared.known();
        if let Some(account) = known.account_mut(account) {
            owner.clone_into(&mut account.owner);
        }
    }

    /// Notes what is denied: no account, no membership of the caller or not this place, no member.
    /// Returns any other response.
    fn note_denial(&self, seen: Seen, about: &About, takes: Takes) -> Option<(u16, Seen)> {
        if seen.status() == 404 && seen.text("/detail").starts_with("member") {
            let nobody = about.member(Event::seen(not(has("role"))));
            self.note(seen, vec![about.account(has("exists")), about.caller(has("role")), nobody]);
            return None;
        }
        self.note_access(seen, &about.account.id, &about.caller.username, takes)
    }

    /// Notes that the owner stays.
    fn note_kept(&self, seen: Seen, about: &About, status: u16) {
        if status == 409 && seen.text("/code") == "owner_must_transfer" {
            let owner = Condition::All(vec![has("exists"), is_owned_by(&about.member)]);
            return self.note(seen, vec![about.account(owner)]);
        }
        self.note_wrong(seen);
    }

    fn about_member(&mut self) -> About {
        let (account, caller) = self.account_and_user();
        let member = self.member_of(&account);
        let credential = self.token_or_password(&caller);
        let path = format!("/rollcall/v1/accounts/{}/members/{}", account.id, member.id);
        About { account, caller, member, credential, path }
    }
}

fn is_owned_by(user: &KnownUser) -> Condition {
    is("owner", &user.username)
}

/// What a whole list says of each user whom all clients share.
fn listed(account: String, body: &Value) -> Projection {
    let members = body["members"].as_array().cloned().unwrap_or_default();
    each(move |object, _| {
        let Object::Membership(own, user) = object else { return None };
        if *own != account {
            return None;
        }
        let listed = members.iter().find(|member| text(member, "/username") == *user);
        let role = listed.map(|member| is("role", text(member, "/role")));
        Some(Event::seen(role.unwrap_or_else(|| not(has("role")))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestApp;
    use crate::history::by_hand::{returned, violations};

    /// A member, and a list without it.
    fn history(deletion: (u64, u64), list: (u64, u64)) -> usize {
        let id = "1".to_owned();
        let membership = Object::Membership(id.clone(), "jane".to_owned());
        let there = Event::changed(Condition::Always, [set("exists", "yes")]);
        let joined = Event::changed(Condition::Always, [set("role", "admin")]);
        violations(vec![
            returned(1, 2, [on(Object::Account(id.clone()), there), on(membership, joined)]),
            returned(deletion.0, deletion.1, ClientStep::<TestApp>::deletion(&id)),
            returned(list.0, list.1, [listed(id, &json!({ "members": [] }))]),
        ])
    }

    #[test]
    fn a_list_that_lacks_a_member_is_found_unless_the_account_is_deleted_meanwhile() {
        assert_eq!(history((5, 6), (3, 4)), 1);
        assert_eq!(history((4, 5), (3, 6)), 0);
        assert_eq!(history((3, 6), (4, 5)), 0);
    }
}
