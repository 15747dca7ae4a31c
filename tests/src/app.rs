//! The service in one process: the functions as libraries, over an engine in memory whose table is the template's.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use anyhow::Result;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::{Body, Context, RequestExt, Response};
use serde_json::{Value, json};
use shared::App;
use shared::auth::SignIn;
use shared::aws::Aws;
use shared::http::Call;
use shared::model::{ApiKey, Client, ClientId, Role, SecretHash, Timestamp, UserId};
use shared::password::Verified;
use shared::seal::{OpeningKey, SealingKey};
use shared::service_key::{ServiceKey, ServiceKeys};
use shared::table::{Connection, NewUser, Swept, Table};
use xtask::engine::{self, Engine};
use xtask::secrets_manager::{SECRET, SecretsManager};
use xtask::template::Template;

use crate::{Answer, Cut, OAuthClient, Operation, Person, Proxy, Service, log, unique};

/// The id that every request of these tests has.
pub const REQUEST_ID: &str = "8a3f0c1e-0000-4000-8000-000000000001";

/// The password of every person.
pub const PASSWORD: &str = "correct horse battery staple";

/// A service of its own for one test.
pub struct TestApp {
    app: App,
    sign_in: App<SignIn>,
    secrets_manager: SecretsManager,
    sealing: SealingKey,
    opening: OpeningKey,
    engine: Engine,
    table_name: String,
    proxy: Proxy,
}

impl TestApp {
    /// Starts the engine, the proxy and the functions.
    pub async fn start() -> Self {
        Self::try_start().await.expect("the test service starts")
    }

    async fn try_start() -> Result<Self> {
        log::watch();
        let engine = Engine::for_test().await?;
        let table_name = engine.new_table(&Template::load()?).await?;
        let proxy = Proxy::start(engine.endpoint()).await?;
        let service_key = json!({ "current": "1", "1": "a service key of the tests alone" });
        let secrets_manager = SecretsManager::start(&service_key).await?;
        let keys = || ServiceKeys::new(Aws::local(secrets_manager.endpoint()), SECRET.to_owned());
        let table = Table::connect(Connection::local(proxy.endpoint(), &table_name))?;
        let means = SignIn { verified: Verified::new()? };
        let sign_in = App { table: table.clone(), service_keys: keys()?, means };
        let opening = OpeningKey::generate();
        let sealing = SealingKey::parse(&opening.public_key())?;
        Ok(Self {
            app: App { table, service_keys: keys()?, means: () },
            sign_in,
            secrets_manager,
            sealing,
            opening,
            engine,
            table_name,
            proxy,
        })
    }

    /// The same functions, over a database that nobody can reach.
    pub async fn start_without_database() -> Self {
        let mut app = Self::start().await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
        drop(listener);
        app.reach_table_at(&endpoint);
        app
    }

    /// Has the functions reach the table at this address from now on.
    fn reach_table_at(&mut self, endpoint: &str) {
        let table = Table::connect(Connection::local(endpoint, &self.table_name));
        let table = table.expect("a client");
        (self.app.table, self.sign_in.table) = (table.clone(), table);
    }

    /// Has the functions reach the table through a cut from now on.
    pub async fn cut(&mut self) -> Cut {
        let cut = Cut::start(self.engine.endpoint()).await.expect("a free port");
        self.reach_table_at(cut.endpoint());
        cut
    }

    /// Has the functions reach the table through the proxy again.
    pub fn mend(&mut self) {
        let endpoint = self.proxy.endpoint().to_owned();
        self.reach_table_at(&endpoint);
    }

    /// Has the functions reach the table without the proxy, which keeps note of every call.
    pub(crate) fn pass_proxy(&mut self) {
        let endpoint = self.engine.endpoint().to_owned();
        self.reach_table_at(&endpoint);
    }

    /// Has the sweep run, as its schedule does.
    pub async fn sweep(&self) -> shared::Result<Swept> {
        sweep::handle(self.table()).await
    }

