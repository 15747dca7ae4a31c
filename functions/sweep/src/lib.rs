//! Finishes the cleanup of interrupted requests. A schedule calls it, no client does.

use std::time::Duration;

use shared::table::{Swept, Table};
use shared::{Error, Result};

/// Time budget per run; the next run does the rest. Lambda's timeout is longer.
pub const WITHIN: Duration = shared::timeouts::SWEEP;

/// One run. Several may be in progress at once.
///
/// Fails if any of the work failed, so that Lambda runs it again shortly.
pub async fn handle(table: &Table) -> Result<Swept> {
    let swept = table.sweep(WITHIN).await;
    if swept.failed > 0 {
        let source = "see the lines before".into();
        return Err(Error::Unavailable { action: "clear up all that is left", source });
    }
    Ok(swept)
}
