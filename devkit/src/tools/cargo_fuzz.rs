//! `cargo-fuzz`, and the C++ compiler that it takes to build libFuzzer.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use super::apt;
use super::from_source::built;

/// `cargo-fuzz`, built if need be.
pub fn cargo_fuzz() -> Result<PathBuf> {
    if env::var_os("CXX").is_none() && !apt::is_on_path("c++") {
        apt::install("a C++ compiler", &["g++"])?;
    }
    built("cargo-fuzz", "0.13.2")
}
