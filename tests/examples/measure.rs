//! Writes what `cargo xtask costs` works with into the file that is named.

use anyhow::Context;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).context("name a file")?;
    Ok(std::fs::write(file, serde_json::to_vec(&tests::facts().await)?)?)
}
