//! `cargo xtask bench --order`: what starts and requests run, for the linker to place before
//! everything else.

mod prefixes;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use devkit::{out, workspace};

use crate::measure;
use crate::performance::{self, Plan};
use prefixes::Code;

/// What `functions/build.rs` reads.
const FILE: &str = "functions/symbol-order.txt";
const HEAD: &str = "# Prefixes of the symbols that starts and requests run. \
                    `cargo xtask bench --order` writes them.\n";

/// Runs every function that requests reach and that calls the table under callgrind, over TLS as in
/// the cloud.
pub(crate) async fn run(folder: &Path) -> Result<()> {
    let folder = folder.join("order");
    let plan = Plan {
        functions: performance::with_symbols(&folder).await?,
        floors: None,
        tls: true,
        rounds: 0,
        warm_requests: 0,
        counted: false,
        folder,
    };
    let mut code = Code::default();
    for (program, ran) in measure::ran(&plan).await? {
        code.add(&symbols(&program)?, &ran);
    }
    let prefixes = code.prefixes();
    fs::write(workspace::root().join(FILE), format!("{HEAD}{}\n", prefixes.join("\n")))
        .with_context(|| format!("cannot write {FILE}"))?;
    Ok(out::line(format!("Wrote {} prefixes to {FILE}", prefixes.len()))?)
}

/// The functions in a program, with their sizes in bytes.
fn symbols(program: &Path) -> Result<Vec<(String, u64)>> {
    let output = Command::new("nm").args(["--print-size", "--defined-only"]).arg(program).output();
    let output = output.context("cannot run nm, which binutils has")?;
    ensure!(output.status.success(), "nm cannot read {}", program.display());
    let text = String::from_utf8(output.stdout)?;
    let function = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        [_, size, "t" | "T", name] => Some((name.to_owned(), u64::from_str_radix(size, 16).ok()?)),
        _ => None,
    };
    Ok(text.lines().filter_map(function).collect())
}
