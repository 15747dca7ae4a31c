//! Finishes the cleanup of interrupted requests. A schedule calls it, no client does.

use shared::table::{Swept, Table};
use shared::{Error, Result, timeouts};

/// One run, of at most [`timeouts::SWEEP`]; several may run at once.
///
/// Fails if any of the work failed, so that Lambda runs it again shortly.
pub async fn handle(table: &Table) -> Result<Swept> {
    let swept = table.sweep(timeouts::SWEEP).await;
    if swept.failed > 0 {
        let source =
            format!("{} of {} cleanups failed", swept.failed, swept.failed + swept.finished);
        return Err(Error::Internal { action: "clean up", source: source.into() });
    }
    Ok(swept)
}
