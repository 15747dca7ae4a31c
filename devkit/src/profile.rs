//! How the programs of a package are built.

use std::fmt;

use clap::ValueEnum;

/// A profile of `Cargo.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// What is deployed: each function with its own features alone, optimised as a whole
    Release,
    /// What the gate tests: all functions built at once, and not optimised
    Gate,
}

/// The profile of programs that are counted and timed: optimised, but not as a whole.
pub const COUNT: &str = "count";

impl Profile {
    /// The name that cargo has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Gate => "gate",
        }
    }

    /// The folder of its packages, in cargo's target folder. Separate, so that a package of the
    /// gate is not deployed by mistake.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Release => "package",
            Self::Gate => "package-of-the-gate",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
