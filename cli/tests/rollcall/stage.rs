//! A table, and the command that is run on it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use devkit::engine::Engine;
use devkit::template::Template;
use serde_json::{Value, json};
use shared::model::{Network, Role, ServiceKey, TokenCredential, User, UserToken};
use shared::password::PasswordCache;
use shared::table::{
    Actor, Connection, CredentialKey, Login, LoginAttempts, LoginSource, LoginSubject, Stored,
    StoredCredential, Table,
};

/// A table of the template, and nothing in it.
pub(crate) struct Stage {
    engine: Arc<Engine>,
    pub(crate) table_name: String,
    pub(crate) table: Table,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::over(Arc::new(Engine::for_test().await.unwrap())).await
    }

    async fn over(engine: Arc<Engine>) -> Self {
        let table_name = engine.new_table(&Template::load().unwrap()).await.unwrap();
        let table = Table::connect(Connection::local(engine.endpoint(), &table_name)).unwrap();
        Self { engine, table_name, table }
    }

    /// The table as it is now, under another name, as a restore makes it.
    pub(crate) async fn restored(&self) -> Self {
        let copy = Self::over(Arc::clone(&self.engine)).await;
        copy.put_items_of(self, |_| true).await;
        copy
    }

    /// Puts the entries of another table's audit logs into this one's.
    pub(crate) async fn put_entries_of(&self, other: &Self) {
        self.put_items_of(other, |item| item["type"]["S"] == "audit").await;
    }

    async fn put_items_of(&self, other: &Self, is_wanted: fn(&Value) -> bool) {
        let scan = json!({ "TableName": other.table_name, "ConsistentRead": true });
        let found = other.engine.call("Scan", &scan).await.unwrap();
        for item in found["Items"].as_array().unwrap().iter().filter(|item| is_wanted(item)) {
            let put = json!({ "TableName": self.table_name, "Item": item });
            self.engine.call("PutItem", &put).await.unwrap();
        }
    }

    /// Runs the command; `stdin` is what it reads.
    pub(crate) fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = rollcall_with_keys();
        command.args(self.place()).args(arguments);
        run(command, stdin)
    }

    /// The status and the error of a command whose output nobody reads.
    pub(crate) fn unread(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = rollcall_with_keys();
        command.args(self.place()).args(arguments).stdout(writer);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// The options that lead to the table.
    pub(crate) fn place(&self) -> [&str; 4] {
        ["--table", &self.table_name, "--endpoint-url", self.engine.endpoint()]
    }

    /// The one object that a command prints when it succeeds.
    pub(crate) fn done(&self, arguments: &[&str]) -> Value {
        Self::printed(&self.run(arguments, ""))
    }

    pub(crate) fn printed(output: &Output) -> Value {
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(str::from_utf8(&output.stdout).unwrap().lines().count(), 1);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one line of a command's error; it changes nothing and prints nothing.
    pub(crate) async fn rejected(&self, arguments: &[&str], stdin: &str) -> String {
        let before = self.items().await;
        let output = self.run(arguments, stdin);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
        assert_eq!(self.items().await, before, "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    }

    pub(crate) fn jane(&self) -> Value {
        self.done(&["create-user", "--username", "janedoe", "--email", "jane.doe@example.com"])
    }

    /// Another user of this name, with the address `<name>@example.com`.
    pub(crate) fn other(&self, name: &str) -> Value {
        let email = format!("{name}@example.com");
        self.done(&["create-user", "--username", name, "--email", &email])
    }

    /// Makes a user a member of an account.
    pub(crate) async fn join(&self, user: &Value, account: &str, role: Role) {
        let (user, account) = (text(user, "id").parse().unwrap(), account.parse().unwrap());
        self.table.add_member(&Actor::operator(), account, user, role).await.unwrap();
    }

    pub(crate) async fn user(&self, id: &Value) -> Stored<User> {
        let id = id.as_str().unwrap().parse().unwrap();
        self.table.user_and(id, ()).await.unwrap().0.unwrap()
    }

    /// Takes a user's password away, as if it had never had one.
    pub(crate) async fn remove_password(&self, id: &Value) {
        let pk = format!("USER#{}", id.as_str().unwrap());
        let key = json!({ "pk": { "S": pk }, "sk": { "S": "USER" } });
        let update = json!({
            "TableName": self.table_name, "Key": key, "UpdateExpression": "REMOVE passwordHash",
        });
        self.engine.call("UpdateItem", &update).await.unwrap();
    }

    pub(crate) async fn signs_in(&self, id: &Value, password: &str) -> bool {
        let user = self.user(id).await;
        let verified = PasswordCache::new().unwrap();
        verified.verify(user.id, "here", user.password_hash.as_deref(), password).unwrap()
    }

    pub(crate) async fn token(&self, made: &Value) -> Option<Stored<UserToken>> {
        let credential: TokenCredential = text(made, "token").parse().unwrap();
        self.table
            .user_and(credential.owner(), shared::table::fetch::token(credential.id()))
            .await
            .unwrap()
            .1
    }

    pub(crate) async fn attempts(&self, user: &User) -> LoginAttempts {
        let key = ServiceKey::new("1".to_owned(), "a service key of the tests".to_owned());
        let source = LoginSource::new(&Network::Loopback, &key, []).unwrap();
        let login = Login { subject: LoginSubject::User(user.id), source };
        let stored = CredentialKey::Password(login);
        match self.table.fetch_with_credential(user.id, stored, ()).await.unwrap().0 {
            StoredCredential::Password(attempts) => attempts,
            other => panic!("{other:?}"),
        }
    }

    /// Puts an item of so many bytes, which is nobody's.
    pub(crate) async fn put_filler(&self, pk: &str, size: usize) {
        let text = |text: &str| json!({ "S": text });
        let item = json!({ "pk": text(pk), "sk": text("x"), "text": text(&"x".repeat(size)) });
        let put = json!({ "TableName": self.table_name, "Item": item });
        self.engine.call("PutItem", &put).await.unwrap();
    }

    /// Every item of the table but those of audit logs, as text.
    pub(crate) async fn items(&self) -> String {
        let scan = json!({ "TableName": self.table_name, "ConsistentRead": true });
        let mut found = self.engine.call("Scan", &scan).await.unwrap();
        let items = found["Items"].as_array_mut().unwrap();
        items.retain(|item| item["type"]["S"] != "audit");
        items.sort_by_key(|item| item["pk"].to_string() + &item["sk"].to_string());
        found["Items"].to_string()
    }
}

/// The scopes of a client without a list.
pub(crate) const ALL_SCOPES: [&str; 4] =
    ["profile_read", "profile_write", "email_read", "email_write"];

/// The command, without the AWS configuration of the machine.
pub(crate) fn rollcall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    let is_aws = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("AWS_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_aws(name)) {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    with_configuration(command, Path::new("/dev/null"))
}

/// With a configuration file in the place of `~/.aws/config`, and no other.
pub(crate) fn with_configuration(mut command: Command, file: &Path) -> Command {
    command.env("AWS_CONFIG_FILE", file).env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}

/// With region and keys from the environment; an engine takes any.
pub(crate) fn rollcall_with_keys() -> Command {
    let mut command = rollcall();
    command.env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command
}

pub(crate) fn run(mut command: Command, stdin: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    child.wait_with_output().unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}
