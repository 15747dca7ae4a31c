//! Randomness from the operating system.

use std::time::Duration;

use crate::Result;
use crate::error::failed;

/// `N` random bytes, fit for secrets.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(failed("draw random bytes"))?;
    Ok(bytes)
}

/// Waits for a random time, so that callers who collided do not collide again: up to 10 ms at
/// first, up to twice as long after each further attempt, at most 640 ms.
pub(crate) async fn back_off(attempt: u32) -> Result<()> {
    let most = 10_000 << attempt.min(6);
    let wait = u64::from(u32::from_be_bytes(bytes()?)) % most;
    tokio::time::sleep(Duration::from_micros(wait)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_wait_is_drawn_anew_below_a_bound_that_doubles_and_ends_at_640_ms() {
        for (attempt, bound) in [(0, 10), (1, 20), (3, 80), (6, 640), (7, 640), (40, 640)] {
            let mut waits = BTreeSet::new();
            for _ in 0..40 {
                let begun = Instant::now();
                back_off(attempt).await.unwrap();
                waits.insert(begun.elapsed());
            }
            // The clock of a test goes by whole milliseconds.
            let (shortest, longest) = (waits.first().unwrap(), waits.last().unwrap());
            assert!(*longest <= Duration::from_millis(bound + 1), "{attempt}: {longest:?}");
            assert!(*longest >= Duration::from_millis(bound / 2), "{attempt}: {longest:?}");
            assert!(*shortest <= Duration::from_millis(bound / 2), "{attempt}: {shortest:?}");
        }
    }
}
