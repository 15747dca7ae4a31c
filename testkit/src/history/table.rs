//! The whole table at the end of a run, as one more response.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use shared::model::{GrantCredential, GrantTokenKind, RecoveryCode, SecretHash};

use super::choice::{label_of, made_by};
use super::client_step::{on, shows, text};
use super::dialects::fact_of;
use super::rules::{Condition, Event, has, is, not};
use super::shared_state::{GuardedUser, Known, KnownSession, KnownUser, Object, Projection};

/// The items by their keys.
pub(super) struct Table<'a> {
    items: HashMap<(&'a str, &'a str), &'a Value>,
    /// Usernames by id.
    names: BTreeMap<String, String>,
}

impl<'a> Table<'a> {
    pub(super) fn new(all: &'a [Value], known: &Known) -> Self {
        let key = |item: &'a Value, name: &str| item[name]["S"].as_str().unwrap_or_default();
        let items: HashMap<_, _> =
            all.iter().map(|item| ((key(item, "pk"), key(item, "sk")), item)).collect();
        let users = items.iter().filter(|((_, sk), _)| *sk == "USER");
        let names = users.map(|((pk, _), item)| {
            let name = text(item, "/username/S");
            let is_known = known.users.iter().any(|user| user.username == name);
            // The slug is unknown to the clients: its creator is known by the name. Who signed up
            // gave no first name.
            let given = ["/firstName/S", "/fullName/S"].map(|name| text(item, name));
            let label = given.iter().find(|name| !name.is_empty());
            let made = || made_by(label.map_or("", String::as_str));
            (pk.replacen("USER#", "", 1), if is_known { name } else { made() })
        });
        Self { names: names.collect(), items }
    }

    /// What it says of everything that the clients know.
    pub(super) fn says(&self, known: &Known) -> Vec<Projection> {
        let accounts = known.accounts.iter().flat_map(|account| {
            let users = known.users.iter().filter(|user| user.is_shared);
            let members = users.filter_map(|user| self.membership(&account.id, user));
            std::iter::once(self.account(&account.id)).chain(members).collect::<Vec<_>>()
        });
        let addresses = known.addresses.iter().map(|address| self.address(address, known));
        let usernames = known.usernames.iter().map(|name| self.username(name));
        let users = known.users.iter().flat_map(|user| self.user(user, known));
        let grants =
            known.grants.iter().filter_map(|grant| self.grant(&grant.user, &grant.code, known));
        let invitations = known
            .invitations
            .iter()
            .map(|own| self.invitation(&own.account, &own.address, &own.id));
        let guarded = known.guarded.iter().flat_map(|user| self.guarded(user));
        let accounts = accounts.chain(invitations).chain(guarded);
        accounts.chain(addresses).chain(usernames).chain(users).chain(grants).collect()
    }

