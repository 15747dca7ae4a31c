//! `cargo xtask dev`: the whole service on one machine.

mod builds;
mod data;
mod emulator;
mod environment;
mod exchange;
mod functions;
mod mails;
mod output;
mod paint;
mod port;
mod readiness;
mod state;
mod table_calls;
mod terminal;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, value_parser};

use crate::seed::{self, Secrets};
use builds::Builds;
use data::Data;
use devkit::console::{CALLBACK, Console, Requests, Service};
use devkit::engine::{Engine, Kind};
use devkit::gateway::{Gateway, Routes};
use devkit::secrets_manager::SecretsManager;
use devkit::ses::{Mail, Ses};
use devkit::shutdown::ShutdownSignals;
use devkit::template::Template;
use devkit::{out, ports, tools, workspace};
use emulator::{Emulator, Functions};
use port::Port;
use shared::table::{Connection, Table};
use state::{DevJson, Published, StateDir};
use table_calls::TableCalls;
use terminal::Terminal;
use tokio::net::TcpListener;

const TABLE_NAME: &str = "rollcall";

/// Run the service here: a DynamoDB engine and all functions, rebuilt when their sources change
#[derive(Args, Clone)]
pub struct Options {
    /// Port of the HTTP API; with `auto`, other ports than the default ones if those are taken
    #[arg(long, default_value_t)]
    port: Port,
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
    /// Show the calls to DynamoDB too
    #[arg(long, conflicts_with = "json")]
    verbose: bool,
    /// Show the functions' log lines, JSON as in the cloud, in place of a line per request
    #[arg(long)]
    json: bool,
    /// Where `dev.log` goes, and `dev.json` and `env.sh` once the service is ready [default:
    /// target/dev]
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
    let (listener, dynamodb_port) = port::choose(options.port, options.dynamodb_port)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let port = listener.local_addr()?.port();
    let folder = options.state_dir.clone();
    let state = StateDir::open(&folder.unwrap_or_else(|| workspace::root().join("target/dev")))?;
    let data = Data::open(options.data.as_deref())?;
    tools::install("cargo-lambda").await?;
    if options.engine == Kind::DynamodbLocal {
        tools::install("dynamodb-local").await?;
    }

    let template = Template::load()?;
    let engine = Engine::start(options.engine, dynamodb_port, data.file()).await?;
    let secrets = data.secrets()?.map_or_else(seed::keys, Ok)?;
    let secrets_manager = SecretsManager::start(secrets.service_key()).await?;
    // By a name: passkeys belong to one, and never to an address.
    let base_url = format!("http://localhost:{port}");
    let secrets = populate(&engine, &template, &data, secrets, &secrets_manager, &base_url).await?;
    functions::build(&template, options.release).await?;

    state.ignore_all_but_sources()?;
    let users = Table::connect(Connection::local(engine.endpoint(), TABLE_NAME))?;
    let requests = Arc::<Requests>::default();
    let terminal = Terminal::new(state.log()?, options.json, Arc::clone(&requests), users);
    let through = options.dynamodb_through.map(|port| format!("http://127.0.0.1:{port}"));
    let table = through.as_deref().unwrap_or(engine.endpoint());
    let calls = if options.verbose {
        Some(TableCalls::start(table, Arc::clone(&terminal)).await?)
    } else {
        None
    };
    let table = calls.as_ref().map_or(table, TableCalls::endpoint);

    let (inner_port, _) = ports::two_free()?;
    let lambda = format!("http://127.0.0.1:{inner_port}");
    let mail_terminal = Arc::clone(&terminal);
    let report = move |mail: &Mail| mail_terminal.mail(mail);
    let ses = Ses::start(Some(state.mail_folder()?), report).await?;
    let environment =
        environment::for_functions(&base_url, table, &secrets_manager, &ses, &secrets);
    let (mut watch, output) =
        functions::watch(&options, inner_port, &state, &environment, terminal.paint)?;
    let builds = Arc::new(Builds::new(&template));
    output::take(output, Arc::clone(&builds), Arc::clone(&terminal));
    let emulator = Emulator::new(&lambda)?;
    readiness::wait(&emulator, &template, &mut watch).await?;

    terminal.ready();
    let functions = Functions { emulator, builds, terminal };
    let service = Service {
        curl_lines: secrets.curl_lines(&base_url),
        env_command: state.env_command(),
        users: secrets.users().to_vec(),
        client: secrets.oauth_client().cloned(),
        dynamodb_endpoint: engine.endpoint().to_owned(),
        table_name: TABLE_NAME.to_owned(),
        lambda_endpoint: lambda.clone(),
        base_url: base_url.clone(),
    };
    let _stream = mails::play_stream(&engine, &template, &functions).await?;
    let console = Console::new(service, requests, Arc::clone(ses.mailbox()))?;
    let _gateway = Gateway::start(listener, Routes::new(&template), functions, console.router())?;
    let console_url = console.url();
    let dev_json = DevJson::new(&base_url, &console_url, &lambda, engine.endpoint(), &secrets);
    let variables = environment::shell(&base_url, &lambda, &secrets, &environment);
    let env_sh = format!("# For a shell: `{}`. {variables}", state.env_command());
    let published = state.publish(&dev_json, &env_sh)?;
    announce(&base_url, &engine, &secrets, &console, &published)?;
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
    base_url: &str,
) -> Result<Secrets> {
    let redirect_uri = format!("{base_url}{CALLBACK}");
    engine.create_table(template, TABLE_NAME).await?;
    if secrets.seed(engine.endpoint(), TABLE_NAME, secrets_manager, &redirect_uri).await? {
        data.keep(&secrets)?;
    }
    Ok(secrets)
}

fn announce(
    base_url: &str,
    engine: &Engine,
    secrets: &Secrets,
    console: &Console,
    published: &Published,
) -> Result<()> {
    out::line(format!(
        "\nRollcall is ready at {base_url}; a browser shows its documentation there"
    ))?;
    out::line(format!(
        "DynamoDB is at {}; users, tokens and an OAuth client are in {}, and for a shell in {}\n",
        engine.endpoint(),
        published.dev_json().display(),
        published.env_sh().display(),
    ))?;
    for curl in secrets.curl_lines(base_url) {
        out::line(curl)?;
    }
    if let Some(sign_in) = console.sign_in_url() {
        out::line(format!("\nSign in by OAuth: {sign_in}"))?;
    }
    Ok(out::line(format!("Console: {}", console.url()))?)
}
