//! The service in one process: the functions as libraries, over an engine in memory whose table is
//! the template's.

mod arrange;
mod client;
mod engine;
mod functions;
mod links;
mod mail;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use anyhow::Result;
use devkit::engine::Engine;
use devkit::secrets_manager::{SECRET, SecretsManager};
use devkit::template::Template;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use shared::Settings;
use shared::aws::Aws;
use shared::http::ApiRequest;
use shared::model::Timestamp;
use shared::seal::{SealPrivateKey, SealPublicKey};
use shared::service_key::{ServiceKey, ServiceKeys};
use shared::table::{Connection, Swept, Table};

use crate::proxy::Door;
use crate::{
    ApiResponse, CallCutoff, DocumentedOperation, MailedLink, OAuthClient, Person, Proxy, Service,
    TestCredentials, browser, contract, log,
};
pub use client::ClientAt;
pub(crate) use client::event;
use functions::Functions;
pub(crate) use functions::{function_of, received};
pub use mail::Post;

/// Read once, and the next made once: a debug build takes its time over both.
pub(crate) static TEMPLATE: LazyLock<Template> =
    LazyLock::new(|| Template::load().expect("the template"));

/// The private key of what the functions seal.
static OPENING: LazyLock<SealPrivateKey> = LazyLock::new(SealPrivateKey::generate);

/// The public one.
static PUBLIC: LazyLock<String> = LazyLock::new(|| OPENING.public_key());

const SERVICE_KEY: &str = "a service key of the tests alone";

/// The domain that every request of these tests comes to.
pub const DOMAIN: &str = "api.example.com";

/// The id that every request of these tests has.
pub const REQUEST_ID: &str = "8a3f0c1e-0000-4000-8000-000000000001";

/// The password of every person.
pub const PASSWORD: &str = "correct horse battery staple";

/// A service of its own for one test.
pub struct TestApp {
    functions: Functions,
    settings: Settings,
    /// The table and the service key as the test itself reaches them.
    table: Table,
    service_keys: ServiceKeys,
    secrets_manager: SecretsManager,
    engine: Engine,
    table_name: String,
    proxy: Proxy,
    /// Where nothing listens, reserved for as long as a function connects to it.
    closed_port: Option<Door>,
}

impl TestApp {
    /// Starts the engine, the proxy and the functions.
    pub async fn start() -> Self {
        Self::try_start().await.expect("the test service starts")
    }

    async fn try_start() -> Result<Self> {
        Self::start_over(Engine::for_test().await?).await
    }

    /// Starts the functions over an engine, with a table of their own in it.
    pub async fn start_over(engine: Engine) -> Result<Self> {
        log::watch();
        let table_name = engine.new_table(&TEMPLATE).await?;
        let proxy = Proxy::start(engine.endpoint()).await?;
        let service_key = json!({ "current": "1", "1": SERVICE_KEY });
        let secrets_manager = SecretsManager::start(&service_key).await?;
        let keys = |caller: &str| service_keys(&secrets_manager, caller);
        let table = |caller: &str| connect(&proxy.endpoint_of(caller), &table_name);
        Ok(Self {
            functions: Functions::start(table, keys, SealPublicKey::parse(&PUBLIC)?)?,
            settings: functions::settings(),
            table: connect(proxy.endpoint(), &table_name)?,
            service_keys: keys(""),
            secrets_manager,
            engine,
            table_name,
            proxy,
            closed_port: None,
        })
    }

