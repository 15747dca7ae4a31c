//! Compares programs: every round starts every program once, in a random order, so that other work
//! on the machine affects all alike.

mod authority;
mod environment;
mod front;
mod instructions;
mod load;
pub(crate) mod process;
mod quota;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::performance::{BY_PASSWORD, Plan, Results};
use environment::Environment;
use process::Runs;

/// What each program runs, for each request that it gets.
pub(crate) async fn ran(plan: &Plan) -> Result<Vec<(PathBuf, BTreeSet<String>)>> {
    let environment = Environment::start(plan).await?;
    let mut all = Vec::new();
    for subject in environment.subjects() {
        let ran = instructions::ran(&environment, subject).await;
        all.push((subject.program.clone(), ran.with_context(|| subject.name.clone())?));
    }
    Ok(all)
}

pub(crate) async fn measured(plan: &Plan) -> Result<Results> {
    let environment = Environment::start(plan).await?;
    let mut runs: Vec<Runs> = environment.subjects().iter().map(|_| Runs::default()).collect();
    let mut order: Vec<usize> = (0..runs.len()).collect();
    let mut random = fastrand::Rng::with_seed(0);
    for _ in 0..plan.rounds {
        random.shuffle(&mut order);
        for &place in &order {
            let subject = &environment.subjects()[place];
            let run = process::run(&environment, subject, plan.warm_requests).await;
            runs[place].add(run.with_context(|| subject.name.clone())?);
        }
    }
    let mut all = Vec::new();
    for (subject, runs) in environment.subjects().iter().zip(runs) {
        let is_counted =
            plan.counted && subject.operation != BY_PASSWORD && subject.script.is_none();
        let mut measured = runs.measured(subject)?;
        if is_counted {
            let [later, start] = instructions::counts(&environment, subject).await?;
            (measured.instructions, measured.start_instructions) = (Some(later), Some(start));
        }
        all.push(measured);
    }
    let mut results = Results { all, ..Results::default() };
    if plan.tls {
        results.throttled = load::throttled(&environment).await?;
        results.loaded = load::loaded(&environment).await?;
    }
    Ok(results)
}
