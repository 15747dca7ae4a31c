//! The side that holds on to a guarded child.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::{Child, ChildStdin};

const GRACE_SECONDS: u32 = 4;

/// A command that runs supervised; its arguments, environment and folder are passed to the program.
pub fn command(program: impl AsRef<OsStr>) -> Result<Command> {
    command_with_grace(program, GRACE_SECONDS)
}

/// The same, for a program that needs longer to end in good order.
pub fn command_with_grace(program: impl AsRef<OsStr>, grace_seconds: u32) -> Result<Command> {
    let mut command = Command::new(own_executable()?);
    command.args(["supervise", "--grace", &grace_seconds.to_string(), "--"]).arg(program);
    Ok(command)
}

/// Even if a build has replaced the file since.
pub fn own_executable() -> Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    env::current_exe().context("cannot find the running program")
}

/// A running child; dropping it ends the child and all its descendants, and waits for that.
pub struct Supervised {
    supervisor: Child,
    lifeline: Option<ChildStdin>,
}

impl Supervised {
    /// Starts what [`command`] made.
    pub fn spawn(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped());
        let mut supervisor =
            tokio::process::Command::from(command).spawn().context("cannot start a process")?;
        let lifeline = supervisor.stdin.take();
        Ok(Self { supervisor, lifeline })
    }

    /// Resolves when the child has ended by itself, and its descendants with it.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.supervisor.wait().await?)
    }

    /// Signals the child to end, and kills it after the grace period.
    pub async fn end(mut self) -> Result<ExitStatus> {
        self.lifeline = None;
        self.wait().await
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.lifeline = None;
        while matches!(self.supervisor.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
