//! When the service may be called ready.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use axum::http::Request;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::emulator::Emulator;
use devkit::gateway::{EventContext, event};
use devkit::out;
use devkit::supervise::Supervised;
use devkit::template::{Function, Template};

const DEADLINE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(100);

/// Resolves when every function with a route has responded to an event.
pub(super) async fn wait(
    emulator: &Emulator,
    template: &Template,
    watch: &mut Supervised,
) -> Result<()> {
    out::line("Starting the functions")?;
    tokio::select! {
        responded = all_respond(emulator, template) => responded,
        status = watch.wait() => bail!("cargo lambda watch ended before it was ready ({})", status?),
    }
}

async fn all_respond(emulator: &Emulator, template: &Template) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    for function in template.functions() {
        let Some(event) = probe(function) else { continue };
        let response = timeout_at(deadline, until_response(emulator, &function.binary, &event));
        ensure!(response.await.is_ok(), "{} did not respond within two minutes", function.binary);
    }
    Ok(())
}

async fn until_response(emulator: &Emulator, function: &str, event: &Value) {
    let is_response = |output: Value| output["statusCode"].as_u64().is_some_and(|own| own < 500);
    while !emulator.invoke(function, event).await.is_ok_and(is_response) {
        sleep(PAUSE).await;
    }
}

/// A request to a function without credentials, which reads nothing: the table may come later. None
/// if it has no route.
fn probe(function: &Function) -> Option<Value> {
    let (_, route) = function.routes.iter().find(|(_, route)| !route.starts_with("/health"))?;
    let (request, ()) = Request::get(sample(route)).body(()).ok()?.into_parts();
    Some(event(&request, b"", route, &EventContext::new(Ipv4Addr::LOCALHOST.into(), 0)))
}

/// A path that the route takes.
fn sample(route: &str) -> String {
    let segments = route.trim_start_matches("$default").split('/').skip(1);
    let filled = segments.map(|segment| if segment.starts_with('{') { "x" } else { segment });
    format!("/{}", filled.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_probe_asks_for_the_health_that_a_table_which_comes_later_does_not_have() {
        let template = Template::load().unwrap();

        let probes: Vec<Value> = template.functions().iter().filter_map(probe).collect();

        assert!(probes.len() > 10, "{probes:?}");
        assert!(probes.iter().all(|event| event["rawPath"] != "/health"), "{probes:?}");
    }

    #[test]
    fn a_sample_path_has_no_parameters_left() {
        for (route, path) in [
            ("/v1/accounts", "/v1/accounts"),
            ("/v1/accounts/{account_id}/plan", "/v1/accounts/x/plan"),
            ("/v1/accounts/{proxy+}", "/v1/accounts/x"),
            ("$default", "/"),
        ] {
            assert_eq!(sample(route), path);
        }
    }
}
