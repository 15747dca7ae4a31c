//! `xtask supervise`, on real processes.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Starts a shell script under a supervisor.
fn supervised(script: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["supervise", "--grace", "1", "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads the process ids that the script prints, up to an empty line.
fn pids(supervisor: &mut Child) -> Vec<u32> {
    let mut text = String::new();
    let output = supervisor.stdout.as_mut().unwrap();
    let mut byte = [0];
    while !text.ends_with("\n\n") && output.read(&mut byte).unwrap() == 1 {
        text.push(char::from(byte[0]));
    }
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z"))
}

fn wait_until_dead(pids: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while pids.iter().any(|&pid| is_alive(pid)) {
        assert!(Instant::now() < deadline, "still alive");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_closed_pipe_ends_the_whole_process_tree() {
    let mut supervisor =
        supervised("trap '' TERM; setsid sleep 600 & echo $$ $!; echo; while :; do sleep 1; done");
    let pids = pids(&mut supervisor);
    assert!(pids.iter().all(|&pid| is_alive(pid)));

    drop(supervisor.stdin.take());

    supervisor.wait().unwrap();
    wait_until_dead(&pids);
}

#[test]
fn processes_left_by_a_command_end_with_it() {
    let mut supervisor = supervised("sleep 600 & echo $!; echo; exit 3");
    let pids = pids(&mut supervisor);

    // Waiting would close it, which ends a command that has not ended by itself yet.
    let held = supervisor.stdin.take();
    assert_eq!(supervisor.wait().unwrap().code(), Some(3));
    drop(held);
    wait_until_dead(&pids);
}

#[test]
fn a_command_that_ends_by_itself_is_not_killed() {
    let mut supervisor =
        supervised("trap 'exit 7' TERM; echo $$; echo; while :; do sleep 0.1; done");
    pids(&mut supervisor);

    drop(supervisor.stdin.take());

    assert_eq!(supervisor.wait().unwrap().code(), Some(7));
}
