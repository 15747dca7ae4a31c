//! Calls and units of one request, and the time of many.

use std::time::Instant;

use anyhow::{Result, ensure};
use shared::model::Timestamp;
use testkit::{TestApp, TestCredentials, read_units, write_units};

use super::Point;

use super::requests::Request;
use super::run::SAMPLES;
use crate::measure::process::{milliseconds, quantile};

/// The callers.
pub(crate) struct Senders {
    /// In turn, one for each request.
    pub(crate) counted: Vec<TestCredentials>,
    /// In turn, one for each time that a request is sent.
    pub(crate) timed: Vec<TestCredentials>,
}

/// All requests at one size: first through the proxy, which sees what they consume, then past it
/// and with a watch.
pub(crate) async fn points(
    app: &mut TestApp,
    requests: &[Request],
    senders: &Senders,
    size: u64,
) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for (request, credentials) in requests.iter().zip(senders.counted.iter().cycle()) {
        points.push(counted(app, request, credentials, size).await?);
    }
    app.pass_proxy();
    for (request, point) in requests.iter().zip(&mut points) {
        point.p50_ms = timed(app, request, &senders.timed, size).await?;
    }
    app.mend();
    Ok(points)
}

/// The consumption of a request whose credential was used before in the same hour: counting starts
/// again if an hour ends meanwhile.
async fn counted(
    app: &TestApp,
    request: &Request,
    credentials: &TestCredentials,
    size: u64,
) -> Result<Point> {
    loop {
        let hour = || Timestamp::now().as_second() / 3600;
        let start = hour();
        note_use(app, credentials).await?;
        let event = request.event(app, credentials, size).await?;
        app.proxy().take_consumed();
        let response = app.send_event(&event).await;
        let consumed = app.proxy().take_consumed();
        let things = request.things(&response, size)?;
        if hour() == start {
            let (reads, writes) = (read_units(&consumed), write_units(&consumed));
            return Ok(Point {
                size,
                things,
                calls: consumed.len() as u64,
                reads,
                writes,
                p50_ms: 0.0,
            });
        }
    }
}

pub(crate) async fn note_use(app: &TestApp, credentials: &TestCredentials) -> Result<()> {
    let headers = [("authorization", credentials.token.as_str())];
    let response = app.send("GET", "/v2/account", &headers, None).await;
    ensure!(response.status == 200, "{response:?}");
    Ok(())
}

/// The median in milliseconds, of warm requests.
async fn timed(app: &TestApp, request: &Request, by: &[TestCredentials], size: u64) -> Result<f64> {
    let mut took = Vec::with_capacity(SAMPLES + 1);
    for credentials in by.iter().cycle().take(SAMPLES + 1) {
        let event = request.event(app, credentials, size).await?;
        let start = Instant::now();
        let response = app.send_event(&event).await;
        took.push(milliseconds(start.elapsed()));
        request.things(&response, size)?;
    }
    // The first one opened connections.
    let warm = took.split_off(1);
    Ok(quantile(warm, 0.5))
}
