//! What the service exposes, and to whom.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use crate::service::{DEV, base_url, dev_json, get, send, user};

#[tokio::test]
async fn dev_json_is_as_documented_and_for_its_owner_alone() {
    let mode = std::fs::metadata(dev_json()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut fields: Vec<_> = DEV.as_object().unwrap().keys().collect();
    fields.sort();
    let expected = [
        "base_url",
        "console_url",
        "dynamodb_endpoint",
        "lambda_endpoint",
        "oauth_client",
        "sealing_private_key",
        "table_name",
        "users",
    ];
    assert_eq!(fields, expected);
    assert_eq!(DEV["table_name"], "rollcall");
    let client = &DEV["oauth_client"];
    let mut fields: Vec<_> = client.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["client_id", "client_secret", "redirect_uri"]);
    assert_eq!(client["client_id"].as_str().map(str::len), Some(24));
    assert!(client["client_secret"].as_str().is_some_and(|secret| secret.starts_with("rcs_")));
    assert_eq!(client["redirect_uri"], format!("{}/_dev/callback", base_url()));
    let names: Vec<_> =
        (0..2).map(|number| (user(number, "username"), user(number, "email"))).collect();
    assert_eq!(names, [("janedoe", "jane.doe@example.com"), ("johnroe", "john.roe@example.com")]);
    for user in DEV["users"].as_array().unwrap() {
        let mut fields: Vec<_> = user.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(
            fields,
            [
                "account_id",
                "api_key",
                "email",
                "environment_token",
                "id",
                "number",
                "password",
                "secret_key",
                "token",
                "username"
            ]
        );
        assert!(user["number"].as_u64().is_some_and(|number| number < 1 << 53));
        assert!(user["token"].as_str().is_some_and(|token| token.starts_with("rcu_")));
        assert!(user["environment_token"].as_str().is_some_and(|token| token.starts_with("rce_")));
        assert_eq!(user["account_id"].as_str().map(str::len), Some(24));
        assert_eq!(user["id"].as_str().map(str::len), Some(36));
        assert!(user["password"].as_str().is_some_and(|password| password.len() >= 16));
    }
}

#[test]
fn env_sh_is_for_its_owner_alone_and_a_shell_can_use_it() {
    let file = dev_json().with_file_name("env.sh");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    let text = std::fs::read_to_string(&file).unwrap();
    let command = text.strip_prefix("# For a shell: `").unwrap().split('`').next().unwrap();
    let script = "printf '%s\\n' \"$API\" \"$TOKEN\" \"$KEY\" \"$ID\" \"$TABLE_NAME\"";
    let mut shell = std::process::Command::new("sh");
    let output = shell.arg("-c").arg(format!("{command}; {script}")).output().unwrap();

    assert_eq!(mode & 0o777, 0o600);
    let client = DEV["oauth_client"]["client_id"].as_str().unwrap();
    let expected = [base_url(), user(0, "token"), user(0, "api_key"), client, "rollcall"];
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected.join("\n") + "\n");
}

#[tokio::test]
async fn the_two_seeded_users_have_nothing_to_do_with_each_other() {
    for (me, other) in [(0, 1), (1, 0)] {
        let path = format!("/v1/accounts/{}", user(other, "account_id"));
        assert_eq!(get(me, "GET", &path).await.status, 403);
        let own = format!("/v1/accounts/{}", user(me, "account_id"));
        assert_eq!(get(me, "GET", &own).await.text("email"), user(me, "email"));
        let rejected =
            send("GET", &own, &[("authorization", user(me, "environment_token"))], None).await;
        assert_eq!(
            (rejected.status, rejected.text("error")),
            (401, "this API accepts only the user token")
        );
    }
}

#[test]
fn service_and_engine_listen_on_127_0_0_1_alone() {
    let of_others =
        ["dynamodb_endpoint", "lambda_endpoint"].map(|name| DEV[name].as_str().unwrap());
    for url in [base_url()].into_iter().chain(of_others) {
        let port = url.rsplit(':').next().unwrap();
        assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_ok(), "{url}");
        for other in ["127.0.0.2", "[::1]"] {
            assert!(TcpStream::connect(format!("{other}:{port}")).is_err(), "{url} on {other}");
        }
    }
}

#[tokio::test]
async fn no_page_of_another_origin_is_allowed() {
    let origin = ("origin", "https://evil.example");
    let responses = [
        send("GET", "/v1/accounts", &[origin, ("authorization", user(0, "token"))], None).await,
        send("OPTIONS", "/v1/accounts", &[origin, ("access-control-request-method", "POST")], None)
            .await,
    ];

    for response in responses {
        assert!(
            response.headers.iter().all(|(name, _)| !name.starts_with("access-control-")),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn every_request_has_a_unique_id() {
    let ids: Vec<_> = [get(0, "GET", "/v1/accounts").await, get(0, "GET", "/v1/accounts").await]
        .iter()
        .map(|response| response.header("x-request-id").unwrap().to_owned())
        .collect();

    assert!(ids[0] != ids[1] && ids[0].len() > 16, "{ids:?}");
}
