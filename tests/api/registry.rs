//! Registry credentials: all four fields or none, and a password that only the operator can read.

use serde_json::{Value, json};
use testkit::TestApp;

const ACCOUNT: &str = "/api/public/v1/account";
const PASSWORD: &str = " dckr_pat_\u{7}ü0000 ";

fn body() -> Value {
    json!({
        "name": "Private",
        "registryServer": "https://registry.example.com",
        "registryEmail": "User@example.com",
        "registryUsername": "registryuser",
        "registryPassword": PASSWORD,
    })
}

#[tokio::test]
async fn the_password_is_sealed_and_only_the_private_key_opens_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let created = jane.send_json("POST", ACCOUNT, &body()).await;

    assert_eq!(created.status, 200, "{created:?}");
    let items = app.items().await;
    let account = items.iter().find(|item| item["registry"].is_object()).unwrap();
    let registry = &account["registry"]["M"];
    assert_eq!(registry["server"]["S"], "https://registry.example.com");
    assert_eq!(registry["email"]["S"], "User@example.com");
    assert_eq!(registry["username"]["S"], "registryuser");
    let sealed = &registry["password"]["M"];
    assert_eq!(sealed["key"]["S"], app.opening_key().fingerprint());
    assert_eq!(app.opening_key().open(sealed["box"]["S"].as_str().unwrap()).unwrap(), PASSWORD);
    assert!(!serde_json::to_string(&items).unwrap().contains("dckr_pat_"));
    let seen =
        jane.send("GET", &format!("{ACCOUNT}?accountId={}", created.text("accountId"))).await;
    assert!(!seen.body.to_string().contains("egistry"));
}

#[tokio::test]
async fn another_language_opens_the_sealed_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.send_json("POST", ACCOUNT, &body()).await;
    let items = app.items().await;
    let sealed = items
        .iter()
        .find_map(|item| item["registry"]["M"]["password"]["M"]["box"]["S"].as_str())
        .unwrap();
    let program = "import sys, base64, nacl.public as n; key, box = map(base64.b64decode, sys.argv[1:]); \
                   sys.stdout.buffer.write(n.SealedBox(n.PrivateKey(key)).decrypt(box))";

    let python = devkit::tools::python_tools().unwrap().join("python");
    let opened = std::process::Command::new(python)
        .args(["-c", program, &app.opening_key().reveal(), sealed])
        .output()
        .unwrap();

    assert_eq!(
        String::from_utf8(opened.stdout).unwrap(),
        PASSWORD,
        "{}",
        String::from_utf8_lossy(&opened.stderr)
    );
}

#[tokio::test]
async fn the_error_names_the_missing_registry_fields_and_says_that_all_are_required() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let fields = ["registryServer", "registryEmail", "registryUsername", "registryPassword"];

    for given in 1_u8..15 {
        let mut input = json!({ "name": "x" });
        for (_, field) in fields.iter().enumerate().filter(|(place, _)| given & (1 << place) != 0) {
            input[field] = body()[field].clone();
        }
        let missing: Vec<_> = fields
            .iter()
            .enumerate()
            .filter(|(place, _)| given & (1 << place) == 0)
            .map(|(_, field)| {
                json!(format!(
                    "{field}: is missing; all registry fields must be provided if any is"
                ))
            })
            .collect();

        let rejected = jane.send_json("POST", ACCOUNT, &input).await;

        assert_eq!(
            (rejected.status, &rejected.body["details"]),
            (400, &Value::Array(missing)),
            "{given:04b}"
        );
        assert!(!rejected.body.to_string().contains("dckr_pat_"));
    }
}

#[tokio::test]
async fn a_server_is_an_https_url_and_no_error_repeats_the_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for server in [
        "registry.example.com",
        "http://registry.example.com",
        "https://",
        "ftp://x",
        "https://user:secret@registry.example.com",
        "javascript:alert(1)",
        "https:registry",
        "https:/x",
        "https:\\\\x",
        "https://@x",
        "https:///x",
        "https:///user:secret@registry.example.com",
        "https://:@x",
        "https://:pw@x",
        "https://x/a b",
        "https://x:0",
        "https://x\u{200b}",
    ] {
        let mut input = body();
        input["registryServer"] = json!(server);
        let rejected = jane.send_json("POST", ACCOUNT, &input).await;
        assert_eq!(
            (rejected.status, &rejected.body["details"]),
            (400, &json!(["registryServer: must be an https URL"])),
            "{server}"
        );
    }
    let mut input = body();
    input["registryServer"] = json!("HTTPS://registry.example.com");
    let made = jane.send_json("POST", ACCOUNT, &input).await;
    assert!(made.status < 300, "schemes compare without case: {made:?}");
    input["registryPassword"] = json!("");
    assert_eq!(
        jane.send_json("POST", ACCOUNT, &input).await.body["details"],
        json!(["registryPassword: must not be empty"])
    );
    input["registryPassword"] = json!("ü".repeat(1025));
    let rejected = jane.send_json("POST", ACCOUNT, &input).await;
    assert_eq!(
        rejected.body["details"],
        json!(["registryPassword: must be at most 1024 characters long"])
    );
    input["registryPassword"] = json!("ü".repeat(1024));
    input["registryEmail"] = json!("nobody");
    assert_eq!(
        jane.send_json("POST", ACCOUNT, &input).await.body["details"],
        json!(["registryEmail: must be an e-mail address"])
    );
}

#[tokio::test]
async fn a_server_is_a_uri_as_rfc_3986_has_them_in_every_dialect() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/rollcall/v1/accounts/{}/registry", jane.account());
    let send = async |server: &str| {
        let mut quave = body();
        quave["registryServer"] = json!(server);
        let email = "user@example.com";
        let rollcall =
            json!({ "server": server, "email": email, "username": "user", "password": PASSWORD });
        let made = jane.send_json("POST", ACCOUNT, &quave).await;
        [made, jane.send_json("PUT", &path, &rollcall).await]
    };

    for server in [
        "https://registry.example.com/{x}|^`\"<>",
        "https://registry.example.com/[x]",
        "https://registry.example.com/%zz",
        "https://registry.example.com/ä",
        "https://bücher.example",
        "https://registry.example.com/#a#b",
    ] {
        for rejected in send(server).await {
            let why = "must consist of the characters of RFC 3986, others percent-encoded";
            assert_eq!(rejected.status, 400, "{server}: {rejected:?}");
            assert!(rejected.body.to_string().contains(why), "{server}: {rejected:?}");
        }
    }
    for server in [
        "https://registry.example.com:5000/v2/~a/%c3%A4;b=1,(c)!?d=$'*+&e=:@/?#f/?",
        "https://[2001:db8::1]:5000/",
        "https://my_registry",
    ] {
        assert_eq!(send(server).await.map(|response| response.status), [200, 204], "{server}");
        assert_eq!(jane.send("GET", &path).await.text("server"), server);
    }
}
