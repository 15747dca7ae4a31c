//! When the service may be called ready.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use reqwest::{Client, Response};
use tokio::time::{Instant, sleep, timeout_at};

use devkit::out;
use devkit::supervise::Supervised;
use devkit::template::{Function, Template};

const DEADLINE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(100);

/// Resolves when every function with a route has responded to a request through the server.
pub(super) async fn wait(
    base_url: &str,
    template: &Template,
    watch: &mut Supervised,
) -> Result<()> {
    out::line("Starting the functions")?;
    tokio::select! {
        answered = all_respond(base_url, template) => answered,
        status = watch.wait() => bail!("cargo lambda watch ended before it was ready ({})", status?),
    }
}

async fn all_respond(base_url: &str, template: &Template) -> Result<()> {
    let client = Client::builder().no_proxy().build()?;
    let deadline = Instant::now() + DEADLINE;
    for function in template.functions() {
        let Some(path) = path_of(function) else { continue };
        let url = format!("{base_url}{path}");
        let response = timeout_at(deadline, until_response(&client, &url)).await;
        ensure!(response.is_ok(), "{} did not respond within two minutes", function.binary);
    }
    Ok(())
}

async fn until_response(client: &Client, url: &str) {
    while !client.get(url).send().await.is_ok_and(|response| is_from_function(&response)) {
        sleep(PAUSE).await;
    }
}

/// The server in between responds itself while a function is missing; only functions send a request
/// id.
fn is_from_function(response: &Response) -> bool {
    response.headers().contains_key("x-request-id") && !response.status().is_server_error()
}

/// A path that reaches the function, be it one that takes the rest; none if no path does.
fn path_of(function: &Function) -> Option<String> {
    function.routes.first().map(|(_, route)| sample(route))
}

fn sample(route: &str) -> String {
    let segments = route.trim_start_matches("$default").split('/').skip(1);
    let filled = segments.map(|segment| if segment.starts_with('{') { "x" } else { segment });
    format!("/{}", filled.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