    /// Restarts the functions, as after a cold start, except that they keep the service key: with
    /// another proxy in front of the same engine.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.proxy.close();
        self.assert_granted();
        self.proxy = Proxy::start(self.engine.endpoint()).await?;
        self.functions.forget_passwords()?;
        self.mend();
        Ok(())
    }

    /// The same functions over an unreachable database.
    pub async fn start_without_database() -> Self {
        let app = Self::start().await;
        app.proxy.close();
        app
    }

    /// Sets the address at which each caller reaches the table from now on; the empty caller is the
    /// test itself.
    fn reach_table_at(&mut self, endpoint: impl Fn(&str) -> String) {
        let table = |caller: &str| connect(&endpoint(caller), &self.table_name);
        self.functions.reach(table).expect("clients");
        self.table = table("").expect("a client");
    }

    /// Has the functions reach the table through a cut from now on.
    pub async fn cutoff(&mut self) -> CallCutoff {
        let cutoff = CallCutoff::start(self.engine.endpoint()).await.expect("a free port");
        self.reach_table_at(|_| cutoff.endpoint().to_owned());
        cutoff
    }

    /// Has the functions reach the table through the proxy again.
    pub fn mend(&mut self) {
        let proxy = self.proxy.clone();
        self.reach_table_at(|caller| proxy.endpoint_of(caller));
    }

    /// Restarts the functions after a rotation of the service key: the old version is still there.
    pub async fn rotate_service_key(&mut self) {
        let service_key = json!({
            "current": "2",
            "1": SERVICE_KEY,
            "2": "a later service key of the tests alone",
        });
        let manager = SecretsManager::start(&service_key).await.expect("a free port");
        self.secrets_manager = manager;
        self.forget_service_key();
    }

    /// Restarts the functions while Secrets Manager is unreachable.
    pub fn lose_service_key(&mut self) {
        let closed = self.closed_port.insert(Door::new().expect("a free port"));
        let keys = |_: &str| ServiceKeys::new(Aws::local(closed.endpoint()), SECRET.to_owned());
        self.functions.forget_service_key(keys);
    }

    /// Restarts the functions with what the operator decides.
    pub fn configure(&mut self, settings: Settings) {
        self.functions.configure(&settings);
        self.settings = settings;
    }

    /// Has a rejected sign-in take a multiple of this from now on.
    pub fn set_rejected_sign_in(&mut self, unit: std::time::Duration) {
        self.functions.set_rejected_sign_in(unit);
    }

    fn assert_granted(&self) {
        assert_eq!(self.proxy.denied(), Vec::<String>::new(), "the template does not grant it");
    }

    fn forget_service_key(&mut self) {
        let keys = |caller: &str| service_keys(&self.secrets_manager, caller);
        self.functions.forget_service_key(keys);
        self.service_keys = keys("");
    }

    /// Has the functions reach the table without the proxy, which keeps note of every call.
    pub fn pass_proxy(&mut self) {
        let endpoint = self.engine.endpoint().to_owned();
        self.reach_table_at(|_| endpoint.clone());
    }

    /// Has the sweep run, as its schedule does.
    pub async fn sweep(&self) -> shared::Result<Swept> {
        self.functions.sweep().await
    }

    /// What a function with these environment variables runs with beside this service, as the
    /// template would have it.
    ///
    /// The credentials are no secret: the engine takes any.
    pub fn environment(&self, names: &BTreeSet<String>) -> Vec<(String, String)> {
        let deployed = |name: &String| match name.as_str() {
            "TABLE_NAME" => self.table_name.clone(),
            "AUDIT_RETENTION_DAYS" => "400".to_owned(),
            "SIGN_UP" => "open".to_owned(),
            "SIGNED_QUERY" => "lenient".to_owned(),
            // Below the domain that the event names, and as the service comes.
            "PUBLIC_URL" | "MAIL_CONFIGURATION_SET" | "NEW_VERSIONS" | "ACCENT_COLOR" | "LOGO" => {
                String::new()
            }
            "MAIL_FROM" => "accounts@example.com".to_owned(),
            "SERVICE_NAME" => "Rollcall".to_owned(),
            "SEALING_PUBLIC_KEY" => PUBLIC.clone(),
            "SERVICE_KEY_SECRET" => SECRET.to_owned(),
            "REQUIRE_CURRENT_PASSWORD" => "false".to_owned(),
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

    /// What the operator decides.
    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The table, for arranging what no operation can.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The service key that the functions derive from.
    pub async fn service_key(&self) -> Arc<ServiceKey> {
        self.service_keys.current().await.expect("the service key")
    }

    /// The service key as the test itself reads it.
    pub const fn service_keys(&self) -> &ServiceKeys {
        &self.service_keys
    }

    /// Whether a function has read the service key.
    pub fn has_read_service_key(&self, function: &str) -> bool {
        self.secrets_manager.was_read_by(function)
    }

    /// The proxy between the functions and the engine.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The private key of what the functions seal.
    pub fn opening_key(&self) -> &SealPrivateKey {
        &OPENING
    }

    /// The event of an operation with a person's credential, after what it needs was created.
    pub async fn event(&self, operation: &DocumentedOperation, person: &Person<'_>) -> Value {
        operation.prepared(self, &person.credentials(), person.token()).await
    }

    /// The same, with the password where the event replaces the token that sends it.
    pub async fn repeatable_event(
        &self,
        operation: &DocumentedOperation,
        person: &Person<'_>,
    ) -> Value {
        let token = person.token().to_owned();
        let header = if operation.replaces_its_token() { person.basic() } else { token };
        operation.prepared(self, &person.credentials(), &header).await
    }

    /// Calls an operation as a person.
    pub async fn call(&self, operation: &DocumentedOperation, person: &Person<'_>) -> ApiResponse {
        self.ask_with(operation, person, person.token()).await
    }

    /// Calls an operation on a person's resources with another header.
    pub async fn ask_with(
        &self,
        operation: &DocumentedOperation,
        person: &Person<'_>,
        authorization: &str,
    ) -> ApiResponse {
        let event = operation.prepared(self, &person.credentials(), authorization).await;
        self.send_event(&event).await
    }

    /// Sends a request as API Gateway would hand it on; `path` may have a query.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> ApiResponse {
        self.at("127.0.0.1").send(method, path, headers, body).await
    }

    /// A client with this address.
    pub fn at(&self, address: impl Into<String>) -> ClientAt<'_> {
        ClientAt { app: self, address: address.into() }
    }

    /// Hands an API Gateway event to the function that serves its path.
    pub async fn send_event(&self, event: &Value) -> ApiResponse {
        let event: ApiGatewayV2httpRequest =
            serde_json::from_value(event.clone()).expect("an API Gateway event");
        let call = received(event.clone(), &self.settings);
        let function = function_of(&call);
        // Boxed, so that the futures of tests stay small.
        let response = functions::api_response(Box::pin(self.run(function, call)).await);
        if function != "docs" {
            browser::check(&response);
        }
        contract::check(&received(event, &self.settings), function, &response);
        response
    }

    /// Runs a function on a request, whether or not it serves its path.
    pub(crate) async fn run(&self, function: &str, call: ApiRequest) -> Response<Body> {
        self.functions.run(function, call).await
    }

    /// A time so many seconds from now.
    pub fn in_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_second(Timestamp::now().as_second() + seconds).expect("a time")
    }
}

fn connect(endpoint: &str, table_name: &str) -> Result<Table> {
    Ok(Table::connect(Connection::local(endpoint, table_name))?)
}

fn service_keys(manager: &SecretsManager, caller: &str) -> ServiceKeys {
    let endpoint = format!("{}/{caller}", manager.endpoint());
    ServiceKeys::new(Aws::local(&endpoint), SECRET.to_owned())
}

/// Checks after every test that the log reveals no secret, and that no function made a call that
/// its role does not allow.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(log::leaks(), Vec::<String>::new(), "the log tells secrets");
            self.assert_granted();
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
    ) -> ApiResponse {
        Self::send(self, method, path, headers, body).await
    }

    async fn oauth_client(&self) -> OAuthClient {
        self.new_client("https://client.example.com/callback", true).await
    }

    async fn mailed_token(&self, link: MailedLink, credentials: &TestCredentials) -> String {
        self.new_link(link, &credentials.username).await
    }

    async fn session(&self, credentials: &TestCredentials) -> String {
        self.new_session(&credentials.username).await
    }

    async fn totp_secret(&self, credentials: &TestCredentials) -> String {
        self.second_factor(&credentials.username).await
    }
}
