//! Running a command with its output held back.

use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::{Instant, interval_at};

use devkit::out;
use devkit::supervise::Supervised;

const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// A command that has ended.
pub(crate) struct Captured {
    pub(crate) success: bool,
    /// Standard output and error in the order they came.
    pub(crate) output: String,
}

/// Runs what [`devkit::supervise::command`] made; while that takes long, shows how far it has come.
pub(crate) async fn capture(mut command: Command) -> Result<Captured> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = Supervised::spawn(command)?;
    let output = read(pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?).await?;
    Ok(Captured { success: child.wait().await?.success(), output })
}

async fn read(mut pipe: pipe::Receiver) -> Result<String> {
    let start = Instant::now();
    let mut ticks = interval_at(start + SIGN_OF_LIFE, SIGN_OF_LIFE);
    let mut output = Vec::new();
    loop {
        tokio::select! {
            read = pipe.read_buf(&mut output) => if read? == 0 { break },
            now = ticks.tick() => show_progress(now - start, &output)?,
        }
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

fn show_progress(elapsed: Duration, output: &[u8]) -> Result<()> {
    let output = String::from_utf8_lossy(output);
    let last = output.trim_end().lines().next_back().unwrap_or("no output yet");
    Ok(out::line(format!("    {} s: {}", elapsed.as_secs(), last.trim()))?)
}
