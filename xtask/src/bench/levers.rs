//! What each measure brings that sets the functions apart from the stock: the stock with one more of them at a time.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::report::{self, Shares};
use super::{Floors, Plan, Results, document, measured, measuring, programs};
use devkit::out;

/// What a rung of the ladder is called, and what it is built with: a profile, and features that take measures back.
const RUNGS: [(&str, &str, &str); 8] = [
    ("one TLS client in place of two", "release", "system-tls,chain,threads,events"),
    ("authorities of one small file", "release", "aws-lc,chain,threads,events"),
    ("ring in place of aws-lc", "release", "ring,chain,threads,events"),
    ("region and credentials from the environment alone", "release", "ring,threads,events"),
    ("one thread", "release", "ring,events"),
    ("of lambda_http what is in use alone", "release", "ring"),
    ("the first call before the first event", "release", "ring,early"),
    ("the profile of the functions", "rollcall", "ring,early"),
];

/// Builds the rungs, measures them beside the floors, and shows what each has come to.
pub(super) async fn run(folder: PathBuf, plan: Plan, write: bool) -> Result<()> {
    let rungs = rungs(&folder).await?;
    let floors = Floors { rungs, ..programs::floors(&folder).await? };
    let plan = Plan { floors: Some(floors), folder, ..plan };
    let results = measured(&plan, "levers", measuring()?).await?;
    let section = section(&results)?;
    out::line(&section)?;
    if write { document::write(document::LEVERS, &section) } else { Ok(()) }
}

async fn rungs(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut built = Vec::new();
    let kept = folder.join("ladder");
    fs::create_dir_all(&kept).with_context(|| format!("cannot create {}", kept.display()))?;
    for (place, (label, profile, features)) in RUNGS.into_iter().enumerate() {
        out::line(format!("Building the stock with {label}"))?;
        let made = programs::rung(folder, profile, features).await?;
        let program = kept.join(place.to_string());
        fs::copy(&made, &program).with_context(|| format!("cannot copy {}", made.display()))?;
        built.push((format!("floor B, {label}"), program));
    }
    Ok(built)
}

fn section(results: &Results) -> Result<String> {
    let starts = results.starts();
    let mut text = format!("Over TLS, each started {starts} times:\n\n");
    text += "| the stock, and one more at a time | cold start | its CPU ms | warm p50 | memory | size | instructions |\n\
             |---|---|---|---|---|---|---|\n";
    for Shares { of, cold, warm, memory, size, .. } in report::shares(results)? {
        let instructions = of.instructions.map_or("-".to_owned(), |count| count.to_string());
        writeln!(
            text,
            "| {} | {cold:.2} | {:.1} | {warm:.2} | {memory:.2} | {size:.2} | {instructions} |",
            of.program, of.cold_cpu_ms
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use devkit::workspace;

    #[test]
    fn every_rung_is_built_with_features_and_a_profile_that_there_are() {
        let read = |file: &str| {
            let text = fs::read_to_string(workspace::root().join("bench/floors").join(file));
            text.unwrap().parse::<toml::Table>().unwrap()
        };
        let (ladder, floors) = (read("ladder/Cargo.toml"), read("Cargo.toml"));

        for (label, profile, features) in RUNGS {
            assert!(floors["profile"].get(profile).is_some(), "{label}: {profile}");
            for feature in features.split(',') {
                assert!(ladder["features"].get(feature).is_some(), "{label}: {feature}");
            }
        }
    }
}
