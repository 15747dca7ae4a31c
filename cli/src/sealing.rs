//! The operator's pair of sealing keys: `rollcall sealing-key` and `rollcall unseal`.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use shared::model::{AccountId, Sealed};
use shared::seal::SealPrivateKey;
use shared::table::Table;

use super::connect::TableOptions;
use super::{print_line, print_text};

/// Create the pair of keys that registry passwords are sealed with: the private one goes to FILE,
/// the public one is printed, for the parameter `SealingPublicKey` of the stack
#[derive(Args)]
pub(super) struct NewKey {
    /// Where the private key goes; a file that is there already is never overwritten
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Open a sealed registry password with the private key
#[derive(Args)]
pub(super) struct Unseal {
    /// The private key: a file of `sealing-key`, or the `FILE.secrets` of `cargo xtask dev --data`
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The sealed box in base64; standard input without it and without --account
    #[arg(conflicts_with = "account")]
    sealed_box: Option<String>,
    /// Read the sealed box of this account from the table
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
}

/// Writes a new private key that only its owner can read.
pub(super) fn new_key(options: &NewKey) -> Result<()> {
    let pair = SealPrivateKey::generate();
    let path = options.file.display();
    let mut file = OpenOptions::new();
    let file = file.write(true).create_new(true).mode(0o600).open(&options.file);
    let mut file = file.with_context(|| {
        format!("cannot create {path}: name a new file in a folder that exists")
    })?;
    let written = writeln!(file, "{}", pair.reveal()).and_then(|()| file.sync_all());
    written.with_context(|| format!("cannot write {path}: delete it, and name another file"))?;
    eprintln!(
        "The private key is in {path}: keep it safe and away from the stack. The public key:"
    );
    print_line(&pair.public_key())
}

/// Opens a box and prints its content, without a line break of its own.
pub(super) async fn unseal(table: TableOptions, options: Unseal) -> Result<()> {
    let key = read_key(&options.key_file)?;
    let sealed_box = match (options.account, options.sealed_box) {
        (Some(account), _) => box_of_account(&table.connect().await?, account, &key).await?,
        (None, Some(sealed_box)) => sealed_box,
        (None, None) => io::read_to_string(io::stdin().take(1 << 20))
            .context("cannot read the sealed box from standard input")?,
    };
    let secret = key.open(&sealed_box).with_context(|| {
        format!(
            "cannot open the box with the key {}: take the file of the `SealingPublicKey` that the \
             stack had when the password was stored, and the whole box, or --account",
            key.fingerprint()
        )
    })?;
    print_text(&secret)
}

fn read_key(file: &Path) -> Result<SealPrivateKey> {
    let text = fs::read_to_string(file).with_context(|| {
        format!("cannot read {}: name a file of `rollcall sealing-key`", file.display())
    })?;
    let secrets = serde_json::from_str::<serde_json::Value>(&text).ok();
    let of_dev = secrets.as_ref().and_then(|secrets| secrets["sealing_private_key"].as_str());
    SealPrivateKey::parse(of_dev.unwrap_or(&text)).with_context(|| {
        format!("{} holds no private key: name a file of `rollcall sealing-key`", file.display())
    })
}

async fn box_of_account(table: &Table, account: AccountId, key: &SealPrivateKey) -> Result<String> {
    let Sealed { key: sealed_to, sealed_box } = table
        .registry(account)
        .await?
        .with_context(|| {
            format!(
                "account {account} has no registry password: it is stored with a registry, when the \
                 account is created, by `PUT /rollcall/v1/accounts/{{id}}/registry` or on its page; \
                 `rollcall show-user` lists a user's accounts"
            )
        })?
        .password;
    ensure!(
        sealed_to == key.fingerprint(),
        "the password is sealed to the key {sealed_to}, and this is {}: use the file of that one",
        key.fingerprint()
    );
    Ok(sealed_box)
}
