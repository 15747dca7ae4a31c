//! Sealing keys, and unsealing.

use std::fs::OpenOptions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use shared::model::{EmailAddress, Registry};
use shared::seal::SealPublicKey;
use shared::table::{Actor, FreeSlug, NewAccount, NewUser, Table, fetch};

use crate::stage::{Stage, rollcall, rollcall_with_keys, run};

const PASSWORD: &str = " dckr_pat_ü\n";

fn new_key(file: &Path) -> Output {
    rollcall().arg("sealing-key").arg(file).output().unwrap()
}

/// The public key of a new pair whose private half is in the file.
fn pair(file: &Path) -> SealPublicKey {
    let made = new_key(file);
    assert!(made.status.success(), "{made:?}");
    SealPublicKey::parse(&String::from_utf8(made.stdout).unwrap()).unwrap()
}

#[test]
fn a_private_key_is_readable_by_its_owner_only_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");

    pair(&file);
    let first = std::fs::read(&file).unwrap();
    let again = new_key(&file);

    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!again.status.success() && again.stdout.is_empty(), "{again:?}");
    assert_eq!(std::fs::read(&file).unwrap(), first);
}

#[test]
fn unseal_opens_a_box_from_argument_or_standard_input_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("key"), folder.path().join("other"));
    let sealed = pair(&file).seal(PASSWORD).unwrap().sealed_box;
    pair(&other);
    let unseal = |file: &Path, arguments: &[&str]| {
        let mut command = rollcall();
        command.arg("unseal").arg("--key-file").arg(file).args(arguments);
        run(command, &sealed)
    };

    assert_eq!(unseal(&file, &[&sealed]).stdout, PASSWORD.as_bytes());
    assert_eq!(unseal(&file, &[]).stdout, PASSWORD.as_bytes());
    for (wrong, advice) in [
        (unseal(&other, &[]), "take the file of the `SealingPublicKey`"),
        (unseal(&file, &["nonsense"]), "the whole box, or --account"),
        (unseal(&folder.path().join("missing"), &[]), "name a file of `rollcall sealing-key`"),
    ] {
        assert!(!wrong.status.success() && wrong.stdout.is_empty(), "{wrong:?}");
        let error = String::from_utf8(wrong.stderr).unwrap();
        assert!(error.lines().count() == 1 && error.contains(advice), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unseal_finds_the_box_of_an_account_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let stage = Stage::new().await;
    let account = account_with_registry(&stage.table, &pair(&file)).await;
    let unseal = |account: &str| {
        let key_file = file.to_str().unwrap();
        stage.run(&["unseal", "--account", account, "--key-file", key_file], "")
    };

    assert_eq!(unseal(&account).stdout, PASSWORD.as_bytes());
    let unknown = unseal("5f7b1b7b7b7b7b7b7b7b7b7b");
    let error = String::from_utf8(unknown.stderr).unwrap();
    assert!(error.starts_with("error: account not found: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unseal_only_reads_so_a_reader_that_stops_is_no_error_and_a_full_disk_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let stage = Stage::new().await;
    let account = account_with_registry(&stage.table, &pair(&file)).await;
    let unseal = ["unseal", "--account", &account, "--key-file", file.to_str().unwrap()];

    assert_eq!(stage.unread(&unseal), (Some(0), String::new()));
    if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
        let mut command = rollcall_with_keys();
        let output = command.args(stage.place()).args(unseal).stdout(full).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(error.starts_with("error: the output cannot be written: "), "{error}");
    }
}

async fn account_with_registry(table: &Table, sealing: &SealPublicKey) -> String {
    let email: EmailAddress = "jane.doe@example.com".parse().unwrap();
    let new = NewUser::new("janedoe".parse().unwrap(), email);
    let user = table.create_user(&Actor::operator(), new).await.unwrap();
    let registry = Registry {
        server: "https://registry.example.com".to_owned(),
        email: "jane.doe@example.com".to_owned(),
        username: "jane".to_owned(),
        password: sealing.seal(PASSWORD).unwrap(),
    };
    let name: shared::model::AccountName = "Private".parse().unwrap();
    let names = fetch::both(FreeSlug(name.clone()), fetch::counts());
    let (user, (slug, counts)) = table.user_and(user.id, names).await.unwrap();
    let account = NewAccount { name, contact_email: None, registry: Some(registry) };
    table
        .create_account(&Actor::operator(), account, slug, &user.unwrap(), counts.as_ref())
        .await
        .unwrap()
        .commit()
        .await
        .unwrap()
        .account
        .id
        .to_string()
}
