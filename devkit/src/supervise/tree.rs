//! The descendants of this process.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process};

const MAX_PASSES: u32 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
}

/// Makes orphans below this process its own children, so that none leaves the tree. Linux alone can
/// do that; elsewhere the children of a killed child escape [`kill_all`].
#[cfg(target_os = "linux")]
pub(super) fn adopt_orphans() -> Result<()> {
    rustix::process::set_child_subreaper(Some(getpid())).context("cannot become a subreaper")
}

#[cfg(not(target_os = "linux"))]
pub(super) fn adopt_orphans() -> Result<()> {
    Ok(())
}

/// Kills every descendant. A process may start another while it is being killed, hence several
/// passes.
pub(super) async fn kill_all() -> Result<()> {
    for _ in 0..MAX_PASSES {
        let descendants = descendants(getpid().as_raw_pid(), &living()?);
        if descendants.is_empty() {
            break;
        }
        for pid in descendants {
            kill(pid)?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn kill(pid: i32) -> Result<()> {
    let Some(pid) = Pid::from_raw(pid) else { return Ok(()) };
    match kill_process(pid, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot kill process {pid}")),
    }
}

fn descendants(ancestor: i32, processes: &[Process]) -> HashSet<i32> {
    let mut found = HashSet::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        let children = processes.iter().filter(|process| process.parent == parent);
        parents.extend(children.map(|child| child.pid).filter(|&pid| found.insert(pid)));
    }
    found
}

/// All processes but zombies, which only wait for their parents.
fn living() -> Result<Vec<Process>> {
    if !Path::new("/proc/self/stat").exists() {
        let ps = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).output();
        let text = ps.context("cannot run ps")?.stdout;
        return Ok(String::from_utf8_lossy(&text).lines().filter_map(from_ps).collect());
    }
    let entries = fs::read_dir("/proc")?;
    let stats =
        entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    Ok(stats.filter_map(|stat| from_stat(&stat)).collect())
}

/// Reads `12 (name) S 11 …`; the name may hold anything.
fn from_stat(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    let mut fields = rest.rsplit_once(") ")?.1.split(' ');
    alive(pid, fields.next()?, fields.next()?)
}

/// Reads `12 11 S+`.
fn from_ps(line: &str) -> Option<Process> {
    let mut fields = line.split_whitespace();
    let (pid, parent, state) = (fields.next()?, fields.next()?, fields.next()?);
    alive(pid, state, parent)
}

fn alive(pid: &str, state: &str, parent: &str) -> Option<Process> {
    let process = Process { pid: pid.parse().ok()?, parent: parent.parse().ok()? };
    (!state.starts_with('Z')).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_parsed_whatever_its_name() {
        let process = Some(Process { pid: 12, parent: 11 });

        assert_eq!(from_stat("12 (cargo) S 11 12 12 0 -1"), process);
        assert_eq!(from_stat("12 (odd) Z 1 (1) R 11 12 12 0 -1"), process);
        assert_eq!(from_ps("   12    11 S+"), process);
        assert_eq!(from_stat("12 (cargo) Z 11 12 12 0 -1"), None);
        assert_eq!(from_ps("12 11 Z"), None);
    }

    #[test]
    fn descendants_are_found_over_generations() {
        let processes =
            [(2, 1), (3, 2), (4, 3), (5, 1), (1, 1)].map(|(pid, parent)| Process { pid, parent });

        assert_eq!(descendants(2, &processes), HashSet::from([3, 4]));
        assert!(descendants(5, &processes).is_empty());
    }

    #[test]
    fn this_process_is_listed() {
        let own = getpid().as_raw_pid();

        assert!(living().unwrap().iter().any(|process| process.pid == own));
    }
}