    fn at(&self, pk: &str, sk: &str) -> Option<&'a Value> {
        self.items.get(&(pk, sk)).copied()
    }

    /// An invitation of a deleted account stays until it expires, and has no effect.
    fn invitation(&self, account: &str, address: &str, id: &str) -> Projection {
        let item = self.at(&format!("ACCOUNT#{account}"), &format!("INVITE#{id}"));
        let waits = item.is_some_and(|item| text(item, "/state/S") == "pending");
        let waits = if waits { has("token") } else { not(has("token")) };
        let object = Object::Invitation(account.to_owned(), address.to_owned());
        on(object, Event::seen(waits))
    }

    fn account(&self, id: &str) -> Projection {
        let there = self.at(&format!("ACCOUNT#{id}"), "ACCOUNT").map(|item| {
            let contact = item.pointer("/contactEmail/M/normal/S").and_then(Value::as_str);
            let contact = contact.map_or(not(has("contact")), |normal| is("contact", normal));
            let registry = item.pointer("/registry/M/username/S").and_then(Value::as_str);
            let registry = registry.map_or(not(has("registry")), |name| is("registry", name));
            let name = is("name", text(item, "/name/S"));
            let owner = self.names.get(&text(item, "/owner/S")).cloned().unwrap_or_default();
            Condition::All(vec![has("exists"), name, contact, registry, is("owner", owner)])
        });
        on(Object::Account(id.to_owned()), Event::seen(there.unwrap_or(not(has("exists")))))
    }

    /// The role of a user in an account, which says nothing once the account is gone.
    fn membership(&self, id: &str, user: &KnownUser) -> Option<Projection> {
        self.at(&format!("ACCOUNT#{id}"), "ACCOUNT")?;
        let member = self.at(&format!("USER#{}", user.id), &format!("MEMBER#{id}"));
        let role = member.map(|item| is("role", text(item, "/role/S")));
        let object = Object::Membership(id.to_owned(), user.username.clone());
        Some(on(object, Event::seen(role.unwrap_or_else(|| not(has("role"))))))
    }

    /// Whose a claim is.
    fn claimant(&self, kind: &str, value: &str) -> Option<String> {
        let claim = self.at(&format!("CLAIM#{kind}#{value}"), "CLAIM")?;
        let account = text(claim, "/account/S");
        if !account.is_empty() {
            return Some(account);
        }
        Some(self.names.get(&text(claim, "/user/S")).cloned().unwrap_or_default())
    }

    /// Whether whoever has an address has proved it, and nothing has ended that.
    fn is_proved(&self, address: &str) -> bool {
        let claim = self.at(&format!("CLAIM#EMAIL#{address}"), "CLAIM");
        let user = claim.map(|claim| format!("USER#{}", text(claim, "/user/S")));
        let item = |sk: &str| user.as_deref().and_then(|user| self.at(user, sk));
        let email = item(&format!("EMAIL#{address}"));
        let (Some(user), Some(email)) = (item("USER"), email) else { return false };
        let number = |item: &Value, name: &str| text(item, name).parse::<u64>().ok();
        let is_of_token = email.pointer("/proofLineage/M/makers").is_some();
        let since = if is_of_token { "/environmentEpoch/N" } else { "/proofEpoch/N" };
        let since = number(user, since).unwrap_or_default();
        let is_current = number(email, "/proofEpoch/N").is_none_or(|epoch| epoch >= since);
        email.pointer("/provedAt/S").is_some() && is_current
    }

    fn address(&self, address: &str, known: &Known) -> Projection {
        let owner = self.claimant("EMAIL", address);
        let proved = if self.is_proved(address) { has("proved") } else { not(has("proved")) };
        let contact = self.claimant("CONTACT", address);
        // An account without a known id is identified by its creator.
        let contact = contact.map(|id| {
            if known.account(&id).is_some() {
                return id;
            }
            let item = self.at(&format!("ACCOUNT#{id}"), "ACCOUNT").unwrap_or(&Value::Null);
            made_by(&label_of(&text(item, "/name/S")))
        });
        let fact = |name: &str, value: Option<String>| {
            value.map_or_else(|| not(has(name)), |value| is(name, value))
        };
        let there = Condition::All(vec![fact("owner", owner), fact("contact", contact), proved]);
        on(Object::Address(address.to_owned()), Event::seen(there))
    }

    fn username(&self, name: &str) -> Projection {
        let owner = self.claimant("USERNAME", name);
        let there = owner.map_or(not(has("owner")), |owner| is("owner", owner));
        on(Object::Username(name.to_owned()), Event::seen(there))
    }

    fn user(&self, user: &KnownUser, known: &Known) -> Vec<Projection> {
        let partition = format!("USER#{}", user.id);
        let Some(item) = self.at(&partition, "USER") else {
            return vec![on(Object::User(user.username.clone()), Event::seen(not(has("name"))))];
        };
        let mut facts = vec![
            is("name", text(item, "/fullName/S")),
            is("phone", text(item, "/phone/S")),
            is("location", text(item, "/location/S")),
            is("company", text(item, "/company/S")),
            shows("primary", text(item, "/primaryEmail/M/typed/S")),
        ];
        let current = text(item, "/currentAccount/S");
        if user.is_shared && known.account(&current).is_some() {
            facts.push(is("current", current));
        }
        let there = on(Object::User(user.username.clone()), Event::seen(Condition::All(facts)));
        let tokens = user.token_ids.iter().map(|id| {
            let object = Object::Token(user.username.clone(), id.clone());
            let works = self.works(item, &partition, id);
            on(object, Event::seen(if works { has("works") } else { not(has("works")) }))
        });
        let sessions = known.sessions.iter().filter(|own| own.user == user.username);
        let sessions = sessions.map(|own| {
            let object = Object::Session(user.username.clone(), own.id.clone());
            let session = self.at(&partition, &format!("SESSION#{}", own.id));
            let works = session.map(|session| works_by(own, session, item));
            on(object, Event::seen(works.unwrap_or_else(|| not(has("works")))))
        });
        std::iter::once(there).chain(tokens).chain(sessions).collect()
    }

    /// The second factor of a user, with its recovery codes, and the passkeys.
    fn guarded(&self, user: &GuardedUser) -> Vec<Projection> {
        let (partition, name) = (format!("USER#{}", user.id), &user.username);
        let fact = |holds: bool, name: &str| if holds { has(name) } else { not(has(name)) };
        let item = |sk: &str| self.at(&partition, sk).unwrap_or(&Value::Null);
        let is_on = item("USER").get("secondFactorSince").is_some();
        let password = Event::seen(fact(is_on, "factor"));
        let left = &item("FACTOR")["recoveryCodes"]["M"];
        let is_left = |code: &String| {
            let code = code.parse::<RecoveryCode>().ok();
            let hash = code.and_then(|code| serde_json::to_value(code.hash()).ok());
            hash.is_some_and(|hash| hash.as_str().is_some_and(|hash| left.get(hash).is_some()))
        };
        let factors = user.factors.iter().map(|factor| {
            let codes = factor.codes.iter().map(|code| {
                let counts = Condition::All(vec![has("on"), has(fact_of(code))]);
                if is_left(code) { counts } else { not(counts) }
            });
            let object = Object::Factor(name.clone(), factor.secret.clone());
            on(object, Event::seen(Condition::All(codes.collect())))
        });
        let passkeys = user.devices.iter().map(|device| {
            let id = device.passkey_id().to_string();
            let is_there = self.at(&partition, &format!("PASSKEY#{id}")).is_some();
            on(Object::Passkey(name.clone(), id), Event::seen(fact(is_there, "there")))
        });
        let password = on(Object::Password(name.clone()), password);
        std::iter::once(password).chain(factors).chain(passkeys).collect()
    }

    /// Whether a token works, so far as the table says.
    fn works(&self, user: &Value, partition: &str, id: &str) -> bool {
        let Some(token) = self.at(partition, &format!("TOKEN#{id}")) else { return false };
        let epoch = |item: &Value, name: &str| text(item, &format!("/{name}/N"));
        let is_current = epoch(token, "epoch") == epoch(user, "credentialEpoch");
        match text(token, "/kind/S").as_str() {
            "environment" => {
                let number = |text: String| text.parse::<u64>().unwrap_or_default();
                number(epoch(token, "epoch")) >= number(epoch(user, "environmentEpoch"))
            }
            _ => is_current || text(user, "/retainedToken/S") == id,
        }
    }

    fn grant(&self, user: &str, code: &str, known: &Known) -> Option<Projection> {
        let owner = &known.users.iter().find(|known| known.username == user)?.id;
        let id = GrantCredential::parse(GrantTokenKind::Code, code).ok()?.grant().to_string();
        let partition = format!("USER#{owner}");
        let epoch = |item: &Value, name: &str| text(item, &format!("/{name}/N"));
        let user_item = self.at(&partition, "USER")?;
        let is_alive = self
            .at(&partition, &format!("GRANT#{id}"))
            .is_some_and(|grant| epoch(grant, "epoch") == epoch(user_item, "credentialEpoch"));
        let there = if is_alive { has("alive") } else { not(has("alive")) };
        Some(on(Object::Grant(user.to_owned(), code.to_owned()), Event::seen(there)))
    }
}

/// Whether a session of this user works, and by this cookie.
fn works_by(own: &KnownSession, session: &Value, user: &Value) -> Condition {
    if text(session, "/epoch/N") != text(user, "/credentialEpoch/N") {
        return not(has("works"));
    }
    let hash = serde_json::from_value::<SecretHash>(session["secretHash"]["S"].clone());
    let is_current = is("works", &own.cookie);
    if hash.is_ok_and(|hash| own.credential().matches(&hash)) {
        return is_current;
    }
    Condition::All(vec![has("works"), not(is_current)])
}
