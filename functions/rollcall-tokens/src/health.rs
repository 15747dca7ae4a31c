use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::http::{self, ApiRequest};
use shared::lifetimes::HEALTH_TTL;
use shared::{App, Error, Result};

/// What was found last, and when: so the question costs no more, however often it comes.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, bool)>>);

#[derive(Serialize)]
struct HealthView {
    status: &'static str,
}

/// `GET /health`: whether the table and the service key can be read, for load balancers and
/// monitors. Strangers learn nothing else; why it is not so is in the log.
pub(crate) async fn show(
    app: &App,
    health: &Health,
    request: &ApiRequest,
) -> Result<Response<Body>> {
    request.query()?;
    match health.recent() {
        Some(true) => (),
        Some(false) => return Err(unavailable("could not be read seconds ago")),
        None => {
            let read = tokio::try_join!(app.table.probe(), app.service_keys.current());
            health.note(read.is_ok());
            // Whatever is wrong with either, it is not the request.
            read.map_err(unavailable)?;
        }
    }
    http::ok(&HealthView { status: "ok" })
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unavailable { action: "read the table and the service key", source: source.into() }
}

impl Health {
    fn recent(&self) -> Option<bool> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(at, _)| at.elapsed() < HEALTH_TTL).map(|(_, is_well)| is_well)
    }

    fn note(&self, is_well: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), is_well));
    }
}
