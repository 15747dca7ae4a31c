//! What is there before the clients begin: users, accounts with several members, and names to compete for.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared::model::Role;

use super::client_step::{Transport, on, text};
use super::rules::{Condition, Event, set};
use super::run::Stage;
use super::shared_state::{Done, KnownAccount, KnownToken, KnownUser, Object, Place, SharedState};
use crate::basic;
use shared::table::Actor;

/// So many users are shared by all clients.
const USERS: usize = 6;
/// So many addresses are there that nobody has yet.
const ADDRESSES: usize = 16;
/// So many usernames.
const USERNAMES: usize = 4;

/// Makes all of it, under names that start so.
pub(super) async fn set_up<W: Transport>(
    stage: &Stage<'_, W>,
    prefix: &str,
) -> Result<SharedState> {
    let world = SharedState::default();
    for number in 0..USERS {
        let user = make_user(stage, &world, &format!("{prefix}u{number}")).await?;
        let mut known = world.known();
        let address = format!("{}@example.com", user.username);
        known.addresses.push(address.clone());
        known.owners.insert(address, user.username.clone());
        known.users.push(user);
    }
    if let Some(last) = world.known().users.last_mut() {
        last.is_sometimes_disabled = true;
    }
    let free = |name: &str, number: usize| format!("{prefix}{name}{number}");
    let addresses = (0..ADDRESSES).map(|number| free("a", number) + "@example.com");
    world.known().addresses.extend(addresses);
    world.known().usernames.extend((0..USERNAMES).map(|number| free("w", number)));
    for owner in 0..USERS {
        share(stage, &world, owner).await?;
    }
    Ok(world)
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
    let answer = stage.wire.ask(method, path, &header(authorization), body.as_deref()).await;
    let is_good = answer.as_ref().is_some_and(|answer| answer.status < 300);
    ensure!(is_good, "{method} {path}: {answer:?}");
    Ok(answer.map(|answer| answer.body).unwrap_or_default())
}

/// Notes what is true from the start.
fn note(world: &SharedState, object: Object, facts: &[(&str, &str)]) {
    let facts: Vec<_> = facts.iter().map(|(fact, value)| set(*fact, *value)).collect();
    let (invoked, returned) = (world.tick(), Some(world.tick()));
    let what = "the start".to_owned();
    let projections = vec![on(object, Event::changed(Condition::Always, facts))];
    world.log().push(Done { what, invoked, returned, projections });
}

async fn make_user<W: Transport>(
    stage: &Stage<'_, W>,
    world: &SharedState,
    name: &str,
) -> Result<KnownUser> {
    let (password, email) = (format!("Password {name}"), format!("{name}@example.com"));
    let body = json!({ "email": email, "username": name, "password": password, "first_name": "Start", "last_name": "Up", "phone": "0" });
    let made_user = made(stage, &stage.admin, ("PUT", "/v2/accounts"), &body).await?;
    let view = &made_user["user"];
    let basic = basic(name, &password);
    let token = json!({ "name": "start", "kind": "user" });
    let token = made(stage, &basic, ("POST", "/rollcall/v1/tokens"), &token).await?;
    let secret = text(&token, "/token");
    let current =
        made(stage, &secret, ("GET", "/api/public/v1/current-account"), &Value::Null).await?;
    let account = text(&current, "/accountId");
    let (key, key_secret) = (text(view, "/api/0/api_key"), text(view, "/api/0/secret_key"));
    let listed = format!("key:{key}");
    note(
        world,
        Object::User(name.to_owned()),
        &[
            ("primary", &email),
            ("name", "Start Up"),
            ("phone", "0"),
            ("location", ""),
            ("company", ""),
            ("current", &account),
            (&listed, "yes"),
        ],
    );
    note(world, Object::Address(email.clone()), &[("owner", name)]);
    note(world, Object::Password(name.to_owned()), &[("password", &password)]);
    note(world, Object::Key(name.to_owned(), key.clone()), &[("secret", &key_secret)]);
    let id = text(&token, "/id");
    note(world, Object::Token(name.to_owned(), id.clone()), &[("works", "yes"), ("kind", "user")]);
    note(world, Object::Account(account.clone()), &[("exists", "yes"), ("name", name)]);
    let members = [(name.to_owned(), Place::Admin)].into();
    let account = KnownAccount { id: account, owner: name.to_owned(), has_contact: false, members };
    world.known().accounts.push(account);
    Ok(KnownUser {
        username: name.to_owned(),
        id: text(view, "/id"),
        password,
        is_shared: true,
        tokens: vec![KnownToken { id: id.clone(), secret, only_reads: false }],
        token_ids: vec![id],
        keys: vec![(key, key_secret)],
        ..KnownUser::default()
    })
}

/// An account with a contact address, of which all are members, every second one an admin.
async fn share<W: Transport>(
    stage: &Stage<'_, W>,
    world: &SharedState,
    owner: usize,
) -> Result<()> {
    let users = world.known().users.clone();
    let (user, name) = (&users[owner], format!("Shared {owner}"));
    let email = format!("{}.shared@example.com", user.username);
    let body = json!({ "name": name, "email": email });
    let account = made(stage, &user.tokens[0].secret, ("POST", "/v1/accounts"), &body).await?;
    let id = text(&account, "/id");
    let facts = [("exists", "yes"), ("name", &name), ("email", &email), ("contact", &email)];
    note(world, Object::Account(id.clone()), &facts);
    note(world, Object::Address(email.clone()), &[("contact", &id)]);
    let mut members = [(user.username.clone(), Place::Admin)].into();
    for (number, member) in users.iter().enumerate().filter(|(number, _)| *number != owner) {
        let (role, place) =
            [(Role::Admin, Place::Admin), (Role::Member, Place::Member)][(number + owner) % 2];
        stage.table.add_member(&Actor::operator(), id.parse()?, member.id.parse()?, role).await?;
        std::collections::HashMap::insert(&mut members, member.username.clone(), place);
    }
    let mut known = world.known();
    known.addresses.push(email);
    let owner = user.username.clone();
    known.accounts.push(KnownAccount { id, owner, has_contact: true, members });
    Ok(())
}
