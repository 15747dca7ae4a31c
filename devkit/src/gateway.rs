//! A stand-in for an HTTP API of API Gateway: routes requests as the template does, makes events of
//! payload format 2.0 and responses of what the functions return.

mod event;
mod limits;
mod response;
pub mod route;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::template::Template;
pub use event::{EventContext, event};
pub use response::{Failure, failure};
use route::{DEFAULT, EmptyRest};

/// What stands behind the gateway.
pub trait Integration: Send + Sync + 'static {
    /// Hands an event to a function, and returns its response.
    fn invoke(
        &self,
        function: &str,
        event: &Value,
    ) -> impl Future<Output = Result<Value, Failure>> + Send;

    /// Takes note of a request and its response.
    fn exchanged(&self, request: &Parts, response: &Response<Bytes>, started: Instant);
}

/// The functions by their routes.
#[derive(Debug, Clone)]
pub struct Routes(BTreeMap<String, String>);

/// A running gateway; dropping it stops it.
pub struct Gateway(JoinHandle<std::io::Result<()>>);

struct Shared<I> {
    routes: Routes,
    port: u16,
    integration: I,
}

impl Routes {
    /// The routes of the template; all accept every method.
    pub fn new(template: &Template) -> Self {
        let functions = template.functions().iter();
        let routes = functions.flat_map(|function| {
            function.routes.iter().map(|(_, route)| (route.clone(), function.binary.clone()))
        });
        Self(routes.collect())
    }

    /// The route that takes a path, and the function behind it.
    fn find(&self, path: &str) -> Option<(&str, &str)> {
        let route = route::choose(self.0.keys().map(String::as_str), path, EmptyRest::Accepted)?;
        Some((route, &self.0[route]))
    }
}

impl Gateway {
    /// Serves requests that come to the listener; `own` has what is not of the API.
    pub fn start<I: Integration>(
        listener: TcpListener,
        routes: Routes,
        integration: I,
        own: Router,
    ) -> Result<Self> {
        let port = listener.local_addr().context("cannot serve the API")?.port();
        let shared = Arc::new(Shared { routes, port, integration });
        let service = Router::new().fallback(handle::<I>).with_state(shared).merge(own);
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        Ok(Self(tokio::spawn(axum::serve(listener, service).into_future())))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn handle<I: Integration>(
    State(shared): State<Arc<Shared<I>>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let context = EventContext::new(source.ip(), shared.port);
    let response = match limits::read(&parts, body).await {
        Ok(body) => shared.respond(&parts, &body, &context).await,
        Err(rejection) => rejection,
    };
    let response = response::with_request_id(response, &context.request_id);
    shared.integration.exchanged(&parts, &response, started);
    response.map(Body::from)
}

impl<I: Integration> Shared<I> {
    async fn respond(&self, parts: &Parts, body: &[u8], context: &EventContext) -> Response<Bytes> {
        let path = event::path(&parts.uri);
        let Some((route, function)) = self.routes.find(&path) else {
            return response::not_found();
        };
        let event = event(parts, body, route, context);
        if limits::is_too_long(&event) {
            return limits::too_long();
        }
        match self.integration.invoke(function, &event).await {
            Ok(output) => response::from_output(output),
            Err(failed) => failure(&failed),
        }
    }
}

/// The key of a route that takes every method.
fn key(route: &str) -> String {
    if route == DEFAULT { DEFAULT.to_owned() } else { format!("ANY {route}") }
}
