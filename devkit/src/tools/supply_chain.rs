//! What checks the dependencies.

use std::path::PathBuf;

use anyhow::Result;

use super::from_source::built;

/// `cargo-deny`, built if need be.
pub fn cargo_deny() -> Result<PathBuf> {
    built("cargo-deny", "0.20.2")
}

/// `cargo-machete`, built if need be.
pub fn cargo_machete() -> Result<PathBuf> {
    built("cargo-machete", "0.9.2")
}
