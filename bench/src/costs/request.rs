//! The cost of a million requests.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::facts::{Measured, Stack};
use crate::performance::share_of_a_core;
use devkit::template::Template;
use testkit::Prices;

/// The number of requests that a price is for.
pub(crate) const MILLION: f64 = 1e6;
/// Amazon's gigabyte.
const GIGABYTE: f64 = 1_073_741_824.0;
/// The unit in which `API Gateway` meters a request, in bytes.
const METERED_BYTES: usize = 512 * 1024;

/// Milliseconds of a round trip to `DynamoDB`, as assumed.
pub(crate) const ROUND_TRIP_MS: u32 = 8;

/// Assumed times. The round trip is a guess, as only a cloud could tell it; the others come from a
/// bench on another machine with a whole core, as a function has at 1,769 MB.
#[derive(Debug, Clone, Args)]
pub(crate) struct Assumptions {
    /// Milliseconds of a round trip to DynamoDB
    #[arg(long, default_value_t = ROUND_TRIP_MS)]
    round_trip_ms: u32,
    /// Milliseconds of a whole core that a function takes by itself
    #[arg(long, default_value_t = 1)]
    own_ms: u32,
    /// Milliseconds of a whole core that a password hash takes
    #[arg(long, default_value_t = 75)]
    hash_ms: u32,
    /// How many requests in a hundred X-Ray records
    #[arg(long, default_value_t = 5)]
    traced_percent: u32,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { round_trip_ms: ROUND_TRIP_MS, own_ms: 1, hash_ms: 75, traced_percent: 5 }
    }
}

impl Assumptions {
    /// How long a request takes in a function of so many megabytes.
    pub(crate) fn milliseconds(&self, request: &Measured, megabytes: f64) -> f64 {
        let of_a_core = f64::from(self.own_ms + request.hashes * self.hash_ms);
        let waiting = f64::from(request.rounds * self.round_trip_ms);
        (waiting + of_a_core / share_of_a_core(megabytes)).ceil()
    }

    /// The assumptions in words.
    pub(crate) fn description(&self) -> String {
        let Self { round_trip_ms, own_ms, hash_ms, traced_percent } = self;
        let [small, large] = [128.0, 1024.0].map(share_of_a_core);
        format!(
            "a round trip to DynamoDB takes {round_trip_ms} ms, which only a cloud could tell; the \
             function itself takes {own_ms} ms of a whole core and a password hash {hash_ms} more, \
             more than [performance.md](performance.md) shows, and at 128 MB it has \
             {small:.2} of a core, at 1024 MB {large:.2}; X-Ray records \
             {traced_percent} of 100 requests"
        )
    }
}

/// The cost of a million requests, by what they differ in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerMillion {
    pub(crate) table: f64,
    pub(crate) log: f64,
    pub(crate) response: f64,
    /// Rests on assumptions.
    pub(crate) time: f64,
    /// With what every request costs.
    pub(crate) all: f64,
}

/// Works out what requests to one stack cost.
pub(crate) struct Requests<'a> {
    pub(crate) prices: &'a Prices,
    pub(crate) assumptions: &'a Assumptions,
    /// Memory of each function in megabytes, by its binary.
    pub(crate) memory: BTreeMap<String, f64>,
    access_line: usize,
}

impl<'a> Requests<'a> {
    pub(crate) fn to(
        stack: &Stack,
        prices: &'a Prices,
        assumptions: &'a Assumptions,
    ) -> Result<Self> {
        let template = Template::load()?;
        let functions = template.functions().iter();
        let functions = functions.filter_map(|function| {
            stack.resources.get(&function.logical_id).map(|resource| (function, resource))
        });
        let memory = functions.map(|(function, resource)| {
            let properties = &resource["Properties"];
            let megabytes =
                properties["MemorySize"].as_f64().context("a function has no memory size")?;
            Ok((function.binary.clone(), megabytes))
        });
        let stage =
            stack.of_type("AWS::ApiGatewayV2::Stage").next().context("there is no stage")?;
        let format = stage["Properties"]["AccessLogSettings"]["Format"].as_str();
        let access_line = access_line(format.context("there is no access log")?)?.len();
        Ok(Self { prices, assumptions, memory: memory.collect::<Result<_>>()?, access_line })
    }

    /// The cost of every request, whatever the operation: in words, and in dollars for a million.
    pub(crate) fn shared(&self) -> Result<Vec<(String, f64)>> {
        let platform: usize = PLATFORM_LINES.iter().map(|line| line.len()).sum();
        Ok(vec![
            ("API Gateway's request".to_owned(), self.prices.dollars("api-requests", MILLION)?),
            ("Lambda's request".to_owned(), self.prices.dollars("lambda-requests", MILLION)?),
            (
                format!("the line in the access log, about {} bytes", self.access_line),
                self.bytes("logs-written", self.access_line)?,
            ),
            (
                format!(
                    "Lambda's own two lines (`platform.start`, `platform.report`), about {platform} bytes"
                ),
                self.bytes("logs-written", platform)?,
            ),
            (
                format!("traces, {} of 100 requests", self.assumptions.traced_percent),
                self.traces(self.assumptions.traced_percent)?,
            ),
        ])
    }

