//! `rollcall smoke`: what it asks of the running service, and what it leaves.

use std::ffi::OsString;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, Uri};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::service::{base_url, dev_json, tool};
use crate::terminal::line;

/// A run must not find what another one has made.
static ALONE: AsyncMutex<()> = AsyncMutex::const_new(());

/// What `CloudWatch` has of a line, and of a minute in which a metric was counted.
const LINE: &str = r#"[{"message":"{}"}]"#;
const POINT: &str = "<member><Sum>1.0</Sum></member>";

fn rollcall(arguments: &[&str]) -> Command {
    let mut local = OsString::from("--local=");
    local.push(dev_json().parent().unwrap());
    let mut command = Command::new(tool("ROLLCALL_COMMAND"));
    command.arg(local).args(arguments);
    command
}

fn lines(output: &Output) -> Vec<Value> {
    let text = str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The users and clients of a run that are there.
fn left() -> String {
    let list = |command| {
        let listed = rollcall(&[command]).output().unwrap();
        assert!(listed.status.success(), "{listed:?}");
        String::from_utf8(listed.stdout).unwrap()
    };
    let all = list("list-users") + &list("list-clients");
    let is_ours = |line: &&str| line.contains("simulator.amazonses.com") || line.contains("Smoke");
    all.lines().filter(is_ours).collect()
}

#[tokio::test]
async fn every_group_is_asked_signed_in_to_and_mailed_by_and_nothing_is_left() {
    let _alone = ALONE.lock().await;
    let output = rollcall(&["smoke", "--url", base_url()]).output().unwrap();

    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let lines = lines(&output);
    let template = devkit::template::Template::load().unwrap();
    for function in template.functions().iter().filter(|own| !own.routes.is_empty()) {
        assert!(lines.iter().any(|line| line["check"] == *function.binary), "{}", function.binary);
    }
    assert!(lines.iter().all(|line| line.get("problem").is_none()), "{lines:?}");
    let hub = lines.iter().find(|line| line["check"] == "hub-users").unwrap();
    let username = hub["path"].as_str().unwrap().split('/').nth(4).unwrap();
    line("service.log", &format!(" to success+{username}@simulator.amazonses.com")).await;
    assert_eq!(left(), "");
}

#[tokio::test]
async fn a_service_of_another_table_fails_and_nothing_is_left() {
    let _alone = ALONE.lock().await;
    // It responds to everything, and with no header of ours.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new()).into_future());
    let command = rollcall(&["smoke", "--url", &url]);

    let output = tokio::process::Command::from(command).output().await.unwrap();

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("does --url serve the table that was named?"), "{error}");
    assert_eq!(left(), "");
}

/// Runs it with `--stack` against a `CloudWatch` that has these lines, on the second page of each
/// log, and these points of the metric. Also returns what that was asked.
async fn watched(events: &'static str, points: &'static str) -> (Output, Vec<String>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let cloud_watch = async move |_: Uri, headers: HeaderMap, body: String| {
        assert!(headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 "));
        let response = if body.contains(r#""nextToken":"second""#) {
            format!(r#"{{"events":{events}}}"#)
        } else if headers.contains_key("x-amz-target") {
            r#"{"events":[],"nextToken":"second"}"#.to_owned()
        } else {
            format!("<Datapoints>{points}</Datapoints>")
        };
        noted.lock().unwrap().push(body);
        response
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(cloud_watch);
    tokio::spawn(axum::serve(listener, router).into_future());
    let stack = ["--stack", "rollcall-dev", "--patience", "0"];
    let mut command = rollcall(&["smoke", "--url", base_url()]);
    command.args(stack).env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");

    let output = tokio::process::Command::from(command).output().await.unwrap();
    let asked = asked.lock().unwrap().clone();
    (output, asked)
}

#[tokio::test]
async fn logs_and_metrics_of_a_stack_are_looked_for_by_the_ids_of_the_requests() {
    let _alone = ALONE.lock().await;
    let (output, asked) = watched(LINE, POINT).await;

    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    for line in lines(&output).iter().filter(|line| line["check"] == "golem-accounts") {
        let id = line["requestId"].as_str().unwrap();
        let is_log = |body: &&String| {
            body.contains("/aws/lambda/rollcall-dev/golem-accounts") && body.contains(id)
        };
        assert!(asked.iter().any(|body| is_log(&body)), "{asked:?}");
    }
    let metric = asked.last().unwrap();
    assert!(metric.contains("MetricName=RejectedSignIns"), "{metric}");
    assert!(metric.contains("Namespace=Rollcall%2Frollcall-dev"), "{metric}");
}

#[tokio::test]
async fn a_stack_without_a_line_in_a_log_or_without_the_metric_fails_and_nothing_is_left() {
    type IsMissed = fn(&str) -> bool;
    let _alone = ALONE.lock().await;
    let missing: [(&'static str, &'static str, IsMissed); 2] = [
        ("[]", POINT, |check| check.starts_with("log of ")),
        (LINE, "", |check| check == "metric RejectedSignIns"),
    ];
    for (events, points, is_missed) in missing {
        let (output, _) = watched(events, points).await;

        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let (mut missed, mut looked_for) = (0, 0);
        for line in lines(&output) {
            let check = line["check"].as_str().unwrap();
            looked_for += usize::from(check.contains(' '));
            missed += usize::from(is_missed(check));
            assert_eq!(line.get("problem").is_some(), is_missed(check), "{line}");
        }
        assert!(missed > 0 && looked_for > missed, "{missed} of {looked_for}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(&format!("{missed} of ")), "{error}");
        assert_eq!(left(), "");
    }
}
