//! A request signed with the key that `dev.json` shows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::service::{base_url, send, user};

#[tokio::test]
async fn a_request_signed_by_a_seeded_user_is_accepted_and_an_altered_one_is_not() {
    let host = base_url().trim_start_matches("http://");
    let output = std::process::Command::new("date")
        .args(["-u", "+%a, %d %b %Y %H:%M:%S GMT"])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let date = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(user(0, "secret_key").as_bytes()).unwrap();
    mac.update(format!("GET\n{host}\n{date}\n/v2/accounts?limit=1\n").as_bytes());
    let authorization =
        format!("{}:{}", user(0, "api_key"), STANDARD.encode(mac.finalize().into_bytes()));
    let headers = [("authorization", authorization.as_str()), ("x-date", date.as_str())];

    let taken = send("GET", "/v2/accounts?limit=1", &headers, None).await;
    let altered = send("GET", "/v2/accounts?limit=2", &headers, None).await;

    assert_eq!(
        (taken.status, &taken.body["users"][0]["username"]),
        (200, &serde_json::json!("janedoe")),
        "{taken:?}"
    );
    assert_eq!((altered.status, altered.text("error")), (401, "the credential is not valid"));
}
