//! Children that never outlive this process, however it ends.
//!
//! A child is not started directly but through the hidden subcommand `supervise` of the running
//! program, which holds the reading end of a pipe. When the pipe's other end closes, because its
//! holder let go of it or is dead, that supervisor asks the child to end, after a grace period
//! kills it, and then kills all its descendants, also those with sessions of their own. (A
//! parent-death signal would need unsafe code and reaches only one generation.)

mod child;
mod tree;

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process, setsid};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

pub use child::own_executable;
pub use child::{Supervised, command, command_with_grace};

use crate::shutdown::ShutdownSignals;

/// Run a command until it ends or standard input closes
#[derive(Args)]
pub struct Options {
    /// Seconds between asking the command to end and killing it
    #[arg(long)]
    grace: u64,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Ends with the exit code of the command, or 128 and the number of the signal that ended it, as
/// shells do.
pub async fn run(options: Options) -> Result<ExitCode> {
    setsid().context("cannot leave the terminal")?;
    tree::adopt_orphans()?;
    let mut signals = ShutdownSignals::catch()?;
    let mut child = start(&options.command)?;

    let ended = tokio::select! {
        status = child.wait() => Some(status?),
        _ = signals.next() => None,
        closed = input_closed() => { closed?; None }
    };
    let status = match ended {
        Some(status) => status,
        None => end(&mut child, Duration::from_secs(options.grace)).await?,
    };
    tree::kill_all().await?;
    Ok(exit_code(status))
}

fn start(command: &[OsString]) -> Result<Child> {
    let (program, arguments) = command.split_first().context("no command")?;
    Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

async fn input_closed() -> Result<()> {
    let input = std::io::stdin().as_fd().try_clone_to_owned()?;
    let mut pipe = pipe::Receiver::from_owned_fd(input)?;
    while pipe.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

async fn end(child: &mut Child, grace: Duration) -> Result<ExitStatus> {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        kill_process(pid, Signal::TERM)?;
    }
    if let Ok(status) = tokio::time::timeout(grace, child.wait()).await {
        return Ok(status?);
    }
    child.kill().await?;
    Ok(child.wait().await?)
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
