//! Makes what the function serves from the sources of the documentation, so that at its start it
//! reads, renders and compresses nothing.

mod files;
mod markdown;
mod references;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let crate_folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = crate_folder.join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let code = [
        files::files(&crate_folder, &out)?,
        markdown::pages(&root.join("docs"), &out)?,
        references::references(&root.join("openapi"), &out)?,
    ];
    fs::write(out.join("content.rs"), code.concat())?;
    Ok(())
}

/// The text of a file. If it changes, all of this runs again.
fn read(file: &Path) -> Result<String> {
    watch(file)?;
    Ok(fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?)
}

/// Has all of this run again if a file changes.
fn watch(file: &Path) -> Result<()> {
    Ok(writeln!(io::stdout(), "cargo::rerun-if-changed={}", file.display())?)
}
