//! Logging: one JSON object per line on standard output, which Lambda hands to CloudWatch.

use std::panic;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at the level of `AWS_LAMBDA_LOG_LEVEL` (default `INFO`).
///
/// The level holds for our own lines. Libraries never log below `WARN`: on their lower levels the SDK prints headers
/// and bodies.
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|text| text.parse().ok());
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("shared", level.unwrap_or(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);

    tracing_subscriber::registry().with(filter).with(lines).init();
    // A panic's message may quote a value; its place is enough to find it.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