    /// What a function with these environment variables runs with beside this service, as the template would have it.
    ///
    /// The credentials are no secret: the engine takes any.
    pub fn environment(&self, names: &BTreeSet<String>) -> Vec<(String, String)> {
        let deployed = |name: &String| match name.as_str() {
            "TABLE_NAME" => self.table_name.clone(),
            "SEALING_PUBLIC_KEY" => self.opening.public_key(),
            "SERVICE_KEY_SECRET" => SECRET.to_owned(),
            name => panic!("no test knows what {name} is"),
        };
        let local = [
            ("AWS_ENDPOINT_URL_DYNAMODB", self.engine.endpoint()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secrets_manager.endpoint()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ];
        let local = local.map(|(name, value)| (name.to_owned(), value.to_owned()));
        names.iter().map(|name| (name.clone(), deployed(name))).chain(local).collect()
    }

    /// The table, for arranging what no operation can.
    pub fn table(&self) -> &Table {
        &self.app.table
    }

    /// The table past the proxy: for what others do while a request is under way.
    pub fn others(&self) -> Table {
        Table::connect(Connection::local(self.engine.endpoint(), &self.table_name))
            .expect("a client")
    }

    /// Where the engine is, past the proxy.
    pub fn engine_endpoint(&self) -> &str {
        self.engine.endpoint()
    }

    /// Where the service key is read.
    pub fn secrets_endpoint(&self) -> &str {
        self.secrets_manager.endpoint()
    }

    /// What the table is called there.
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// The service key that the functions derive from.
    pub async fn service_key(&self) -> Arc<ServiceKey> {
        self.app.service_keys.current().await.expect("the service key")
    }

    /// The proxy between the functions and the engine.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The private key of what the functions seal.
    pub fn opening_key(&self) -> &OpeningKey {
        &self.opening
    }

    /// A new user of this name, with the address `<name>@example.com`, a token, and a last use already noted.
    pub async fn person(&self, name: &str) -> Person<'_> {
        let key = self.app.service_keys.current().await.expect("the service key");
        let api_key = ApiKey::generate(&key).expect("an API key");
        let email = format!("{name}@example.com").parse().expect("an address");
        let new = NewUser {
            verified: true,
            password_hash: Some(password_hash()),
            api_keys: vec![api_key.clone()],
            ..NewUser::named(name.parse().expect("a username"), email)
        };
        let user = self.table().create_user(new).await.expect("a new user");
        let secret = api_key.secret(user.id, &key).expect("its secret");
        let person = Person::of(self, user, secret).await;
        assert_eq!(person.send("GET", "/api/public/v1/current-account").await.status, 200);
        person
    }

    /// Makes a person a member of another's personal account.
    pub async fn join(&self, member: &Person<'_>, account: &str, role: Role) {
        let account = account.parse().expect("an account id");
        self.table().add_member(account, member.user().id, role).await.expect("a new member");
    }

    /// Gives a person's account so many members more, who look like this one, past all functions: only their memberships
    /// are there.
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
        let members = (0..count).map(|_| UserId::generate().to_string());
        let items: Vec<Value> = members
            .flat_map(|member| {
                sides.iter().map(move |side| (side, member.clone())).collect::<Vec<_>>()
            })
            .map(|(side, member)| side.replace(&pattern, &member))
            .map(|item| serde_json::from_str(&item).expect("an item"))
            .collect();
        let puts = items.iter().map(|item| json!({ "PutRequest": { "Item": item } }));
        self.write(&puts.collect::<Vec<_>>()).await;
    }

    /// Has the engine do these requests of a `BatchWriteItem`, past functions and proxy.
    pub(crate) async fn write(&self, requests: &[Value]) {
        for batch in requests.chunks(25) {
            let request = json!({ "RequestItems": { self.table_name.as_str(): batch } });
            let written = self.engine.ask("BatchWriteItem", &request).await;
            let written = written.expect("the engine takes items");
            assert_eq!(written["UnprocessedItems"], json!({}));
        }
    }

    /// The event of an operation as a person asks, after what it asks for was made.
    pub async fn event(&self, operation: &Operation, person: &Person<'_>) -> Value {
        operation.prepared(self, &person.who(), person.token()).await
    }

    /// Asks for an operation as a person.
    pub async fn ask(&self, operation: &Operation, person: &Person<'_>) -> Answer {
        self.ask_with(operation, person, person.token()).await
    }

    /// Asks for an operation on what is a person's with another header.
    pub async fn ask_with(
        &self,
        operation: &Operation,
        person: &Person<'_>,
        authorization: &str,
    ) -> Answer {
        let event = operation.prepared(self, &person.who(), authorization).await;
        self.send_event(&event).await
    }

    /// A changed password, past the proxy; what no longer works is not cleared up.
    pub fn changing_password(
        &self,
        person: &Person<'_>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let key =
            json!({ "pk": { "S": format!("USER#{}", person.user().id) }, "sk": { "S": "USER" } });
        let hash = shared::password::hash("another password").expect("a password hash");
        self.engine_later(
            "UpdateItem",
            json!({
                "Key": key,
                "UpdateExpression": "SET passwordHash = :hash, credentialEpoch = credentialEpoch + :one, #version = #version + :one",
                "ExpressionAttributeNames": { "#version": "version" },
                "ExpressionAttributeValues": { ":hash": { "S": hash }, ":one": { "N": "1" } },
            }),
        )
    }

    /// Registers an OAuth client, with a secret or without.
    pub async fn new_client(&self, redirect_uri: &str, with_secret: bool) -> OAuthClient {
        let secret = unique("rcs_");
        let client = Client {
            id: ClientId::generate().expect("an id"),
            name: "Example <Client>".to_owned(),
            secret_hash: with_secret.then(|| SecretHash::of(secret.as_bytes())),
            redirect_uris: vec![redirect_uri.to_owned()],
            created_at: Timestamp::now(),
        };
        self.table().create_client(&client).await.expect("a new client");
        let redirect_uri = redirect_uri.to_owned();
        OAuthClient { id: client.id.to_string(), secret, redirect_uri }
    }

    /// Sends a request as API Gateway would hand it on; `path` may have a query.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let headers: Value = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        self.send_event(&json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
                "stage": "$default",
            },
            "body": body,
            "isBase64Encoded": false,
        }))
        .await
    }

    /// Hands an API Gateway event to the function that serves its path.
    pub async fn send_event(&self, event: &Value) -> Answer {
        let event = serde_json::from_value(event.clone()).expect("an API Gateway event");
        let call = received(event);
        let function = function_of(&call);
        answer(self.run(function, call).await)
    }

    /// Has a function answer a request, whether or not it serves its path.
    pub(crate) async fn run(&self, function: &str, call: Call) -> Response<Body> {
        match function {
            "quave-accounts" => quave_accounts::handle(&self.app, &self.sealing, call).await,
            "quave-current-account" => quave_current_account::handle(&self.app, call).await,
            "hub-users" => hub_users::handle(&self.sign_in, call).await,
            "hub-oauth" => hub_oauth::handle(&self.sign_in, call).await,
            "rollcall-tokens" => rollcall_tokens::handle(&self.sign_in, call).await,
            "e24-account" => e24_account::handle(&self.app, call).await,
            "e24-accounts" => e24_accounts::handle(&self.app, call).await,
            "golem-accounts" => golem_accounts::handle(&self.app, call).await,
            _ => not_found::handle(call).await,
        }
    }

    /// Asks the engine itself, past functions and proxy: for arranging and inspecting what no operation shows.
    pub async fn engine(&self, operation: &str, mut request: Value) -> Value {
        request["TableName"] = json!(self.table_name);
        self.engine.ask(operation, &request).await.expect("the engine answers")
    }

    /// The same later: for what others do while a request is under way.
    pub fn engine_later(
        &self,
        operation: &'static str,
        mut request: Value,
    ) -> impl Future<Output = ()> + Send + 'static {
        request["TableName"] = json!(self.table_name);
        let endpoint = self.engine.endpoint().to_owned();
        async move {
            engine::ask(&endpoint, operation, &request).await.expect("the engine answers");
        }
    }

    /// Every item of the table.
    pub async fn items(&self) -> Vec<Value> {
        Self::items_in(self.engine.endpoint(), &self.table_name).await
    }

    /// Every item of the table of this name in the engine at this address.
    pub async fn items_in(endpoint: &str, table_name: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = json!({ "TableName": table_name, "ConsistentRead": true });
        loop {
            let page = engine::ask(endpoint, "Scan", &request).await;
            let mut page = page.expect("the engine answers");
            items.extend(page["Items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["LastEvaluatedKey"].take() {
                Value::Null => return items,
                last => request["ExclusiveStartKey"] = last,
            }
        }
    }

    /// A time so many seconds from now.
    pub fn in_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_second(Timestamp::now().as_second() + seconds).expect("a time")
    }
}

