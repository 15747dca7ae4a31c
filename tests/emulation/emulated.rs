//! A function's program for arm64, running.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use devkit::tools::{ARM64_ROOT, QEMU};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testkit::{RuntimeApi, RuntimeCall};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// For what takes a second or two here.
const PATIENCE: Duration = Duration::from_mins(2);

/// A program that waits for events; dropping it kills it.
pub(crate) struct Emulated {
    api: RuntimeApi,
    program: Child,
    log: JoinHandle<String>,
}

impl Emulated {
    /// Starts a function with this environment alone; it is ready when it returns.
    pub(crate) async fn start(binary: &str, environment: Vec<(String, String)>) -> Self {
        let mut emulated = Self::spawn(binary, environment).await;
        assert_eq!(emulated.next_call().await, RuntimeCall::Ready, "{binary}");
        emulated
    }

    /// The error of a function that does not start.
    pub(crate) async fn rejection(binary: &str, environment: Vec<(String, String)>) -> String {
        let mut emulated = Self::spawn(binary, environment).await;
        let status = timeout(PATIENCE, emulated.program.wait()).await.unwrap().unwrap();
        assert!(!status.success(), "{binary}");
        emulated.log.await.unwrap()
    }

    async fn spawn(binary: &str, environment: Vec<(String, String)>) -> Self {
        let api = RuntimeApi::start().await;
        let mut command = Command::new(QEMU);
        command.args(["-L", ARM64_ROOT]).arg(program(binary));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).envs(environment);
        command.env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
        command.envs(LAMBDA).env("AWS_LAMBDA_FUNCTION_NAME", binary);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = command.kill_on_drop(true).spawn().unwrap();
        let (stdout, stderr) = (program.stdout.take().unwrap(), program.stderr.take().unwrap());
        let log = tokio::spawn(async move {
            let (mut one, mut other) = (String::new(), String::new());
            let (mut stdout, mut stderr) = (stdout, stderr);
            let read =
                tokio::join!(stdout.read_to_string(&mut one), stderr.read_to_string(&mut other));
            read.0.and(read.1).unwrap();
            one + &other
        });
        Self { api, program, log }
    }

    /// Sends it an event; returns the response once it is ready for the next one.
    pub(crate) async fn response(&mut self, event: &Value) -> Value {
        self.api.events.send(event.clone()).await.unwrap();
        let call = self.next_call().await;
        let RuntimeCall::Response(response) = call else { panic!("{call:?} to {event}") };
        assert_eq!(self.next_call().await, RuntimeCall::Ready);
        response
    }

    /// Ends it by a signal, as Lambda does; returns its log.
    pub(crate) async fn end(mut self) -> String {
        let pid = self.program.id().and_then(|id| Pid::from_raw(id.cast_signed())).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let status = timeout(PATIENCE, self.program.wait()).await.unwrap().unwrap();
        assert!(status.success() || status.signal() == Some(15), "{status}");
        self.log.await.unwrap()
    }

    async fn next_call(&mut self) -> RuntimeCall {
        tokio::select! {
            call = timeout(PATIENCE, self.api.calls.recv()) => call.unwrap().unwrap().0,
            status = self.program.wait() => RuntimeCall::Error(format!("it ended: {status:?}")),
        }
    }
}

/// The variables of Lambda that the runtime needs.
const LAMBDA: [(&str, &str); 5] = [
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/rollcall"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[1]0"),
];

/// A function's program in the package.
pub(crate) fn program(binary: &str) -> PathBuf {
    let folder = std::env::var_os("ROLLCALL_PACKAGE")
        .ok_or("`cargo xtask test --long` makes the package and names its folder");
    PathBuf::from(folder.unwrap()).join(binary).join("bootstrap")
}
