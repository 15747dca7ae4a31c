//! Where the table, region and credentials come from.

use std::fs;
use std::process::Command;

use serde_json::json;
use shared::model::Role;

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
    let nobody = ["list-plans", "--table", "here", "--endpoint-url", "http://127.0.0.1:9"];
    let unreachable = error(rollcall_with_keys(), &nobody);
    assert!(unreachable.starts_with("error: could not read a list in time: "), "{unreachable}");
    assert!(unreachable.contains("--endpoint-url"), "{unreachable}");
    for no_url in [
        "localhost:8000",
        "https:///jane:secret@localhost:8000",
        "http://jane:secret@127.0.0.1:9",
        "http://",
        "http://127.0.0.1:",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8000/elsewhere",
        "http://127.0.0.1:8000?x",
        "HTTP://127.0.0.1:8000",
        "http://LOCALHOST:8000",
        "ftp://127.0.0.1:8000",
    ] {
        let arguments = ["list-plans", "--table", "here", "--endpoint-url", no_url];
        assert_eq!(
            error(rollcall_with_keys(), &arguments),
            "error: could not start: an endpoint must be https:// or http://, a host in lower \
             case and perhaps a port, nothing after it\n",
            "{no_url}"
        );
    }
}

/// The error of arguments that are wrong, before anything is looked for.
fn misuse(command: &str) -> String {
    let mut run_as = rollcall();
    run_as.args(command.split(' '));
    let output = run(run_as, "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{command}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_options_that_lead_to_a_table_contradict_each_other_on_either_side_of_the_command() {
    let url = "--endpoint-url http://127.0.0.1:9";
    for (one, other, reason) in [
        ("--local", "--table prod", "cannot be used with"),
        ("--local=target/dev", "--table=prod", "cannot be used with"),
        ("--local", url, "cannot be used with"),
        ("--local", "--local", "cannot be used multiple times"),
        ("--table dev", "--table=prod", "cannot be used multiple times"),
        (url, url, "cannot be used multiple times"),
    ] {
        for command in [
            format!("{one} {other} disable-user --user janedoe"),
            format!("{one} disable-user --user janedoe {other}"),
            format!("{other} disable-user --user janedoe {one}"),
            format!("{one} audit {other} export --service"),
            format!("audit {one} export --service {other}"),
            format!("disable-user --user janedoe {one} {other}"),
        ] {
            let said = misuse(&command);
            assert!(said.starts_with("error: the argument '--"), "{command}: {said}");
            assert!(said.contains(reason), "{command}: {said}");
        }
    }
    // Behind two dashes there are no options.
    let sealed_box =
        error(rollcall(), &["--local", "unseal", "--key-file", "/nonexistent", "--", "--local"]);
    assert!(sealed_box.contains("cannot read /nonexistent"), "{sealed_box}");
}

#[test]
fn what_no_table_can_be_called_is_named_before_any_call() {
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    for name in ["", "ab", "x/y", "prod;", "ü-table", &long, "arn:aws:dynamodb:table"] {
        for command in [
            format!("--table={name} list-plans"),
            format!("--table here replay --since 2026-11-01T00:00:00Z --from-table={name}"),
        ] {
            let said = misuse(&command);
            assert!(said.contains("must be the name of a table"), "{command}: {said}");
        }
    }
    let arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/rollcall-prod";
    for name in ["rollcall-prod.2_x", &longest, arn] {
        let said = error(rollcall(), &["list-plans", "--table", name]);
        assert!(said.starts_with("error: no region"), "{name}: {said}");
    }
}

#[test]
fn a_missing_region_is_named() {
    let region = error(rollcall(), &["list-plans", "--table", "here"]);

    assert!(region.starts_with("error: no region: set AWS_REGION"), "{region}");
}

#[test]
fn missing_credentials_are_named_with_what_to_do() {
    let mut command = rollcall();
    command.env("AWS_REGION", "us-east-1");

    let error = error(command, &["list-plans", "--table", "here"]);

    let advice = "error: no credentials: choose a profile with AWS_PROFILE, or run `aws sso login`";
    assert!(error.starts_with(advice), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_what_to_do() {
    let stage = Stage::new().await;
    let user = stage.jane();
    let (account, id) = (text(&user, "accountId"), text(&user, "id"));
    stage.join(&stage.other("johnroe"), account, Role::Member).await;
    stage.other("maryroe");
    stage.done(&["disable-user", "--user", "maryroe"]);
    let no_account = "5f7b1b7b7b7b7b7b7b7b7b7b";

    for (command, reason, advice) in [
        ("create-user --username janedoe --email x@example.com", "the username is taken", "choose"),
        (
            "create-user --username other --email jane.doe@example.com",
            "the e-mail address is taken",
            "`rollcall show-user --user ADDRESS`",
        ),
        ("show-user --user nobody", "no user nobody", "`rollcall list-users`"),
        ("delete-user --user nobody", "no user nobody", "`rollcall list-users`"),
        ("reset-password --user nobody", "no user nobody", "`rollcall list-users`"),
        ("disable-user --user nobody", "no user nobody", "`rollcall list-users`"),
        (
            "create-token --user maryroe --name x",
            "the user is disabled",
            "`rollcall enable-user --user WHO`",
        ),
        (
            "set-role --account ACCOUNT --user janedoe --role member",
            "the user owns the account, and must hand it over first",
            "`rollcall delete-user`",
        ),
        (
            "remove-member --account ACCOUNT --user janedoe",
            "the user owns the account, and must hand it over first",
            "`rollcall delete-user`",
        ),
        (
            "remove-member --account ACCOUNT --user maryroe",
            "member not found",
            "`rollcall show-user",
        ),
        (
            "delete-user --user janedoe",
            "janedoe owns accounts with other members",
            "`rollcall set-role",
        ),
        (
            "delete-user --user janedoe",
            "janedoe owns accounts with other members",
            "`rollcall enable-user",
        ),
        ("revoke-token --user janedoe --token ACCOUNT", "token not found", "`rollcall show-user"),
        (
            "revoke-token --user janedoe --token ACCOUNT --descendants",
            "token not found",
            "`rollcall show-user",
        ),
        ("set-account --account NONE --verified on", "account not found", "`rollcall show-user"),
        ("assign-plan --account NONE --plan DEFAULT", "account not found", "`rollcall show-user"),
        ("assign-plan --account ACCOUNT --plan USER", "plan not found", "`rollcall list-plans`"),
        ("delete-client --client ACCOUNT", "client not found", "`rollcall list-clients`"),
        ("revoke-grants --client ACCOUNT", "client not found", "`rollcall list-clients`"),
        ("unseal --key-file /nonexistent x", "cannot read /nonexistent", "`rollcall sealing-key`"),
        (
            "unseal --key-file /dev/null x",
            "/dev/null holds no private key",
            "`rollcall sealing-key`",
        ),
        ("sealing-key /dev/null", "cannot create /dev/null", "name a new file"),
    ] {
        let default = "00000000-0000-0000-0000-000000000000";
        let word = |word| match word {
            "ACCOUNT" => account,
            "USER" => id,
            "NONE" => no_account,
            "DEFAULT" => default,
            other => other,
        };
        let arguments: Vec<&str> = command.split(' ').map(word).collect();
        let error = stage.rejected(&arguments, "").await;
        let rest = error.strip_prefix(&format!("error: {reason}"));
        assert!(rest.is_some_and(|rest| rest.contains(advice)), "{command}: {error}");
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
    // Left by a service that was killed, or whose table is another one's now.
    for stale in [
        json!({ "dynamodb_endpoint": "http://127.0.0.1:9", "table_name": table }),
        json!({ "dynamodb_endpoint": endpoint, "table_name": "another" }),
        json!({}),
    ] {
        fs::write(folder.join("dev.json"), stale.to_string()).unwrap();
        let said = error(local("--local"), &["list-plans"]);
        assert!(said.contains("start `cargo xtask dev` again"), "{said}");
    }
    fs::write(folder.join("dev.json"), service.to_string()).unwrap();
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
