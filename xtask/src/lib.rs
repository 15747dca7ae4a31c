//! The commands behind `cargo xtask`.

pub mod bench;
mod copy;
pub mod dev;
pub mod engine;
pub mod fuzz;
pub mod mutants;
pub mod openapi;
pub mod package;
pub mod seed;
pub mod soak;
pub mod test;
