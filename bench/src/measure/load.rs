//! Many requests to a process: with a part of a core, and to several at once.

use std::time::Instant;

use anyhow::Result;
use tokio::task::JoinSet;

use super::environment::{Environment, Subject};
use super::process::Running;
use super::quota::Quota;
use crate::performance::{BY_PASSWORD, Loaded, SIZES, Throttled, share_of_a_core};

/// What has a part of a core.
const THROTTLED: [&str; 2] = ["golem-get-account", BY_PASSWORD];
/// Requests to each process.
const REQUESTS: usize = 1000;
/// How many processes are loaded at once.
const PROCESSES: [usize; 2] = [1, 10];

/// A read, and the first request by password, at every memory size; nothing where the machine takes
/// no quota.
pub(crate) async fn throttled(environment: &Environment) -> Result<Vec<Throttled>> {
    let mut all = Vec::new();
    let is_throttled = |one: &&Subject| THROTTLED.contains(&&*one.operation) && !one.is_compared;
    for subject in environment.subjects().iter().filter(is_throttled) {
        for megabytes in SIZES {
            let Some(quota) = Quota::new(share_of_a_core(megabytes)) else {
                return Ok(Vec::new());
            };
            let mut running = Running::start(subject.command(), subject).await?;
            let is_first = subject.operation == BY_PASSWORD;
            if !is_first {
                running.send(subject).await?;
            }
            quota.limit(running.id()?)?;
            let requests = if is_first { 1 } else { REQUESTS };
            let [took_ms, cpu_ms] = running.send_many(subject, requests).await?;
            running.kill().await?;
            let operation = subject.operation.clone();
            all.push(Throttled { operation, megabytes, took_ms, cpu_ms });
        }
    }
    Ok(all)
}

/// The lean function, the peers, and the functions that read the same.
pub(crate) async fn loaded(environment: &Environment) -> Result<Vec<Loaded>> {
    let mut all = Vec::new();
    for subject in environment.subjects().iter().filter(|one| one.is_loaded()) {
        for processes in PROCESSES {
            all.push(at_once(subject, processes).await?);
        }
    }
    Ok(all)
}

async fn at_once(subject: &Subject, processes: usize) -> Result<Loaded> {
    let mut running = Vec::new();
    for _ in 0..processes {
        let mut one = Running::start(subject.command(), subject).await?;
        one.send(subject).await?;
        running.push(one);
    }
    let started = Instant::now();
    let mut loads = JoinSet::new();
    for mut one in running {
        let subject = subject.clone();
        loads.spawn(async move { one.send_many(&subject, REQUESTS).await });
    }
    let mut cpu_ms = 0.0;
    while let Some(load) = loads.join_next().await {
        let [_, own_ms] = load??;
        cpu_ms += own_ms / processes as f64;
    }
    let requests = (processes * REQUESTS) as f64;
    let requests_per_second = requests / started.elapsed().as_secs_f64();
    Ok(Loaded { program: subject.name.clone(), processes, requests_per_second, cpu_ms })
}
