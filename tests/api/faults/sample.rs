//! Which of the cases a run plays.

use std::env;
use std::fmt;

use fastrand::Rng;

use super::play::Case;

/// Draws a sixteenth of the cases. `cargo xtask test` sets it to a number of its own at every run.
const SEED: &str = "ROLLCALL_FAULTS_SEED";
/// One case in so many is drawn.
const ONE_IN: usize = 16;

/// All cases, or a sixteenth of them.
pub(super) enum Sample {
    All,
    Drawn { seed: u64, random: Rng },
}

impl Sample {
    pub(super) fn from_environment() -> Self {
        match env::var(SEED) {
            Err(_) => Self::All,
            Ok(seed) => Self::drawn(seed.parse().unwrap()),
        }
    }

    fn drawn(seed: u64) -> Self {
        Self::Drawn { seed, random: Rng::with_seed(seed) }
    }

    pub(super) const fn is_whole(&self) -> bool {
        matches!(self, Self::All)
    }

    /// The cases to play of these, in their order.
    pub(super) fn draw(&mut self, cases: Vec<Case>) -> Vec<Case> {
        let Self::Drawn { random, .. } = self else { return cases };
        let drawn = random.choose_multiple(0..cases.len(), cases.len().div_ceil(ONE_IN));
        let is_drawn = |(place, case)| drawn.contains(&place).then_some(case);
        cases.into_iter().enumerate().filter_map(is_drawn).collect()
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Drawn { seed, .. } => write!(f, ", a sixteenth that {SEED}={seed} draws"),
        }
    }
}
