//! A function as Lambda runs it: the real binary, with this program as its Runtime API.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use devkit::template::Template;
use devkit::workspace::{forget_own_package, root};
use serde_json::{Value, json};
use testkit::TestApp;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{Mutex, mpsc};

/// The functions that tests kill.
const FUNCTIONS: [&str; 2] = ["golem-accounts", "sweep"];

/// Where the binaries are, once they are built.
static BINARIES: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(build);

/// A running function.
pub(crate) struct Function {
    process: Child,
    events: mpsc::UnboundedSender<Value>,
    responses: mpsc::UnboundedReceiver<Value>,
}

/// The Runtime API of one function.
#[derive(Clone)]
struct Runtime {
    events: Arc<Mutex<mpsc::UnboundedReceiver<Value>>>,
    responses: mpsc::UnboundedSender<Value>,
}

impl Function {
    /// Starts the binary with the environment that the template gives it, over the table of a
    /// service at this address.
    pub(crate) async fn start(binary: &str, app: &TestApp, table: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = listener.local_addr().unwrap().to_string();
        let (events, next) = mpsc::unbounded_channel();
        let (sender, responses) = mpsc::unbounded_channel();
        let runtime = Runtime { events: Arc::new(Mutex::new(next)), responses: sender };
        let router = Router::new().fallback(serve).with_state(runtime);
        tokio::spawn(axum::serve(listener, router).into_future());
        let mut command = Command::new(&BINARIES[binary]);
        command.env_clear().envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", binary),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_LEVEL", "OFF"),
        ]);
        let functions = Template::load().unwrap();
        let function = functions.functions().iter().find(|own| own.binary == binary).unwrap();
        command.envs(app.environment(&function.environment));
        command.env("AWS_ENDPOINT_URL_DYNAMODB", table);
        command.stdin(Stdio::null());
        let process = tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap();
        Self { process, events, responses }
    }

    /// Hands it an event; its response, however long it takes.
    pub(crate) async fn invoke(&mut self, event: Value) -> Value {
        self.events.send(event).unwrap();
        self.responses.recv().await.unwrap()
    }

    /// Ends it at once, by SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// The Runtime API: the next event, and the response or the failure.
async fn serve(State(runtime): State<Runtime>, method: Method, uri: Uri, body: Bytes) -> Response {
    if method == Method::GET && uri.path().ends_with("/invocation/next") {
        let Some(event) = runtime.events.lock().await.recv().await else {
            return StatusCode::GONE.into_response();
        };
        let headers = [
            ("lambda-runtime-aws-request-id", "8a3f0c1e-0000-4000-8000-000000000001"),
            ("lambda-runtime-deadline-ms", "4102444800000"),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:1:function:f"),
        ];
        return (headers, event.to_string()).into_response();
    }
    let mut response = serde_json::from_slice(&body).unwrap_or_default();
    if !uri.path().ends_with("/response") {
        response = json!({ "failed": response, "at": uri.path() });
    }
    // Who waits for it may have given up.
    let _ = runtime.responses.send(response);
    StatusCode::ACCEPTED.into_response()
}

fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--message-format", "json-render-diagnostics"]);
    cargo.args(FUNCTIONS.iter().flat_map(|binary| ["--bin", binary]));
    cargo.current_dir(root());
    forget_own_package(&mut cargo);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let built = messages.filter_map(|message| {
        let binary = message["executable"].as_str()?;
        Some((message["target"]["name"].as_str()?.to_owned(), PathBuf::from(binary)))
    });
    built.collect()
}
