//! What tests, benchmarks and the project's own commands share: a DynamoDB engine with the table of
//! the template, the template itself, pinned tools, and child processes that never outlive their
//! parent.
//!
//! It knows neither the functions nor `shared`.

pub mod arch;
pub mod console;
pub mod documentation;
pub mod engine;
pub mod gateway;
pub mod group_features;
pub mod leaks;
pub mod out;
pub mod ports;
pub mod private_file;
pub mod profile;
pub mod random;
pub mod secrets_manager;
pub mod ses;
pub mod shutdown;
pub mod stream;
pub mod supervise;
pub mod template;
pub mod tools;
pub mod workspace;
