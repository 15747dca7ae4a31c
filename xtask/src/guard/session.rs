//! The processes of a session.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, getsid, kill_process};

const ROUNDS: u32 = 100;

/// Kills every process of the session but this one. A process may start another while it is being killed, hence the
/// rounds.
pub(super) async fn kill_others(session: Pid) -> Result<()> {
    for _ in 0..ROUNDS {
        let others = others(session)?;
        if others.is_empty() {
            break;
        }
        for pid in others {
            kill(pid)?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn kill(pid: Pid) -> Result<()> {
    match kill_process(pid, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot kill process {pid}")),
    }
}

fn others(session: Pid) -> Result<Vec<Pid>> {
    let mut pids = if Path::new("/proc/self/stat").exists() { from_proc()? } else { from_ps()? };
    pids.retain(|&pid| pid != getpid() && getsid(Some(pid)) == Ok(session));
    Ok(pids)
}

fn from_proc() -> Result<Vec<Pid>> {
    let names =
        fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids = names.filter_map(|name| {
        let pid = Pid::from_raw(name.parse().ok()?)?;
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        is_alive(&stat).then_some(pid)
    });
    Ok(pids.collect())
}

/// A zombie waits for its parent only and cannot be killed any further.
fn is_alive(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn from_ps() -> Result<Vec<Pid>> {
    let output =
        Command::new("ps").args(["-A", "-o", "pid=,stat="]).output().context("cannot run ps")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let pids = text.lines().filter_map(|line| {
        let (pid, state) = line.trim().split_once(' ')?;
        (!state.trim().starts_with('Z')).then(|| Pid::from_raw(pid.parse().ok()?)).flatten()
    });
    Ok(pids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zombie_is_not_alive_whatever_its_name() {
        assert!(is_alive("12 (cargo) S 1 12 12"));
        assert!(is_alive("12 (odd) Z) R 1 12 12"));
        assert!(!is_alive("12 (cargo) Z 1 12 12"));
    }

    #[test]
    fn this_process_is_found_among_all() {
        assert!(from_proc().unwrap().contains(&getpid()));
    }
}
