//! Clears up what interrupted requests left. A schedule calls it, no client does.

use std::time::Duration;

use shared::table::{Swept, Table};
use shared::{Error, Result};

/// For so long a run works; what is left then is left to the next one. Lambda waits longer.
pub const WITHIN: Duration = shared::timeouts::SWEEP;

/// One run, which may be under way several times at once.
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