/// The request of an event, as it reaches a function.
pub(crate) fn received(event: ApiGatewayV2httpRequest) -> Call {
    let mut context = Context::default();
    REQUEST_ID.clone_into(&mut context.request_id);
    Call::new(shared::http::received(event).with_lambda_context(context))
}

/// The function that serves the request's path.
pub(crate) fn function_of(call: &Call) -> &'static str {
    match call.segments().as_slice() {
        ["api", "public", "v1", "account" | "accounts", ..] => "quave-accounts",
        ["api", "public", "v1", "current-account", ..] => "quave-current-account",
        ["api", "v1.1", "users", _, ..] => "hub-users",
        ["api", "v1.1", "o", _, ..] => "hub-oauth",
        ["rollcall", "v1", "tokens", ..] => "rollcall-tokens",
        ["v2", "account", ..] => "e24-account",
        ["v2", "accounts", ..] => "e24-accounts",
        ["v1", "accounts", ..] => "golem-accounts",
        _ => "not-found",
    }
}

/// The hash of [`PASSWORD`], computed once: it is slow on purpose.
fn password_hash() -> String {
    static HASH: LazyLock<String> =
        LazyLock::new(|| shared::password::hash(PASSWORD).expect("a password hash"));
    HASH.clone()
}

/// Whatever a test does, the log tells no secret of it.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(log::leaks(), Vec::<String>::new(), "the log tells secrets");
        }
    }
}

impl Service for TestApp {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        Self::send(self, method, path, headers, body).await
    }

    async fn oauth_client(&self) -> OAuthClient {
        self.new_client("https://client.example.com/callback", true).await
    }
}

fn answer(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let text = |value: &lambda_http::http::HeaderValue| {
        value.to_str().expect("a header of text").to_owned()
    };
    let mut headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    let body = match body {
        Body::Empty => Value::Null,
        body => match serde_json::from_slice(&body) {
            Ok(json) => json,
            Err(_) => String::from_utf8(body.to_vec()).expect("a body of text").into(),
        },
    };
    Answer { status: parts.status.as_u16(), headers, body }
}
