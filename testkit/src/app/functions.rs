//! The functions as libraries, each with a connection of its own, as with a role of its own in the
//! cloud.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::{Body, Context, RequestExt, Response};
use rollcall_tokens::Health;
use serde_json::Value;
use shared::http::ApiRequest;
use shared::password::PasswordCache;
use shared::seal::SealPublicKey;
use shared::service_key::ServiceKeys;
use shared::table::{Swept, Table};
use shared::{App, Settings, SignUpPolicy};

use super::REQUEST_ID;
use crate::ApiResponse;
use crate::operations::GROUPS;

/// The unit of the time that a rejected sign-in takes: tests have hundreds of them.
const SHORT: Duration = Duration::from_millis(1);

/// The functions that have no table, and so no state.
const WITHOUT_TABLE: [&str; 2] = ["docs", "not-found"];

/// What the functions start with: anybody can sign up, and mails that people ask for are sent.
///
/// Notices are not, until [`Functions::configure`] says so: the outbox of every test would fill.
pub(super) fn settings() -> Settings {
    Settings { sign_up: SignUpPolicy::Open, sends_mail: true, ..Settings::default() }
}

/// All functions, started.
pub(super) struct Functions {
    apps: BTreeMap<&'static str, App>,
    sends_notices: bool,
    health: Health,
    sweeps: Table,
    sealing: SealPublicKey,
}

impl Functions {
    /// With the table and the service key as each function reaches them.
    pub(super) fn start(
        table: impl Fn(&str) -> Result<Table>,
        keys: impl Fn(&str) -> ServiceKeys,
        sealing: SealPublicKey,
    ) -> Result<Self> {
        let names = GROUPS.iter().map(|group| group.function);
        let names = names.filter(|name| !WITHOUT_TABLE.contains(name));
        let app = |name| {
            let mut app = App::new(settings(), table(name)?, keys(name))?;
            app.table = app.table.sending_mail(false);
            app.rejected_sign_in = SHORT;
            Ok((name, app))
        };
        let apps = names.map(app).collect::<Result<_>>()?;
        let (health, sweeps) = (Health::default(), table("sweep")?);
        Ok(Self { apps, sends_notices: false, health, sweeps, sealing })
    }

    /// Sets what the operator decides, from now on.
    pub(super) fn configure(&mut self, settings: &Settings) {
        self.sends_notices = settings.sends_mail;
        for app in self.apps.values_mut() {
            app.settings = settings.clone();
            app.table = app.table.clone().sending_mail(settings.sends_mail);
        }
        self.sweeps = self.sweeps.clone().sending_mail(settings.sends_mail);
    }

    /// Has a rejected sign-in take a multiple of this.
    pub(super) fn set_rejected_sign_in(&mut self, unit: Duration) {
        self.apps.values_mut().for_each(|app| app.rejected_sign_in = unit);
    }

    /// Sets another table from now on.
    pub(super) fn reach(&mut self, table: impl Fn(&str) -> Result<Table>) -> Result<()> {
        for (name, app) in &mut self.apps {
            app.table = table(name)?.sending_mail(self.sends_notices);
        }
        self.sweeps = table("sweep")?;
        self.forget_health();
        Ok(())
    }

    /// Makes them read the service key again.
    pub(super) fn forget_service_key(&mut self, keys: impl Fn(&str) -> ServiceKeys) {
        for (name, app) in &mut self.apps {
            app.service_keys = keys(name);
        }
        self.forget_health();
    }

    /// Makes them look after the service's health again.
    pub(super) fn forget_health(&mut self) {
        self.health = Health::default();
    }

    /// Makes them forget cached passwords.
    pub(super) fn forget_passwords(&mut self) -> Result<()> {
        for app in self.apps.values_mut() {
            app.password_cache = PasswordCache::new()?;
        }
        Ok(())
    }

    /// Runs a function on a request, whether or not it serves its path.
    pub(super) async fn run(&self, function: &str, call: ApiRequest) -> Response<Body> {
        let apps = &self.apps;
        match function {
            "quave-accounts" => quave_accounts::handle(&apps[function], &self.sealing, call).await,
            "quave-current-account" => quave_current_account::handle(&apps[function], call).await,
            "docs" => docs::handle(call).await,
            "e24-account" => e24_account::handle(&apps[function], call).await,
            "e24-accounts" => e24_accounts::handle(&apps[function], call).await,
            "golem-accounts" => golem_accounts::handle(&apps[function], call).await,
            "hub-users" => hub_users::handle(&apps[function], call).await,
            "hub-oauth" => hub_oauth::handle(&apps[function], call).await,
            "pages" => pages::handle(&apps[function], &self.sealing, call).await,
            "passkeys" => passkeys::handle(&apps[function], call).await,
            "rollcall-accounts" => {
                rollcall_accounts::handle(&apps[function], &self.sealing, call).await
            }
            "rollcall-tokens" => rollcall_tokens::handle(&apps[function], &self.health, call).await,
            "rollcall-users" => rollcall_users::handle(&apps[function], call).await,
            _ => not_found::handle(call).await,
        }
    }

    /// Has the sweep run.
    pub(super) async fn sweep(&self) -> shared::Result<Swept> {
        sweep::handle(&self.sweeps).await
    }
}

/// The request of an event, as it reaches a function with these settings.
pub(crate) fn received(event: ApiGatewayV2httpRequest, settings: &Settings) -> ApiRequest {
    let mut context = Context::default();
    REQUEST_ID.clone_into(&mut context.request_id);
    ApiRequest::new(shared::http::from_event(event).with_lambda_context(context), settings)
}

/// The function that serves the request's path.
pub(crate) fn function_of(call: &ApiRequest) -> &'static str {
    match call.path_segments().as_slice() {
        ["api", "public", "v1", "account" | "accounts", ..] => "quave-accounts",
        ["api", "public", "v1", "current-account", ..] => "quave-current-account",
        ["api", "v1.1", "users", _, ..] => "hub-users",
        ["api", "v1.1", "o", _, ..] | [".well-known", "oauth-authorization-server", ..] => {
            "hub-oauth"
        }
        ["rollcall", "v1", "accounts", ..] => "rollcall-accounts",
        ["rollcall", "v1", "grants" | "introspect" | "tokens", ..] | ["health", ..] => {
            "rollcall-tokens"
        }
        ["rollcall", "v1", "users", "self", ..]
        | ["rollcall", "v1", "password-resets" | "sign-ups", ..]
        | ["rollcall", "v1", "invitations", _, ..] => "rollcall-users",
        ["account", "webauthn", _, ..] => "passkeys",
        ["account", ..] => "pages",
        [] | ["docs", ..] | ["openapi", _, ..] => "docs",
        ["v2", "account", ..] => "e24-account",
        ["v2", "accounts", ..] => "e24-accounts",
        ["v1", "accounts", ..] => "golem-accounts",
        _ => "not-found",
    }
}

pub(super) fn api_response(response: Response<Body>) -> ApiResponse {
    let (parts, body) = response.into_parts();
    let text = |value: &lambda_http::http::HeaderValue| {
        value.to_str().expect("a header of text").to_owned()
    };
    let mut headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    let body = match body {
        Body::Empty => Value::Null,
        body => match serde_json::from_slice(&body) {
            Ok(json) => json,
            Err(_) => String::from_utf8(body.to_vec()).expect("a body of text").into(),
        },
    };
    ApiResponse { status: parts.status.as_u16(), headers, body }
}
