//! `cargo xtask mutants`: a test of the tests. Each mutant breaks one rule of the sources, and the
//! tests that it names must find it.

mod breakable;
mod mutant;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::test::capture::capture;
use breakable::Breakable;
use devkit::shutdown::ShutdownSignals;
use devkit::{out, workspace};
use mutant::{Mutant, verdict};

/// Break one rule after the other in a copy of the sources, and see that the tests find it
#[derive(Args)]
pub struct Options {
    /// Only this mutant; may be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// Fails if a mutant is found by fewer tests than it names, or does not build; ends early on a
/// signal.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        missed = find_all(&options.only) => Ok(if missed? == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

/// How many were missed.
async fn find_all(only: &[String]) -> Result<usize> {
    let mutants = chosen(only)?;
    let sources = Breakable::new(workspace::target_dir()?)?;
    out::line("The sources as they are")?;
    expect_to_pass(&sources, &mutants).await?;
    let mut missed = 0;
    for mutant in &mutants {
        out::line(format!("{}: {}", mutant.name, mutant.rule))?;
        missed += usize::from(!is_found(&sources, mutant).await?);
    }
    sources.refresh()?;
    out::line(format!("{} found, {missed} missed", mutants.len() - missed))?;
    Ok(missed)
}

fn chosen(only: &[String]) -> Result<Vec<Mutant>> {
    let all = Mutant::all()?;
    if let Some(unknown) = only.iter().find(|name| all.iter().all(|mutant| mutant.name != **name)) {
        bail!("there is no mutant `{unknown}`");
    }
    Ok(all.into_iter().filter(|mutant| only.is_empty() || only.contains(&mutant.name)).collect())
}

/// A test that fails anyway finds nothing.
async fn expect_to_pass(sources: &Breakable, mutants: &[Mutant]) -> Result<()> {
    let mut tests: Vec<_> = mutants.iter().flat_map(|mutant| &mutant.found_by).collect();
    tests.sort_unstable();
    tests.dedup();
    let ran = capture(sources.tests(&tests)?).await?;
    for test in &tests {
        let passed = verdict(&ran.output, test);
        ensure!(passed == Some(true), "{test} does not pass\n{}", ran.output);
    }
    Ok(out::line(format!("    {} tests pass", tests.len()))?)
}

async fn is_found(sources: &Breakable, mutant: &Mutant) -> Result<bool> {
    let start = Instant::now();
    sources.refresh()?;
    sources.apply(mutant)?;
    let ran = capture(sources.tests(&mutant.found_by)?).await?;
    let mut is_found = true;
    for test in &mutant.found_by {
        let passed = verdict(&ran.output, test)
            .with_context(|| format!("{test} was not run:\n{}", ran.output))?;
        if passed {
            out::line(format!("    MISSED by {test}"))?;
        }
        is_found &= !passed;
    }
    if is_found {
        let seconds = start.elapsed().as_secs_f32();
        out::line(format!("    found by {} tests, {seconds:.1} s", mutant.found_by.len()))?;
    }
    Ok(is_found)
}