    /// The cost of traces for this percentage of requests, in dollars for a million requests.
    pub(crate) fn traces(&self, percent: u32) -> Result<f64> {
        self.prices.dollars("traces", f64::from(percent) / 100.0 * MILLION)
    }

    /// How much more each request costs when every one is traced.
    pub(crate) fn if_all_are_traced(&self) -> Result<f64> {
        Ok(self.traces(100)? - self.traces(self.assumptions.traced_percent)?)
    }

    pub(crate) fn per_million(&self, request: &Measured) -> Result<PerMillion> {
        if request.response_bytes > METERED_BYTES {
            bail!("{} is more than one request to API Gateway", request.name);
        }
        let megabytes = self.memory.get(&request.function).context("an unknown function")?;
        let seconds = self.assumptions.milliseconds(request, *megabytes) / 1000.0;
        let table = self.prices.dollars("table-reads", request.reads * MILLION)?
            + self.prices.dollars("table-writes", request.writes * MILLION)?;
        let log = self.bytes("logs-written", request.log_bytes)?;
        let response = self.bytes("data-out", request.response_bytes)?;
        let time =
            self.prices.dollars("lambda-gb-seconds", megabytes / 1024.0 * seconds * MILLION)?;
        let shared: f64 = self.shared()?.iter().map(|(_, dollars)| dollars).sum();
        Ok(PerMillion { table, log, response, time, all: shared + table + log + response + time })
    }

    /// The cost of this many bytes, a million times.
    #[expect(clippy::cast_precision_loss, reason = "a response has some thousand bytes")]
    fn bytes(&self, price: &str, bytes: usize) -> Result<f64> {
        self.prices.dollars(price, bytes as f64 * MILLION / GIGABYTE)
    }
}

/// The lines that Lambda itself writes at the level `INFO`, after the examples of its
/// documentation: estimated.
const PLATFORM_LINES: [&str; 2] = [
    r#"{"time":"2026-11-22T00:00:00.000Z","type":"platform.start","record":{"requestId":"8a3f0c1e-0000-4000-8000-000000000001","version":"12","tracing":{"spanId":"0123456789abcdef","type":"X-Amzn-Trace-Id","value":"Root=1-69202ef8-000000000000000000000011;Parent=0123456789abcdef;Sampled=0"}}}"#,
    r#"{"time":"2026-11-22T00:00:00.021Z","type":"platform.report","record":{"requestId":"8a3f0c1e-0000-4000-8000-000000000001","metrics":{"durationMs":20.123,"billedDurationMs":21,"memorySizeMB":1024,"maxMemoryUsedMB":24},"tracing":{"spanId":"0123456789abcdef","type":"X-Amzn-Trace-Id","value":"Root=1-69202ef8-000000000000000000000011;Parent=0123456789abcdef;Sampled=0"},"status":"success"}}"#,
];

/// A line of the access log, with values of the usual length in place of the variables: estimated.
fn access_line(format: &str) -> Result<String> {
    const USUAL: [(&str, &str); 10] = [
        ("$context.error.responseType", "-"),
        ("$context.httpMethod", "DELETE"),
        ("$context.integration.requestId", "8a3f0c1e-0000-4000-8000-000000000001"),
        ("$context.integrationErrorMessage", "-"),
        ("$context.integrationLatency", "25"),
        ("$context.requestId", "UZc2gh21FiAEJtw="),
        ("$context.requestTime", "22/Nov/2026:00:45:54 +0000"),
        ("$context.responseLatency", "28"),
        ("$context.routeKey", "ANY /v1/accounts/{account_id}"),
        ("$context.status", "200"),
    ];
    let mut line = format.to_owned();
    for (variable, value) in USUAL {
        line = line.replace(&format!("{variable}\""), &format!("{value}\""));
    }
    if line.contains('$') {
        bail!("how long is what {line} names?");
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_defaults_are_those_of_the_documentation() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            assumptions: Assumptions,
        }

        let line: Line = clap::Parser::parse_from(["costs"]);

        assert_eq!(line.assumptions.description(), Assumptions::default().description());
    }

    #[test]
    fn a_variable_of_unknown_length_is_rejected() {
        assert!(access_line(r#"{"status":"$context.status"}"#).unwrap().contains(r#":"200""#));
        assert!(access_line(r#"{"agent":"$context.identity.userAgent"}"#).is_err());
    }
}
