//! Amazon's DynamoDB Local, in a process of its own, behind a server of ours.

mod compat;

use std::io::{PipeReader, Read};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::request::call;
use crate::ports;
use crate::supervise::{self, Supervised};
use crate::{tools, workspace};
use compat::CompatProxy;

const READY_WITHIN: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);
/// What the process may do: nothing beyond this machine's own address.
const POLICY: &str = "devkit/dynamodb-local/loopback.policy";

/// A running engine, in memory; dropping it ends the process.
pub(super) struct DynamodbLocal {
    process: Supervised,
    output: JoinHandle<String>,
    proxy: Option<CompatProxy>,
}

impl DynamodbLocal {
    /// Serves on 127.0.0.1, and says where.
    pub(super) async fn start(port: u16) -> Result<(Self, String)> {
        let (own_port, _) = ports::two_free()?;
        let (reader, writer) = std::io::pipe()?;
        let mut command = java(own_port)?;
        command.stdout(writer.try_clone()?).stderr(writer);
        let process = Supervised::spawn(command)?;
        let mut engine = Self { process, output: collect(reader), proxy: None };
        let behind = format!("http://127.0.0.1:{own_port}");
        if let Err(error) = engine.ready(&behind).await {
            bail!("{error:#}, after it had said:\n{}", engine.last_words());
        }
        let (proxy, endpoint) = CompatProxy::start(port, behind).await?;
        engine.proxy = Some(proxy);
        Ok((engine, endpoint))
    }

    async fn ready(&mut self, endpoint: &str) -> Result<()> {
        let answered = async {
            while call(endpoint, "ListTables", &json!({})).await.is_err() {
                sleep(PAUSE).await;
            }
        };
        tokio::select! {
            ready = timeout(READY_WITHIN, answered) => {
                ensure!(ready.is_ok(), "DynamoDB Local does not get ready");
                Ok(())
            }
            status = self.process.wait() => bail!("DynamoDB Local ended at once ({})", status?),
        }
    }

    fn last_words(self) -> String {
        drop(self.process);
        self.output.join().unwrap_or_default()
    }

    /// Returns when the process has ended.
    pub(super) async fn stop(self) -> Result<()> {
        drop(self.proxy);
        self.process.end().await?;
        Ok(())
    }
}

/// It has no option for the address that it listens on, so Java's security manager rejects other
/// machines; and no page of another origin may read its responses.
fn java(port: u16) -> Result<Command> {
    let folder = tools::dynamodb_local()?;
    let mut command = supervise::command("java")?;
    command.arg("-Djava.security.manager");
    command.arg(format!("-Djava.security.policy=={}", workspace::root().join(POLICY).display()));
    command.arg(format!("-Djava.library.path={}", folder.join("DynamoDBLocal_lib").display()));
    command.arg("-jar").arg(folder.join("DynamoDBLocal.jar"));
    command.args(["-inMemory", "-port", &port.to_string(), "-cors", "http://127.0.0.1"]);
    Ok(command)
}

/// Reads until the process has ended.
fn collect(mut output: PipeReader) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        drop(output.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    })
}
