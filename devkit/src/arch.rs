//! The architectures that Lambda runs.

use std::fmt;

use clap::ValueEnum;

/// What a function is built for, by the name that Lambda has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Arch {
    /// AWS Graviton, what the template deploys
    Arm64,
    /// Intel and AMD
    #[value(name = "x86_64", alias = "x86-64")]
    X86,
}

impl Arch {
    /// Rust's name of the target.
    pub const fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86 => "x86_64-unknown-linux-gnu",
        }
    }

    /// Of what runs here.
    pub const fn host() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86 }
    }

    /// The option of `cargo lambda build`.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86 => "--x86-64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        })
    }
}
