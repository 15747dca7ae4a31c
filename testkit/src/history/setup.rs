//! What exists before the clients start: users, accounts with several members, and names to compete
//! for.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared::model::{Role, Timestamp};

use super::client_step::{Transport, on, text};
use super::rules::{Condition, Event, set};
use super::run::Stage;
use super::shared_state::{
    Done, GuardedUser, KnownAccount, KnownToken, KnownUser, Object, OperatorsPlan, SharedState,
};
use crate::basic;
use shared::table::{Actor, NewUser};

/// So many users are shared by all clients until the end.
const USERS: usize = 6;
const LAST_USER: usize = USERS - 1;
/// So many more are shared until the operator deletes them.
const DELETED_USERS: usize = 2;
/// So many whose second factor is turned on and off: few, or none would be tried often.
const GUARDED_USERS: usize = 2;
/// The number of free addresses.
const ADDRESSES: usize = 16;
/// So many usernames.
const USERNAMES: usize = 4;

/// Makes all of it, under names that start so.
pub(super) async fn set_up<W: Transport>(
    stage: &Stage<'_, W>,
    prefix: &str,
) -> Result<SharedState> {
    let shared = SharedState::default();
    for number in 0..USERS + DELETED_USERS {
        let user = make_user(stage, &shared, &format!("{prefix}u{number}")).await?;
        let operator = match number {
            USERS.. => OperatorsPlan::Delete,
            LAST_USER => OperatorsPlan::DisableAtTimes,
            _ => OperatorsPlan::Keep,
        };
        let user = KnownUser { operator, ..user };
        let mut known = shared.known();
        let address = format!("{}@example.com", user.username);
        known.addresses.push(address.clone());
        known.owners.insert(address, user.username.clone());
        known.users.push(user);
    }
    let free = |name: &str, number: usize| format!("{prefix}{name}{number}");
    let addresses = (0..ADDRESSES).map(|number| free("a", number) + "@example.com");
    shared.known().addresses.extend(addresses);
    shared.known().usernames.extend((0..USERNAMES).map(|number| free("w", number)));
    for number in 0..GUARDED_USERS {
        let user = make_guarded(stage, &shared, &free("g", number)).await?;
        shared.known().guarded.push(user);
    }
    for owner in 0..USERS + DELETED_USERS {
        share(stage, &shared, owner).await?;
    }
    Ok(shared)
}

fn header(value: &str) -> [(&str, &str); 2] {
    [("authorization", value), ("content-type", "application/json")]
}

async fn made<W: Transport>(
    stage: &Stage<'_, W>,
    authorization: &str,
    (method, path): (&str, &str),
    body: &Value,
) -> Result<Value> {
    let body = (!body.is_null()).then(|| body.to_string());
    let response =
        stage.transport.send(method, path, &header(authorization), body.as_deref()).await;
    let is_good = response.as_ref().is_some_and(|response| response.status < 300);
    ensure!(is_good, "{method} {path}: {response:?}");
    Ok(response.map(|response| response.body).unwrap_or_default())
}

/// Notes what is true from the start.
fn note(shared: &SharedState, object: Object, facts: &[(&str, &str)]) {
    let facts: Vec<_> = facts.iter().map(|(fact, value)| set(*fact, *value)).collect();
    let (invoked, returned) = (shared.tick(), Some(shared.tick()));
    let what = "the start".to_owned();
    let projections = vec![on(object, Event::changed(Condition::Always, facts))];
    shared.log().push(Done { what, invoked, returned, projections });
}

/// A user who was made, with a token.
struct Newcomer {
    id: String,
    email: String,
    password: String,
    token: KnownToken,
}

async fn make_newcomer<W: Transport>(
    stage: &Stage<'_, W>,
    shared: &SharedState,
    name: &str,
) -> Result<Newcomer> {
    let (password, email) = (format!("{name} set this"), format!("{name}@example.com"));
    let new = NewUser {
        proved_at: Some(Timestamp::now()),
        password_hash: Some(shared::password::hash(&password)?),
        password_is_own: true,
        full_name: "Start Up".to_owned(),
        ..NewUser::new(name.parse()?, email.parse()?)
    };
    let user = stage.table.create_user(&Actor::operator(), new).await?;
    let token = json!({ "name": "start", "kind": "user" });
    let tokens = ("POST", "/rollcall/v1/tokens");
    let token = made(stage, &basic(name, &password), tokens, &token).await?;
    let (id, secret) = (text(&token, "/id"), text(&token, "/token"));
    note(shared, Object::Password(name.to_owned()), &[("password", &password)]);
    note(shared, Object::Token(name.to_owned(), id.clone()), &[("works", "yes"), ("kind", "user")]);
    let token = KnownToken { id, secret, only_reads: false };
    Ok(Newcomer { id: user.id.to_string(), email, password, token })
}

