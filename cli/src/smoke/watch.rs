//! What a stack leaves in `CloudWatch`: the lines of the requests, and a metric.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use serde_json::json;
use shared::model::Timestamp;
use tokio::time::sleep;

use super::checks::Checks;
use super::http::{HttpClient, Response};
use crate::connect;

/// A line is in the log after seconds, or a minute.
const LOGS: (Duration, Duration) = (Duration::from_secs(3), Duration::from_mins(3));
/// A metric takes some minutes.
const METRICS: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(6));

/// The logs and metrics of a stack.
pub(super) struct Watch {
    stack: String,
    region: String,
    /// In place of AWS's own.
    endpoint: Option<String>,
    identity: Identity,
    client: HttpClient,
    since: Timestamp,
    /// How long it looks for each, if not as long as it may take.
    patience: Option<Duration>,
}

impl Watch {
    /// With region and credentials as the AWS CLI finds them.
    pub(super) async fn new(stack: String, patience: Option<Duration>) -> Result<Self> {
        let config = connect::load_config().await;
        let region = config.region().context(connect::NO_REGION)?.to_string();
        let credentials = connect::credentials(&config).await?.provide_credentials().await?;
        Ok(Self {
            stack,
            region,
            endpoint: config.endpoint_url().map(str::to_owned),
            identity: credentials.into(),
            client: HttpClient::new(),
            since: Timestamp::now(),
            patience,
        })
    }

    /// Looks for the last request of each group, for a mail that was sent, and for the rejected
    /// sign-in.
    pub(super) async fn look(&self, checks: &mut Checks, sends_mail: bool) -> Result<()> {
        let mut due: Vec<(&str, String)> = checks.request_ids.clone();
        for (_, wanted) in &mut due {
            *wanted = format!("{{ $.requestId = \"{wanted}\" }}");
        }
        due.extend(sends_mail.then(|| ("mailer", "{ $.outcome = \"sent\" }".to_owned())));
        for (group, wanted) in due {
            let started = Instant::now();
            let found = self.wait(LOGS, async || self.is_logged(group, &wanted).await).await?;
            let problem = (!found).then(|| format!("no line has {wanted}"));
            checks.note(&format!("log of {group}"), started, problem)?;
        }
        let started = Instant::now();
        let found = self.wait(METRICS, async || self.is_counted().await).await?;
        let problem = (!found).then(|| "it was not counted".to_owned());
        checks.note("metric RejectedSignIns", started, problem)
    }

    /// Whether something comes about within some time, of which one look is this far from the next.
    async fn wait(
        &self,
        (pause, patience): (Duration, Duration),
        mut is_there: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<bool> {
        let (started, patience) = (Instant::now(), self.patience.unwrap_or(patience));
        loop {
            if is_there().await? {
                return Ok(true);
            }
            if started.elapsed() > patience {
                return Ok(false);
            }
            sleep(pause).await;
        }
    }

    /// Whether the log of a group has such a line.
    async fn is_logged(&self, group: &str, pattern: &str) -> Result<bool> {
        let mut body = json!({
            "logGroupName": format!("/aws/lambda/{}/{group}", self.stack),
            "filterPattern": pattern,
            "startTime": self.since.as_millisecond(),
        });
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        loop {
            let found = self.call("logs", &headers, &body.to_string()).await?.json();
            if found["events"].as_array().is_some_and(|events| !events.is_empty()) {
                return Ok(true);
            }
            // Of a long log one response covers a part, also if nothing fits there.
            let Some(rest) = found["nextToken"].as_str() else { return Ok(false) };
            body["nextToken"] = json!(rest);
        }
    }

    /// Whether a rejected sign-in was counted since.
    async fn is_counted(&self) -> Result<bool> {
        let seconds = |time: Timestamp| format!("{time:.0}");
        let namespace = format!("Rollcall/{}", self.stack);
        let (start, end) = (seconds(self.since), seconds(Timestamp::now()));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("Action", "GetMetricStatistics"),
            ("Version", "2010-08-01"),
            ("Namespace", &namespace),
            ("MetricName", "RejectedSignIns"),
            ("Period", "60"),
            ("Statistics.member.1", "Sum"),
            ("StartTime", &start),
            ("EndTime", &end),
        ]);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let found = self.call("monitoring", &headers, &form.finish()).await?;
        Ok(found.body.contains("<Sum>"))
    }

    /// A signed call.
    async fn call(&self, service: &str, headers: &[(&str, &str)], body: &str) -> Result<Response> {
        let suffix = if self.region.starts_with("cn-") { ".cn" } else { "" };
        let own = || format!("https://{service}.{}.amazonaws.com{suffix}", self.region);
        let url = format!("{}/", self.endpoint.clone().unwrap_or_else(own));
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let given = headers.iter().copied();
        let request =
            SignableRequest::new("POST", &url, given, SignableBody::Bytes(body.as_bytes()))?;
        let (signed, _) = sign(request, &parameters)?.into_parts();
        let headers: Vec<_> = headers.iter().copied().chain(signed.headers()).collect();
        let response = self.client.send("POST", &url, &headers, Some(body)).await?;
        ensure!(
            response.status == 200,
            "{service} responded {}: {}",
            response.status,
            response.body
        );
        Ok(response)
    }
}
