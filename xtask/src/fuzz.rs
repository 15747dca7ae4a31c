//! `cargo xtask fuzz`: bad input at scale. What must hold stands in `tests::fuzz`, what libFuzzer
//! runs in `fuzz/`.

mod keep;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::test::capture::capture;
use devkit::shutdown::ShutdownSignals;
use devkit::supervise::Supervised;
use devkit::{out, supervise, tools, workspace};
use report::Report;

/// The limits of a run: memory in MiB, a single allocation likewise, and seconds for one input on a
/// slow machine.
const LIMITS: [&str; 3] = ["-rss_limit_mb=2048", "-malloc_limit_mb=256", "-timeout=60"];

/// Words that input is likely to need.
const DICTIONARY: &str = "fuzz/dictionary.txt";

/// Make bad input of every kind, and look for some that breaks a rule
#[derive(Args)]
pub struct Options {
    /// For how long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this target; may be given more than once
    #[arg(long)]
    target: Vec<String>,
    /// Instead run one file, as input of the one target
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
    /// Afterwards replace `fuzz/corpus` by the smallest input that covers as much
    #[arg(long, conflicts_with = "input")]
    keep: bool,
}

/// Fails if any target found something.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        outcome = fuzz(options) => outcome,
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn fuzz(options: Options) -> Result<ExitCode> {
    let targets = chosen(&options.target)?;
    tools::install("cargo-fuzz").await?;
    if let (Some(input), [target]) = (&options.input, targets.as_slice()) {
        return replay(target, input).await;
    }
    ensure!(options.input.is_none(), "a file is input of one target");
    let built = Supervised::spawn(cargo_fuzz("build")?)?.wait().await?;
    ensure!(built.success(), "the targets cannot be built, see above");
    let mut is_sound = true;
    for target in &targets {
        is_sound &= search(target, options.seconds).await?;
    }
    if options.keep && is_sound {
        for target in &targets {
            keep::keep(target).await?;
        }
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The targets that were named, else all.
fn chosen(named: &[String]) -> Result<Vec<String>> {
    let all = targets()?;
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        anyhow::bail!("there is no target {unknown}, but {}", all.join(", "));
    }
    Ok(if named.is_empty() { all } else { named.to_vec() })
}

/// Every target, by name.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(workspace::root().join("fuzz/fuzz_targets"))? {
        let path = file?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Runs one target for a time and reports the result; whether nothing was found.
async fn search(target: &str, seconds: u64) -> Result<bool> {
    out::line(format!("==> {target}: {seconds} s"))?;
    let work = work_folder(target)?;
    fs::create_dir_all(&work)?;
    let mut command = cargo_fuzz("run")?;
    command.arg(target).arg(work).args(folders(target)).arg("--").args(LIMITS);
    command.args([&format!("-max_total_time={seconds}"), &format!("-dict={DICTIONARY}")]);
    command.args([&format!("-max_len={}", max_len(target)), "-print_final_stats=1"]);
    let ran = capture(command).await?;
    let report = Report::read(&ran.output);
    if ran.success {
        out::line(format!("    ok, {report}"))?;
        return Ok(true);
    }
    out::line(ran.output.trim_end())?;
    let finding =
        report.finding.as_deref().context("the target ended without having found anything")?;
    out::line(format!("    FAILED, {report}"))?;
    out::line(format!("    input:  {finding}"))?;
    out::line(format!("    replay: cargo xtask fuzz --target {target} --input {finding}"))?;
    Ok(false)
}

async fn replay(target: &str, input: &Path) -> Result<ExitCode> {
    let input = input.canonicalize().with_context(|| format!("cannot read {}", input.display()))?;
    let mut command = cargo_fuzz("run")?;
    command.arg(target).arg(input).arg("--").args(LIMITS);
    let status = Supervised::spawn(command)?.wait().await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The maximum length of an input in bytes: a body is rejected beyond 64 KiB, and headers are
/// short.
fn max_len(target: &str) -> usize {
    match target {
        "form" | "json" => 70_000,
        "event" => 8_192,
        _ => 1_024,
    }
}

/// Where the findings for a target are collected from run to run.
fn work_folder(target: &str) -> Result<PathBuf> {
    Ok(build_folder()?.join("found").join(target))
}

fn build_folder() -> Result<PathBuf> {
    Ok(workspace::target_dir()?.join("fuzz"))
}

/// The stored inputs of a target.
fn folders(target: &str) -> Vec<PathBuf> {
    let mut folders = seeds(target);
    folders.push(corpus(target));
    folders
}

/// The inputs written by hand.
fn seeds(target: &str) -> Vec<PathBuf> {
    let mut folders = vec![workspace::root().join("fuzz/seeds").join(target)];
    if target == "event" {
        folders.push(workspace::root().join("events"));
    }
    folders
}

/// The inputs that the fuzzer found.
fn corpus(target: &str) -> PathBuf {
    workspace::root().join("fuzz/corpus").join(target)
}

/// A command of cargo-fuzz. The sanitizer, which limits the memory, is unstable in Rust, so the
/// compiler is made to accept it.
fn cargo_fuzz(command: &str) -> Result<Command> {
    let mut fuzz = supervise::command(tools::cargo_fuzz()?)?;
    fuzz.args(["fuzz", command, "--fuzz-dir", "fuzz", "--target-dir"]).arg(build_folder()?);
    fuzz.current_dir(workspace::root()).env("RUSTC_BOOTSTRAP", "1");
    workspace::forget_own_package(&mut fuzz);
    fuzz.env("CARGO", workspace::cargo_program());
    Ok(fuzz)
}
