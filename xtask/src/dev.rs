//! `cargo xtask dev`: the whole service on one machine.

mod data;
mod functions;
mod output;
mod readiness;
mod state;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use clap::{Args, value_parser};

use crate::seed::{self, Secrets};
use data::Data;
use devkit::engine::{Engine, Kind};
use devkit::secrets_manager::SecretsManager;
use devkit::shutdown::ShutdownSignals;
use devkit::template::Template;
use devkit::{out, ports, tools, workspace};
use state::{DevJson, StateDir};

const TABLE_NAME: &str = "rollcall";

/// Run the service here: a DynamoDB engine and all functions, rebuilt when their sources change
#[derive(Args, Clone)]
pub struct Options {
    /// Port of the HTTP API
    #[arg(long, default_value_t = 9000, value_parser = value_parser!(u16).range(1..))]
    port: u16,
    /// Port of the DynamoDB engine
    #[arg(long, default_value_t = 8000, value_parser = value_parser!(u16).range(1..))]
    dynamodb_port: u16,
    /// DynamoDB engine
    #[arg(long, value_enum, default_value_t)]
    engine: Kind,
    /// Build the functions with the release profile
    #[arg(long)]
    release: bool,
    /// Processes per function, started as requests come in at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Keep the data in FILE, and the secrets of its users in FILE.secrets; without it both last
    /// until the end
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where `dev.json` goes once the service is ready [default: target/dev]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Port on which the functions reach DynamoDB, if something stands between them and the engine
    #[arg(long, value_name = "PORT", hide = true)]
    dynamodb_through: Option<u16>,
}

/// Serves until a signal comes; every child has ended when it returns.
pub async fn run(options: Options) -> Result<()> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        ended = serve(options) => ended,
        _ = signals.next() => Ok(out::line("Stopped")?),
    }
}

async fn serve(options: Options) -> Result<()> {
    ensure!(options.port != options.dynamodb_port, "the API and DynamoDB cannot share a port");
    ports::require_free("--port", options.port)?;
    ports::require_free("--dynamodb-port", options.dynamodb_port)?;
    let folder = options.state_dir.clone();
    let state = StateDir::open(&folder.unwrap_or_else(|| workspace::root().join("target/dev")))?;
    let data = Data::open(options.data.as_deref())?;
    tools::install("cargo-lambda").await?;
    if options.engine == Kind::DynamodbLocal {
        tools::install("dynamodb-local").await?;
    }

    let template = Template::load()?;
    let engine = Engine::start(options.engine, options.dynamodb_port, data.file()).await?;
    let secrets = data.secrets()?.map_or_else(seed::keys, Ok)?;
    let secrets_manager = SecretsManager::start(secrets.service_key()).await?;
    let secrets = populate(&engine, &template, &data, secrets, &secrets_manager).await?;
    functions::build(&template, options.release).await?;

    ports::require_free("--port", options.port)?;
    state.ignore_all_but_sources()?;
    let through = options.dynamodb_through.map(|port| format!("http://127.0.0.1:{port}"));
    let table = through.as_deref().unwrap_or(engine.endpoint());
    let base_url = format!("http://127.0.0.1:{}", options.port);
    let environment = environment(&base_url, table, &secrets_manager, &secrets);
    let mut watch = functions::watch(&options, &state, environment)?;
    readiness::wait(&base_url, &template, &mut watch).await?;

    let published = state.publish(&DevJson::new(&base_url, engine.endpoint(), &secrets))?;
    announce(&base_url, &engine, &secrets, published.path())?;
    let status = watch.wait().await?;
    bail!("cargo lambda watch ended by itself ({status})")
}

/// Creates the table and its users, unless they were there before.
async fn populate(
    engine: &Engine,
    template: &Template,
    data: &Data,
    mut secrets: Secrets,
    secrets_manager: &SecretsManager,
) -> Result<Secrets> {
    engine.create_table(template, TABLE_NAME).await?;
    if secrets.seed(engine.endpoint(), TABLE_NAME, secrets_manager).await? {
        data.keep(&secrets)?;
    }
    Ok(secrets)
}

/// The credentials are no secret: the engine takes any.
fn environment(
    base_url: &str,
    dynamodb: &str,
    secrets_manager: &SecretsManager,
    secrets: &Secrets,
) -> Vec<(String, String)> {
    let own = [
        ("PUBLIC_URL", base_url),
        ("TABLE_NAME", TABLE_NAME),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets_manager.endpoint()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.into_iter().chain(secrets.function_environment()).collect()
}

fn announce(base_url: &str, engine: &Engine, secrets: &Secrets, dev_json: &Path) -> Result<()> {
    out::line(format!("\nRollcall is ready at {base_url}"))?;
    out::line(format!(
        "DynamoDB is at {}; users, tokens and an OAuth client are in {}\n",
        engine.endpoint(),
        dev_json.display()
    ))?;
    for curl in secrets.curl_lines(base_url) {
        out::line(curl)?;
    }
    Ok(())
}
