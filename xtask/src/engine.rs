//! `cargo xtask engine`: a DynamoDB engine alone.

use anyhow::Result;
use clap::Args;
use devkit::engine::{Engine, Kind, RUNNING};
use devkit::out;
use devkit::shutdown::ShutdownSignals;

/// Run a DynamoDB engine alone, in memory, for tests that are run one by one
#[derive(Args)]
pub struct Options {
    /// Which one
    #[arg(value_enum)]
    engine: Kind,
    /// Port on 127.0.0.1, 0 for any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Serves until a signal arrives, and prints the variable that points tests to it.
pub async fn run(options: Options) -> Result<()> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        ended = serve(options) => ended,
        _ = signals.next() => Ok(()),
    }
}

async fn serve(options: Options) -> Result<()> {
    let engine = Engine::start(options.engine, options.port, None).await?;
    out::line(format!("{RUNNING}={}", engine.endpoint()))?;
    std::future::pending().await
}
