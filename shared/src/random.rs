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

/// Waits up to 10 ms at first, up to twice as long at each further attempt, to 640 ms; at random, so that callers who
/// collided do not collide again.
pub(crate) async fn back_off(attempt: u32) -> Result<()> {
    let most = 10_000 << attempt.min(6);
    let wait = u64::from(u32::from_be_bytes(bytes()?)) % most;
    tokio::time::sleep(Duration::from_micros(wait)).await;
    Ok(())
}
