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
        let mut others = members(session)?;
        others.retain(|&pid| pid != getpid());
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

fn members(session: Pid) -> Result<Vec<Pid>> {
    if Path::new("/proc/self/stat").exists() { from_proc(session) } else { from_ps(session) }
}

fn from_proc(session: Pid) -> Result<Vec<Pid>> {
    let entries = fs::read_dir("/proc")?;
    let members = entries.filter_map(|entry| {
        let folder = entry.ok()?.path();
        let pid = folder.file_name()?.to_str()?.parse().ok()?;
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        is_alive_in(session, &stat).then(|| Pid::from_raw(pid)).flatten()
    });
    Ok(members.collect())
}

/// Reads `12 (name) S parent group session …`; a zombie, which only waits for its parent, counts as dead.
fn is_alive_in(session: Pid, stat: &str) -> bool {
    let Some((_, fields)) = stat.rsplit_once(") ") else { return false };
    let mut fields = fields.split(' ');
    let (state, of_session) = (fields.next(), fields.nth(2));
    state != Some("Z") && of_session.and_then(|id| id.parse().ok()) == Some(session.as_raw_pid())
}

fn from_ps(session: Pid) -> Result<Vec<Pid>> {
    let ps =
        Command::new("ps").args(["-A", "-o", "pid=,stat="]).output().context("cannot run ps")?;
    let text = String::from_utf8_lossy(&ps.stdout);
    let alive = text.lines().filter_map(|line| {
        let (pid, state) = line.trim().split_once(' ')?;
        (!state.trim().starts_with('Z')).then(|| Pid::from_raw(pid.parse().ok()?)).flatten()
    });
    Ok(alive.filter(|&pid| getsid(Some(pid)) == Ok(session)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_told_by_its_session_and_life_whatever_its_name() {
        let session = Pid::from_raw(10).unwrap();

        assert!(is_alive_in(session, "12 (cargo) S 11 11 10 0 -1"));
        assert!(is_alive_in(session, "12 (odd) Z 1 1 1) R 11 11 10 0 -1"));
        assert!(!is_alive_in(session, "12 (cargo) Z 11 11 10 0 -1"));
        assert!(!is_alive_in(session, "12 (cargo) S 10 10 11 0 -1"));
    }

    #[test]
    fn this_process_is_found_in_its_own_session() {
        assert!(members(getsid(None).unwrap()).unwrap().contains(&getpid()));
    }
}
