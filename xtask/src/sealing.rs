//! The operator's pair of sealing keys: `cargo xtask sealing-key` and `cargo xtask unseal`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use shared::model::{AccountId, Sealed};
use shared::seal::SealPrivateKey;
use shared::table::{Connection, Table};

use crate::{out, private_file};

/// Make the pair of keys that registry passwords are sealed with: the private one goes to FILE, the public one is
/// printed, for the parameter `SealingPublicKey` of the stack
#[derive(Args)]
pub struct NewKey {
    /// Where the private key goes; a file that is there already is never overwritten
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Open a sealed registry password with the private key
#[derive(Args)]
pub struct Unseal {
    /// The private key: a file of `sealing-key`, or the `dev.json` of `cargo xtask dev`
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The sealed box in base64; standard input without it and without --account
    #[arg(conflicts_with = "account")]
    sealed_box: Option<String>,
    /// Read the sealed box of this account from the table, with the AWS credentials and region of the environment
    #[arg(long, value_name = "ID", requires = "table")]
    account: Option<AccountId>,
    /// The table's name
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Where DynamoDB is, if not at AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// Makes a pair.
pub fn new_key(options: &NewKey) -> Result<()> {
    let pair = SealPrivateKey::generate();
    let path = options.file.display();
    let mut file =
        private_file::create(&options.file).with_context(|| format!("cannot make {path}"))?;
    writeln!(file, "{}", pair.reveal())?;
    file.sync_all()?;
    eprintln!(
        "The private key is in {path}: keep it safe and away from the stack. The public key:"
    );
    Ok(out::line(pair.public_key())?)
}

/// Opens a box and prints what is in it, without a line break of its own.
pub async fn unseal(options: Unseal) -> Result<()> {
    let key = key(&options.key_file)?;
    let sealed_box = match (&options.account, options.sealed_box) {
        (Some(account), _) => {
            let table = table(options.table.as_deref(), options.endpoint_url)?;
            of_account(&table, *account, &key).await?
        }
        (None, Some(sealed_box)) => sealed_box,
        (None, None) => io::read_to_string(io::stdin().take(1 << 20))?,
    };
    let secret = key.open(&sealed_box)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(secret.as_bytes())?;
    Ok(stdout.flush()?)
}

fn key(file: &Path) -> Result<SealPrivateKey> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let of_dev = serde_json::from_str::<serde_json::Value>(&text).ok();
    let of_dev = of_dev.as_ref().and_then(|secrets| secrets["sealing_private_key"].as_str());
    SealPrivateKey::parse(of_dev.unwrap_or(&text))
        .with_context(|| format!("{} holds no private key", file.display()))
}

fn table(name: Option<&str>, endpoint: Option<String>) -> Result<Table> {
    let name = name.context("--account needs --table")?;
    Ok(Table::connect(Connection::from_env_to(name.to_owned(), endpoint)?)?)
}

async fn of_account(table: &Table, account: AccountId, key: &SealPrivateKey) -> Result<String> {
    let Sealed { key: sealed_to, sealed_box } = table
        .registry(account)
        .await?
        .with_context(|| format!("account {account} has no registry password"))?
        .password;
    ensure!(
        sealed_to == key.fingerprint(),
        "the password is sealed to the key {sealed_to}, and this is {}",
        key.fingerprint()
    );
    Ok(sealed_box)
}
