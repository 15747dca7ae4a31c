//! The commands behind `cargo xtask`, and what they and the tests share.

pub mod baseline;
pub mod bench;
mod copy;
pub mod costs;
pub mod dev;
pub mod engine;
pub mod fuzz;
pub mod guard;
pub mod leaks;
pub mod mutants;
pub mod operator;
pub mod out;
pub mod package;
pub mod private_file;
mod random;
pub mod sealing;
pub mod secrets_manager;
pub mod seed;
pub mod signals;
pub mod soak;
pub mod template;
pub mod test;
pub mod tools;
pub mod workspace;
