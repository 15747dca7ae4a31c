//! Marks the addresses of hard bounces and complaints as undeliverable. `EventBridge` calls it with
//! the events of SES, no client does.

mod event;

use serde_json::Value;
use shared::Result;
use shared::model::{EmailAddress, Undeliverable, UndeliverableCause};
use shared::table::Table;

use event::Feedback;

/// Marks the recipients that an event names. The same event may come again.
///
/// Fails if the event is not as SES documents it, or a mark cannot be written: Lambda tries again,
/// and then keeps the event for the operator.
pub async fn handle(table: &Table, event: Value) -> Result<()> {
    let Feedback { id, at, cause, is_final, recipients } = Feedback::parse(event)?;
    let mark = Undeliverable { since: at, cause };
    for recipient in recipients.iter().filter(|_| is_final) {
        let Ok(address) = recipient.parse::<EmailAddress>() else {
            tracing::warn!(feedback = %id, "SES names a malformed address");
            continue;
        };
        let is_new = table.mark_undeliverable(&address, mark).await?;
        report(&id, cause, if is_new { "marked" } else { "unchanged" });
    }
    if !is_final {
        report(&id, cause, "ignored");
    }
    Ok(())
}

fn report(id: &str, cause: UndeliverableCause, outcome: &'static str) {
    tracing::info!(feedback = %id, cause = cause.as_str(), outcome, "SES reported on a mail");
}
