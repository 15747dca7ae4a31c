//! Where the table, region and credentials come from.

use std::fs;
use std::process::Command;

use crate::stage::{Stage, rollcall, rollcall_with_keys, run, with_configuration};

/// The error of a command that prints nothing else.
fn error(mut command: Command, arguments: &[&str]) -> String {
    command.args(arguments);
    let output = run(command, "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_missing_table_or_an_unreachable_engine_is_the_only_output() {
    let missing = error(rollcall_with_keys(), &["list-plans"]);
    assert_eq!(missing, "error: --table NAME is missing\n");
    let nobody = ["list-plans", "--table", "x", "--endpoint-url", "http://127.0.0.1:9"];
    let unreachable = error(rollcall_with_keys(), &nobody);
    assert!(unreachable.starts_with("error: could not read a list in time: "), "{unreachable}");
    let no_url = ["list-plans", "--table", "x", "--endpoint-url", "localhost:8000"];
    assert_eq!(
        error(rollcall_with_keys(), &no_url),
        "error: could not start: an endpoint must be an http or https URL\n"
    );
}

#[test]
fn a_missing_region_is_named() {
    let region = error(rollcall(), &["list-plans", "--table", "x"]);

    assert!(region.starts_with("error: no region: set AWS_REGION"), "{region}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_gives_region_and_credentials() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let keys = r#"{"Version":1,"AccessKeyId":"local","SecretAccessKey":"local"}"#;
    let profiles = format!(
        "[profile keys]\nregion = us-east-1\naws_access_key_id = local\n\
         aws_secret_access_key = local\n\n\
         [profile program]\nregion = us-east-1\ncredential_process = echo '{keys}'\n"
    );
    fs::write(&file, profiles).unwrap();

    for profile in ["keys", "program"] {
        let mut command = with_configuration(rollcall(), &file);
        command.env("AWS_PROFILE", profile).args(stage.place()).arg("list-plans");

        Stage::printed(&run(command, ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_with_sso_needs_its_login() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let profile = "[profile sso]\nregion = us-east-1\nsso_session = s\n\
                   sso_account_id = 111111111111\nsso_role_name = Operator\n\n\
                   [sso-session s]\nsso_region = us-east-1\n\
                   sso_start_url = https://example.com/start\n";
    fs::write(&file, profile).unwrap();
    let mut command = with_configuration(rollcall(), &file);
    command.env("AWS_PROFILE", "sso").env("HOME", "/nonexistent").args(stage.place());

    let error = error(command, &["list-plans"]);

    assert!(error.contains("SSO"), "{error}");
}
