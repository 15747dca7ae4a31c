//! The curl lines that the service prints when it is ready, pasted into a shell.

use std::process::Command;
use std::time::Duration;

use tokio::time::sleep;

use crate::service::{base_url, dev_json};

/// A folder with the settings of curl, which leave the pasted lines as they are: the status stands
/// in the last line of what curl prints.
fn settings() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let settings = "silent\nwrite-out = \"\\n%{http_code}\"\n";
    std::fs::write(folder.path().join(".curlrc"), settings).unwrap();
    folder
}

/// The service's output is in a file beside its `dev.json`, which is written a moment earlier.
async fn printed_lines() -> Vec<String> {
    let log = dev_json().with_file_name("service.log");
    for _ in 0..50 {
        let text = std::fs::read_to_string(&log).unwrap();
        let lines: Vec<_> =
            text.lines().filter(|line| line.contains("curl ")).map(str::to_owned).collect();
        if lines.len() >= 5 {
            return lines;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{} has no five curl lines", log.display());
}

#[tokio::test]
async fn the_service_prints_a_curl_line_for_each_dialect_and_each_works() {
    let settings = settings();
    let lines = printed_lines().await;
    let paths = [
        "/api/public/v1/accounts",
        "/v1/accounts",
        "/v2/accounts",
        "/api/v1.1/users/janedoe/",
        "/rollcall/v1/tokens",
    ];

    assert_eq!(lines.len(), paths.len(), "{lines:?}");
    for (line, path) in lines.iter().zip(paths) {
        assert!(line.ends_with(&format!(" {}{path}", base_url())), "{line}");
        let mut shell = Command::new("sh");
        let output = shell.arg("-c").arg(line).env("CURL_HOME", settings.path()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.lines().last(), Some("200"), "{line}\n{printed}");
    }
}