/// A user whose second factor is off.
async fn make_guarded<W: Transport>(
    stage: &Stage<'_, W>,
    shared: &SharedState,
    name: &str,
) -> Result<GuardedUser> {
    let Newcomer { id, password, token, .. } = make_newcomer(stage, shared, name).await?;
    let (username, sessions, factors, devices) = (name.to_owned(), vec![], vec![], vec![]);
    Ok(GuardedUser { username, id, password, token, sessions, factors, devices })
}

async fn make_user<W: Transport>(
    stage: &Stage<'_, W>,
    shared: &SharedState,
    name: &str,
) -> Result<KnownUser> {
    let Newcomer { id, email, password, token } = make_newcomer(stage, shared, name).await?;
    let secret = token.secret.clone();
    let key = made(stage, &secret, ("PUT", "/v2/account/api"), &Value::Null).await?;
    let current =
        made(stage, &secret, ("GET", "/api/public/v1/current-account"), &Value::Null).await?;
    let account = text(&current, "/accountId");
    let (key, key_secret) = (text(&key, "/api/api_key"), text(&key, "/api/secret_key"));
    let listed = format!("key:{key}");
    note(
        shared,
        Object::User(name.to_owned()),
        &[
            ("primary", &email),
            ("name", "Start Up"),
            ("phone", ""),
            ("location", ""),
            ("company", ""),
            ("current", &account),
            (&listed, "yes"),
        ],
    );
    note(shared, Object::Address(email.clone()), &[("owner", name), ("proved", "yes")]);
    note(shared, Object::Key(name.to_owned(), key.clone()), &[("secret", &key_secret)]);
    let facts = [("exists", "yes"), ("name", name), ("owner", name)];
    note(shared, Object::Account(account.clone()), &facts);
    note(shared, Object::Membership(account.clone(), name.to_owned()), &[("role", "admin")]);
    let members = [name.to_owned()].into();
    let account = KnownAccount { id: account, owner: name.to_owned(), has_contact: false, members };
    shared.known().accounts.push(account);
    Ok(KnownUser {
        username: name.to_owned(),
        id,
        password,
        is_shared: true,
        token_ids: vec![token.id.clone()],
        tokens: vec![token],
        keys: vec![(key, key_secret)],
        ..KnownUser::default()
    })
}

/// An account with a contact address, of which all are members, every second one an admin.
async fn share<W: Transport>(
    stage: &Stage<'_, W>,
    shared: &SharedState,
    owner: usize,
) -> Result<()> {
    let users = shared.known().users.clone();
    let (user, name) = (&users[owner], format!("Shared {owner}"));
    let email = format!("{}.shared@example.com", user.username);
    let body = json!({ "name": name, "email": email });
    let account = made(stage, &user.tokens[0].secret, ("POST", "/v1/accounts"), &body).await?;
    let id = text(&account, "/id");
    let facts = [
        ("exists", "yes"),
        ("name", &name),
        ("email", &email),
        ("contact", &email),
        ("owner", &user.username),
    ];
    note(shared, Object::Account(id.clone()), &facts);
    note(shared, Object::Membership(id.clone(), user.username.clone()), &[("role", "admin")]);
    note(shared, Object::Address(email.clone()), &[("contact", &id)]);
    let members = users.iter().map(|user| user.username.clone()).collect();
    for (number, member) in users.iter().enumerate().filter(|(number, _)| *number != owner) {
        let role = [Role::Admin, Role::Member][(number + owner) % 2];
        stage.table.add_member(&Actor::operator(), id.parse()?, member.id.parse()?, role).await?;
        let membership = Object::Membership(id.clone(), member.username.clone());
        note(shared, membership, &[("role", role.as_str())]);
    }
    let mut known = shared.known();
    known.addresses.push(email);
    let owner = user.username.clone();
    known.accounts.push(KnownAccount { id, owner, has_contact: true, members });
    Ok(())
}
