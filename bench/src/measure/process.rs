//! One start of a program, with its first and some later requests.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::performance::{Measured, Round};
use anyhow::{Context, Result, bail, ensure};
use testkit::{RuntimeApi, RuntimeCall};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::environment::{Environment, Subject};

/// Under callgrind a start takes many times as long.
const PATIENCE: Duration = Duration::from_mins(3);

/// The results of one start, in milliseconds and KiB.
pub(crate) struct Run {
    init: f64,
    first: f64,
    cold_cpu: f64,
    first_cpu: f64,
    warm: Vec<f64>,
    /// Of a warm request.
    warm_cpu: f64,
    peak: f64,
    calls: f64,
    bytes: f64,
    /// Of a warm request, what the table itself took.
    table: f64,
}

/// The results of all starts of a program.
#[derive(Default)]
pub(crate) struct Runs(Vec<Run>);

/// A program that was started and wants an event.
pub(crate) struct Running {
    api: RuntimeApi,
    child: Child,
    started: Instant,
    ready: Instant,
}

/// Starts it, sends one request and then this many more, and ends it.
pub(crate) async fn run(
    environment: &Environment,
    subject: &Subject,
    warm_requests: usize,
) -> Result<Run> {
    let mut running = Running::start(subject.command(), subject).await?;
    let init = milliseconds(running.ready - running.started);
    let init_cpu = running.processor_time()?;
    let first = running.send(subject).await?;
    let cold_cpu = running.processor_time()?;
    let first_cpu = cold_cpu - init_cpu;
    let before = environment.passed();
    let mut warm = Vec::with_capacity(warm_requests);
    for _ in 0..warm_requests {
        warm.push(running.send(subject).await?);
    }
    let passed = environment.passed();
    let warm_cpu = running.processor_time()? - cold_cpu;
    let peak = running.peak()?;
    running.kill().await?;
    let requests = warm_requests as f64;
    let calls = (passed.calls - before.calls) as f64 / requests;
    let bytes = (passed.bytes - before.bytes) as f64 / requests;
    let table = (milliseconds(passed.responding) - milliseconds(before.responding)) / requests;
    let warm_cpu = warm_cpu / requests;
    Ok(Run { init, first, cold_cpu, first_cpu, warm, warm_cpu, peak, calls, bytes, table })
}

impl Running {
    /// The program that the command runs in the environment of a function.
    pub(crate) async fn start(mut command: Command, subject: &Subject) -> Result<Self> {
        let api = RuntimeApi::start().await;
        command.env_clear().envs(subject.environment.iter().cloned()).envs(LAMBDA);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        command.kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().context("cannot start the program")?;
        let mut running = Self { api, child, started, ready: started };
        running.ready = running.until_ready().await?;
        Ok(running)
    }

    /// One request; how long its response took, in milliseconds.
    pub(crate) async fn send(&mut self, subject: &Subject) -> Result<f64> {
        let sent = Instant::now();
        self.api.events.send(subject.event.clone()).await?;
        let (call, at) = self.next_call().await?;
        let RuntimeCall::Response(response) = call else {
            bail!("{call:?} in place of a response")
        };
        ensure!(response["statusCode"] == subject.status, "{response}");
        self.until_ready().await?;
        Ok(milliseconds(at - sent))
    }

    /// Requests one after the other; how long one took and what the threads ran for it: the means,
    /// in milliseconds.
    pub(crate) async fn send_many(
        &mut self,
        subject: &Subject,
        requests: usize,
    ) -> Result<[f64; 2]> {
        let before = self.processor_time()?;
        let mut took = 0.0;
        for _ in 0..requests {
            took += self.send(subject).await?;
        }
        let ran = self.processor_time()? - before;
        Ok([took, ran].map(|all| all / requests as f64))
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("it ended by itself")
    }

    /// Ends it at once, and waits.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Signals it to end, and waits.
    pub(crate) async fn end(mut self) -> Result<()> {
        let id = self.id()?;
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(id.cast_signed()).context("no process id")?,
            rustix::process::Signal::TERM,
        )?;
        timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }

    async fn until_ready(&mut self) -> Result<Instant> {
        match self.next_call().await? {
            (RuntimeCall::Ready, at) => Ok(at),
            (call, _) => bail!("{call:?} in place of a request for an event"),
        }
    }

    async fn next_call(&mut self) -> Result<(RuntimeCall, Instant)> {
        tokio::select! {
            call = timeout(PATIENCE, self.api.calls.recv()) => call?.context("the Runtime API ended"),
            status = self.child.wait() => bail!("it ended with {}", status?),
        }
    }

    /// The CPU time of its present threads in milliseconds: it hardly depends on other work on the
    /// machine.
    fn processor_time(&self) -> Result<f64> {
        let id = self.id()?;
        let mut nanoseconds = 0.0;
        for thread in fs::read_dir(format!("/proc/{id}/task"))? {
            // One that has ended meanwhile has no statistics any more.
            let Ok(statistics) = fs::read_to_string(thread?.path().join("schedstat")) else {
                continue;
            };
            let ran = statistics.split(' ').next().context("no schedstat")?;
            nanoseconds += ran.parse::<f64>()?;
        }
        Ok(nanoseconds / 1e6)
    }

    /// The most memory that was resident at any time, in KiB.
    fn peak(&self) -> Result<f64> {
        let id = self.id()?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        Ok(line.context("no VmHWM")?.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Run {
    fn round(&self) -> Round {
        Round { cold_ms: self.init + self.first, warm_p50_ms: quantile(self.warm.clone(), 0.5) }
    }
}

impl Runs {
    pub(crate) fn add(&mut self, run: Run) {
        self.0.push(run);
    }

    pub(crate) fn measured(&self, subject: &Subject) -> Result<Measured> {
        let of = |what: fn(&Run) -> f64| self.0.iter().map(what).collect::<Vec<_>>();
        let rounds = self.0.iter().map(Run::round).collect();
        let warm: Vec<_> = self.0.iter().flat_map(|run| run.warm.iter().copied()).collect();
        Ok(Measured {
            program: subject.name.clone(),
            operation: subject.operation.clone(),
            due_rounds: subject.due_rounds,
            is_compared: subject.is_compared,
            is_read: subject.is_read,
            hashes: subject.hashes,
            init_ms: quantile(of(|run| run.init), 0.5),
            first_ms: quantile(of(|run| run.first), 0.5),
            cold_ms: quantile(of(|run| run.init + run.first), 0.5),
            cold_cpu_ms: quantile(of(|run| run.cold_cpu), 0.5),
            first_cpu_ms: quantile(of(|run| run.first_cpu), 0.5),
            warm_p50_ms: quantile(warm.clone(), 0.5),
            warm_p99_ms: quantile(warm, 0.99),
            warm_cpu_ms: quantile(of(|run| run.warm_cpu), 0.5),
            table_ms: quantile(of(|run| run.table), 0.5),
            peak_kib: quantile(of(|run| run.peak), 0.5),
            size: if subject.script.is_some() { 0 } else { fs::metadata(&subject.program)?.len() },
            calls: quantile(of(|run| run.calls), 0.5),
            bytes: quantile(of(|run| run.bytes), 0.5),
            rounds,
            instructions: None,
            start_instructions: None,
        })
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The value that this share of them does not exceed; of none it is 0.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = (values.len() as f64 * share).ceil() as usize;
    values.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

/// The variables of Lambda that the runtime needs.
const LAMBDA: [(&str, &str); 5] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "rollcall"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/rollcall"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[1]0"),
];
