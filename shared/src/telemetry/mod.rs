//! Logging: one JSON object per line on standard output, which Lambda hands to CloudWatch.

mod event;
pub(crate) mod request;

pub use event::SecurityEvent;
pub use request::{observe_client, set_sink};

use std::sync::LazyLock;
use std::{env, panic};

pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What makes the lines, for `writer` to take.
pub fn lines<W>(level: LevelFilter, writer: W) -> impl SubscriberInitExt
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // These have requests of nobody, and lines of their own.
    let own = ["shared", "mailer", "mail_feedback", "pre_traffic"].map(|target| (target, level));
    let filter = Targets::new().with_default(LevelFilter::WARN).with_targets(own);
    // What a passkey answers is no fault of ours, whatever is wrong with it.
    let filter = filter.with_target("webauthn", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(filter).with(lines)
}

/// Starts logging at the level of `AWS_LAMBDA_LOG_LEVEL` (default `INFO`).
///
/// The level is that of Rollcall's own lines. Libraries log only from `WARN` up: at lower levels
/// the SDK prints headers and bodies.
pub fn init() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|text| text.parse().ok());
    lines(level.unwrap_or(LevelFilter::INFO), std::io::stdout).init();
    // A panic's message may quote a value; its place is enough to find it.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(version = version(), place, "panicked");
    }));
}

/// The version of the function that runs, as Lambda counts them; none outside of Lambda. Every line
/// of an error names it: an alarm on a new version counts only its own.
pub fn version() -> Option<&'static str> {
    static VERSION: LazyLock<Option<String>> =
        LazyLock::new(|| env::var("AWS_LAMBDA_FUNCTION_VERSION").ok());
    VERSION.as_deref()
}
