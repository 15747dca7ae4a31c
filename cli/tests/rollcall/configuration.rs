//! Where the table, region and credentials come from.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::stage::{Stage, rollcall, rollcall_with_keys, run, text, with_configuration};

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
    assert_eq!(
        missing,
        "error: no table: name it with --table NAME, or give --local for a running `cargo xtask \
         dev`\n"
    );
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

#[test]
fn missing_credentials_are_named_with_what_to_do() {
    let mut command = rollcall();
    command.env("AWS_REGION", "us-east-1");

    let error = error(command, &["list-plans", "--table", "x"]);

    let advice = "error: no credentials: choose a profile with AWS_PROFILE, or run `aws sso login`";
    assert!(error.starts_with(advice), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_what_to_do() {
    let stage = Stage::new().await;
    let user = stage.jane();
    let account = text(&user, "accountId");
    let nobody = ["set-role", "--account", account, "--user", "johnroe", "--role", "admin"];
    let token = ["revoke-token", "--user", "janedoe", "--token", account];
    let grants = ["revoke-grants", "--client", account];
    let plan = ["assign-plan", "--account", account, "--plan", text(&user, "id")];
    let no_account = ["set-account", "--account", "5f7b1b7b7b7b7b7b7b7b7b7b", "--verified", "on"];

    for (command, advice) in [
        (&nobody[..], "error: no user johnroe: `rollcall list-users` lists them all\n"),
        (&token[..], "error: token not found: `rollcall show-user --user WHO` shows"),
        (&no_account[..], "error: account not found: `rollcall show-user --user WHO` shows"),
        (
            &["delete-client", "--client", account],
            "error: client not found: `rollcall list-clients`",
        ),
        (&grants[..], "error: client not found: `rollcall list-clients` lists them all"),
        (&plan[..], "error: plan not found: `rollcall list-plans` lists them all\n"),
    ] {
        let error = stage.rejected(command, "").await;
        assert!(error.starts_with(advice), "{error}");
    }
    let elsewhere = ["list-users", "--table", "elsewhere", "--endpoint-url", stage.place()[3]];
    let error = error(rollcall_with_keys(), &elsewhere);
    assert!(error.contains("`aws dynamodb list-tables` lists those that are"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_a_running_service_is_found_without_credentials() {
    let stage = Stage::new().await;
    let [_, table, _, endpoint] = stage.place();
    let workspace = tempfile::tempdir().unwrap();
    let (folder, below) = (workspace.path().join("target/dev"), workspace.path().join("docs"));
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(&below).unwrap();
    let local = |option: &str| {
        let mut command = rollcall();
        command.current_dir(&below).arg(option);
        command
    };
    let here = format!("--local={}", folder.display());

    let none = error(local("--local"), &["list-plans"]);
    let service = json!({ "base_url": "x", "dynamodb_endpoint": endpoint, "table_name": table });
    fs::write(folder.join("dev.json"), service.to_string()).unwrap();

    assert_eq!(none, "error: no service runs here: start it with `cargo xtask dev`\n");
    for option in ["--local", &here] {
        let mut command = local(option);
        command.arg("list-plans");
        Stage::printed(&run(command, ""));
    }
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
