//! What tests start from: people, members, clients, and what others do meanwhile.

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::model::{ApiKey, Client, Role, SecretHash, User, UserId};
use shared::table::{Actor, NewUser, PasswordChange, UserChange};

use super::{PASSWORD, TestApp};
use crate::{OAuthClient, Person, unique};

impl TestApp {
    /// A new user of this name, with the address `<name>@example.com`, a token, and a last use
    /// already noted.
    pub async fn person(&self, name: &str) -> Person<'_> {
        let key = self.service_keys.current().await.expect("the service key");
        let api_key = ApiKey::generate(&key).expect("an API key");
        let email = format!("{name}@example.com").parse().expect("an address");
        let new = NewUser {
            verified: true,
            password_hash: Some(password_hash()),
            password_is_own: true,
            api_keys: vec![api_key.clone()],
            ..NewUser::new(name.parse().expect("a username"), email)
        };
        let user = self.table().create_user(&Actor::operator(), new).await.expect("a new user");
        let secret = api_key.secret(user.id, &key).expect("its secret");
        let person = Person::new(self, user, secret).await;
        assert_eq!(person.send("GET", "/api/public/v1/current-account").await.status, 200);
        person
    }

    /// Makes a person a member of another's personal account.
    pub async fn join(&self, member: &Person<'_>, account: &str, role: Role) {
        let account = account.parse().expect("an account id");
        self.table()
            .add_member(&Actor::operator(), account, member.user().id, role)
            .await
            .expect("a new member");
    }

    /// Jane, who owns an account, and John, who has this role in it.
    pub async fn owner_and(&self, role: Role) -> (Person<'_>, Person<'_>) {
        let (jane, john) = (self.person("janedoe").await, self.person("johnroe").await);
        self.join(&john, &jane.account(), role).await;
        (jane, john)
    }

    /// Ends a person's plain membership of an account when it is awaited, bypassing the proxy.
    pub fn expelling(
        &self,
        member: &Person<'_>,
        account: &str,
    ) -> impl Future<Output = ()> + Send + 'static {
        let sides = member.membership_keys(account).map(|key| json!({ "Key": key }));
        let [one, other] = sides.map(|side| self.engine_later("DeleteItem", side));
        let user = member.user().id;
        let counts = [
            (format!("USER#{user}"), "COUNTS", "memberships"),
            (format!("ACCOUNT#{account}"), "ACCOUNT", "memberCount"),
        ];
        let [own, of_account] = counts.map(|(pk, sk, attribute)| {
            let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
            self.engine_later("UpdateItem", added(&key, attribute, -1))
        });
        async {
            one.await;
            other.await;
            own.await;
            of_account.await;
        }
    }

    /// Adds this many copies of a member to an account, bypassing all functions: only their
    /// memberships and their counts exist.
    pub async fn crowd(&self, account: &str, like: &Person<'_>, count: usize) {
        let pattern = like.user().id.to_string();
        let sides: Vec<String> = self
            .items()
            .await
            .iter()
            .filter(|item| item["type"]["S"] == "membership" && item["account"]["S"] == account)
            .filter(|item| item["user"]["S"] == pattern)
            .map(Value::to_string)
            .collect();
        assert_eq!(sides.len(), 2, "{sides:?}");
        let is_admin = sides[0].contains(r#""role":{"S":"admin"}"#);
        let copies = [&sides[0], &sides[1], &counts_of(&pattern, 1).to_string()].map(Clone::clone);
        let members = (0..count).map(|_| UserId::generate().to_string());
        let items: Vec<Value> = members
            .flat_map(|member| {
                copies.iter().map(|item| item.replace(&pattern, &member)).collect::<Vec<_>>()
            })
            .map(|item| serde_json::from_str(&item).expect("an item"))
            .collect();
        self.put_all(&items).await;
        let key = json!({ "pk": { "S": format!("ACCOUNT#{account}") }, "sk": { "S": "ACCOUNT" } });
        let count = i64::try_from(count).expect("a number of members");
        self.engine("UpdateItem", added(&key, "memberCount", count)).await;
        let admins = if is_admin { count } else { 0 };
        self.engine("UpdateItem", added(&key, "adminCount", admins)).await;
    }

    /// Lets this many seconds pass for all attempts to sign in.
    pub async fn let_attempts_age(&self, seconds: i64) {
        let older = |time: &mut Value| {
            let end: i64 = time["N"].as_str().and_then(|time| time.parse().ok()).expect("a time");
            *time = json!({ "N": (end - seconds * 1000).to_string() });
        };
        for mut item in self.items().await {
            let Some(sets) = item["slots"]["M"].as_object_mut() else { continue };
            let sets = sets.values_mut().filter_map(|set| set["M"].as_object_mut());
            let times = sets.flatten().filter(|(_, value)| value["N"].is_string());
            times.for_each(|(_, time)| older(time));
            self.engine("PutItem", json!({ "Item": item })).await;
        }
    }

    /// Sets an attribute of a person's item, bypassing functions and proxy.
    pub async fn set(&self, person: &Person<'_>, attribute: &str, value: Value) {
        let change = json!({
            "Key": person.key(),
            "UpdateExpression": format!("SET {attribute} = :value"),
            "ExpressionAttributeValues": { ":value": value },
        });
        self.engine("UpdateItem", change).await;
    }

    /// Leaves a person without a current account.
    pub async fn unset_current_account(&self, person: &Person<'_>) {
        let change = json!({ "Key": person.key(), "UpdateExpression": "REMOVE currentAccount" });
        self.engine("UpdateItem", change).await;
    }

    /// Changes the password, bypassing the proxy and without the cleanup.
    pub fn changing_password(
        &self,
        person: &Person<'_>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let hash = shared::password::hash("another password").expect("a password hash");
        self.engine_later(
            "UpdateItem",
            json!({
                "Key": person.key(),
                "UpdateExpression": "SET passwordHash = :hash, credentialEpoch = credentialEpoch + :one, #version = #version + :one",
                "ExpressionAttributeNames": { "#version": "version" },
                "ExpressionAttributeValues": { ":hash": { "S": hash }, ":one": { "N": "1" } },
            }),
        )
    }

    /// The operator gives a user another password when it is awaited, past the proxy.
    pub fn give_password(
        &self,
        user: UserId,
        password: &str,
        revoke_keys: bool,
    ) -> impl Future<Output = User> + Send + 'static {
        let (table, hash) = (self.others(), shared::password::hash(password).expect("a hash"));
        async move {
            let user = table.user_and(user, ()).await.expect("the user").0.expect("a user");
            let password = PasswordChange { hash, revoke_keys, is_reused: false };
            let (operator, unchanged) = (Actor::operator(), UserChange::default());
            let write = table.change_password(&operator, &user, &unchanged, password);
            write.expect("a password").commit().await.expect("a new password")
        }
    }

    /// Registers an OAuth client, with a secret or without.
    pub async fn new_client(&self, redirect_uri: &str, with_secret: bool) -> OAuthClient {
        let secret = unique("rcs_");
        let client = Client {
            secret_hash: with_secret.then(|| SecretHash::new(secret.as_bytes())),
            ..Client::new("Example <Client>".to_owned(), vec![redirect_uri.to_owned()], None)
                .expect("a client")
        };
        self.table().create_client(&Actor::operator(), &client).await.expect("a new client");
        let redirect_uri = redirect_uri.to_owned();
        OAuthClient { id: client.id.to_string(), secret, redirect_uri }
    }
}

/// The counts of a user with nothing but so many memberships.
fn counts_of(user: &str, memberships: usize) -> Value {
    let number = |number: usize| json!({ "N": number.to_string() });
    json!({
        "pk": { "S": format!("USER#{user}") },
        "sk": { "S": "COUNTS" },
        "type": { "S": "counts" },
        "version": number(1),
        "user": { "S": user },
        "tokens": { "M": {} },
        "grants": { "M": {} },
        "sessions": { "M": {} },
        "accountsOwned": number(0),
        "memberships": number(memberships),
    })
}

/// The request that adds to a number of an item.
fn added(key: &Value, attribute: &str, number: i64) -> Value {
    json!({
        "Key": key,
        "UpdateExpression": format!("ADD {attribute} :number"),
        "ExpressionAttributeValues": { ":number": { "N": number.to_string() } },
    })
}

/// The hash of [`PASSWORD`], computed once: it is slow on purpose.
pub(super) fn password_hash() -> String {
    static HASH: LazyLock<String> =
        LazyLock::new(|| shared::password::hash(PASSWORD).expect("a password hash"));
    HASH.clone()
}
