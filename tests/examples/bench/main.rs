//! Measures what it is told to, and writes what `cargo xtask bench` reports on into the file that is named second.
//!
//! Of programs every round starts every program once, in an order of its own, so that what else the machine does
//! hurts all alike.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and sizes are far below 2^52 and not negative"
)]

mod authority;
mod front;
mod instructions;
mod process;
mod scale;
mod world;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xtask::bench::{BY_PASSWORD, Measured, Plan, Results, Task};

use crate::process::Runs;
use crate::world::SharedState;

#[tokio::main]
async fn main() -> Result<()> {
    let mut files = std::env::args_os().skip(1).map(PathBuf::from);
    let (task, results) =
        (files.next().context("name a task")?, files.next().context("name a file")?);
    let measured = match serde_json::from_slice(&fs::read(task)?)? {
        Task::Programs(plan) => serde_json::to_vec_pretty(&measured(&plan).await?)?,
        Task::Scale(sizes) => serde_json::to_vec_pretty(&scale::measured(&sizes).await?)?,
    };
    Ok(fs::write(results, measured)?)
}

async fn measured(plan: &Plan) -> Result<Results> {
    let world = SharedState::start(plan).await?;
    let mut runs: Vec<Runs> = world.subjects().iter().map(|_| Runs::default()).collect();
    let mut order: Vec<usize> = (0..runs.len()).collect();
    let mut random = fastrand::Rng::with_seed(0);
    for _ in 0..plan.rounds {
        random.shuffle(&mut order);
        for &place in &order {
            let subject = &world.subjects()[place];
            let run = process::run(&world, subject, plan.warm_requests).await;
            runs[place].add(run.with_context(|| subject.name.clone())?);
        }
    }
    let mut all = Vec::new();
    for (subject, runs) in world.subjects().iter().zip(runs) {
        let instructions = if plan.counted && subject.operation != BY_PASSWORD {
            Some(instructions::per_request(&world, subject).await?)
        } else {
            None
        };
        all.push(Measured { instructions, ..runs.measured(subject)? });
    }
    Ok(Results { all })
}
