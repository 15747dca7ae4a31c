//! Has the linker place what starts and requests run before everything else, so that fewer pages
//! of the program become resident. `symbol-order.txt` says what that is.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let order = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../symbol-order.txt");
    writeln!(io::stdout(), "cargo::rerun-if-changed={}", order.display())?;
    // Optimised programs alone: others are not measured. Other systems' linkers have no scripts.
    if env::var("PROFILE")? != "release" || env::var("CARGO_CFG_TARGET_OS")? != "linux" {
        return Ok(());
    }
    let script = PathBuf::from(env::var("OUT_DIR")?).join("symbol-order.ld");
    fs::write(&script, script_of(&fs::read_to_string(order)?)?)?;
    Ok(writeln!(io::stdout(), "cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display())?)
}

/// A linker script for GNU's linker and LLVM's. What is rarely run stands in sections of another
/// name.
fn script_of(order: &str) -> Result<String, Box<dyn Error>> {
    let mut script = "SECTIONS {\n  .text.first : {\n".to_owned();
    for prefix in order.lines().filter(|line| !line.starts_with('#')) {
        writeln!(script, "    *(.text.{prefix}* .text.unlikely.{prefix}*)")?;
    }
    Ok(script + "  }\n} INSERT BEFORE .text;\n")
}
