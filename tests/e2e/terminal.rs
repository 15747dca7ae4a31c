//! What the service shows of its requests, and what it logs.

use std::time::Duration;

use testkit::{date, signature, unique};
use tokio::time::sleep;

use crate::service::{base_url, dev_json, get, send, user};

/// The service's output, and its log.
const FILES: [&str; 2] = ["service.log", "dev.log"];

/// The line with this text; a request's is written a moment after the response.
pub(crate) async fn line(file: &str, text: &str) -> String {
    let path = dev_json().with_file_name(file);
    for _ in 0..50 {
        let log = std::fs::read_to_string(&path).unwrap();
        if let Some(line) = log.lines().find(|line| !line.starts_with('{') && line.contains(text)) {
            return line.to_owned();
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{} says nothing of {text}", path.display());
}

/// The line without its time and its duration.
fn stable(line: &str) -> String {
    let words: Vec<_> = line.split(' ').skip(1).collect();
    let duration = words.iter().position(|word| *word == "ms").unwrap();
    [&words[..duration - 1], &words[duration + 1..]].concat().join(" ")
}

#[tokio::test]
async fn a_request_is_one_line_with_its_cost_and_its_user() {
    let path = format!("/v1/accounts/{}/plan", user(1, "account_id"));

    get(1, "GET", &format!("{path}?a=secret")).await;

    for file in FILES {
        let line = line(file, &path).await;
        assert_eq!(stable(&line), format!("GET {path} 200 2 calls johnroe token"));
    }
}

#[tokio::test]
async fn a_rejected_request_says_why() {
    let (path, secret) = (unique("/v2/accounts?"), user(0, "secret_key"));
    let host = base_url().trim_start_matches("http://");
    let date = date(-16 * 60 - 30, "GMT", 0);
    let signed = signature(secret, &format!("GET\n{host}\n{date}\n{path}\n"));
    let authorization = format!("{}:{signed}", user(0, "api_key"));
    let headers = [("authorization", authorization.as_str()), ("x-date", date.as_str())];

    let response = send("GET", &path, &headers, None).await;
    let unknown = unique("/nothing");
    get(0, "GET", &unknown).await;

    assert_eq!(response.status, 401);
    for file in FILES {
        let line = line(file, "signature: date is 16 minutes old").await;
        assert!(line.contains(" GET /v2/accounts 401 signature: "), "{line}");
    }
    assert_eq!(
        stable(&line("dev.log", &unknown).await),
        format!("GET {unknown} 404 path not found 0 calls")
    );
}

#[tokio::test]
async fn the_terminal_shows_no_json_and_nothing_before_the_service_is_ready() {
    get(0, "GET", "/v1/accounts").await;
    let text = std::fs::read_to_string(dev_json().with_file_name("service.log")).unwrap();
    let log = std::fs::read_to_string(dev_json().with_file_name("dev.log")).unwrap();

    assert!(!text.lines().any(|line| line.starts_with('{')), "{text}");
    assert!(log.lines().any(|line| line.starts_with('{')));
    let (start, _) = text.split_once("Rollcall is ready").unwrap();
    assert!(!start.contains(" ms "), "{start}");
}
