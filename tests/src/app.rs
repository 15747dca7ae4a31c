//! The service in one process: the functions as libraries, over an engine in memory whose table is the template's.

use std::sync::{Arc, LazyLock};

use anyhow::Result;
use lambda_http::{Body, Context, Request, RequestExt, Response};
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
use xtask::engine::Engine;
use xtask::secrets_manager::{SECRET, SecretsManager};
use xtask::template::Template;

use crate::{Answer, Cut, OAuthClient, Operation, Person, Proxy, Service, log, unique};

const TABLE: &str = "rollcall";

/// The id that every request of these tests has.
pub const REQUEST_ID: &str = "8a3f0c1e-0000-4000-8000-000000000001";

/// The password of every person.
pub const PASSWORD: &str = "correct horse battery staple";

/// A service of its own for one test.
pub struct TestApp {
    app: App,
    signed: App<ServiceKeys>,
    sign_in: App<SignIn>,
    _secrets_manager: SecretsManager,
    sealing: SealingKey,
    opening: OpeningKey,
    engine: Engine,
    proxy: Proxy,
}

impl TestApp {
    /// Starts the engine, the proxy and the functions.
    pub async fn start() -> Self {
        Self::try_start().await.expect("the test service starts")
    }

    async fn try_start() -> Result<Self> {
        log::watch();
        let engine = Engine::start(0, None).await?;
        engine.create_table(&Template::load()?, TABLE)?;
        let proxy = Proxy::start(engine.endpoint()).await?;
        let service_key = json!({ "current": "1", "1": "a service key of the tests alone" });
        let secrets_manager = SecretsManager::start(&service_key).await?;
        let keys = || ServiceKeys::new(Aws::local(secrets_manager.endpoint()), SECRET.to_owned());
        let table = Table::connect(Connection::local(proxy.endpoint(), TABLE))?;
        let signed = App { table: table.clone(), means: keys()? };
        let means = SignIn { service_keys: keys()?, verified: Verified::new()? };
        let sign_in = App { table: table.clone(), means };
        let opening = OpeningKey::generate();
        let sealing = SealingKey::parse(&opening.public_key())?;
        Ok(Self {
            app: App { table, means: () },
            signed,
            sign_in,
            _secrets_manager: secrets_manager,
            sealing,
            opening,
            engine,
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
        let table = Table::connect(Connection::local(endpoint, TABLE)).expect("a client");
        (self.app.table, self.signed.table) = (table.clone(), table.clone());
        self.sign_in.table = table;
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

    /// Where the engine itself is.
    pub fn engine_endpoint(&self) -> &str {
        self.engine.endpoint()
    }

    /// Has the sweep run, as its schedule does.
    pub async fn sweep(&self) -> shared::Result<Swept> {
        sweep::handle(&self.app).await
    }

    /// The table, for arranging what no operation can.
    pub fn table(&self) -> &Table {
        &self.app.table
    }

    /// The table past the proxy: for what others do while a request is under way.
    pub fn others(&self) -> Table {
        Table::connect(Connection::local(self.engine.endpoint(), TABLE)).expect("a client")
    }

    /// The service key that the functions derive from.
    pub async fn service_key(&self) -> Arc<ServiceKey> {
        self.signed.means.current().await.expect("the service key")
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
        let key = self.signed.means.current().await.expect("the service key");
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
        for batch in items.chunks(25) {
            let puts: Vec<_> =
                batch.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
            let request = serde_json::from_value(json!({ "RequestItems": { TABLE: puts } }));
            let written = self.engine.database().batch_write_item(request.expect("a request"));
            written.expect("the engine takes items");
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
        let request = shared::http::received(event);
        let mut context = Context::default();
        REQUEST_ID.clone_into(&mut context.request_id);
        let request = request.with_lambda_context(context);
        answer(self.dispatch(request).await)
    }

    async fn dispatch(&self, request: Request) -> Response<Body> {
        let call = Call::new(request);
        match call.segments().as_slice() {
            ["api", "public", "v1", "account" | "accounts", ..] => {
                quave_accounts::handle(&self.app, &self.sealing, call).await
            }
            ["api", "public", "v1", "current-account", ..] => {
                quave_current_account::handle(&self.app, call).await
            }
            ["api", "v1.1", "users", _, ..] => hub_users::handle(&self.sign_in, call).await,
            ["api", "v1.1", "o", _, ..] => hub_oauth::handle(&self.sign_in, call).await,
            ["rollcall", "v1", "tokens", ..] => rollcall_tokens::handle(&self.sign_in, call).await,
            ["v2", "account", ..] => e24_account::handle(&self.signed, call).await,
            ["v2", "accounts", ..] => e24_accounts::handle(&self.signed, call).await,
            ["v1", "accounts", ..] => golem_accounts::handle(&self.app, call).await,
            _ => not_found::handle(call).await,
        }
    }

    /// Asks the engine itself, past functions and proxy: for arranging and inspecting what no operation shows.
    pub async fn engine(&self, operation: &str, request: Value) -> Value {
        Self::ask_engine(self.engine.endpoint().to_owned(), operation.to_owned(), request).await
    }

    /// The same later: for what others do while a request is under way.
    pub fn engine_later(
        &self,
        operation: &str,
        request: Value,
    ) -> impl Future<Output = ()> + Send + 'static {
        let asked =
            Self::ask_engine(self.engine.endpoint().to_owned(), operation.to_owned(), request);
        async move { drop(asked.await) }
    }

    async fn ask_engine(endpoint: String, operation: String, mut request: Value) -> Value {
        request["TableName"] = json!(TABLE);
        let call = reqwest::Client::new()
            .post(endpoint)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00")
            .header("x-amz-date", "20260101T000000Z")
            .body(request.to_string());
        let answer = call.send().await.expect("the engine answers");
        let (status, body) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "{operation}: {body}");
        serde_json::from_str(&body).expect("a JSON body")
    }

    /// Every item of the table.
    pub async fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = json!({ "ConsistentRead": true });
        loop {
            let mut page = self.engine("Scan", request.clone()).await;
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
