use lambda_http::{Body, Response};
use serde::Serialize;
use shared::Result;
use shared::http::{self, ApiRequest};
use shared::model::{Client, Scope};

use crate::interaction::PROMPTS;

/// The metadata of the authorization server (RFC 8414, section 2; RFC 9207, section 3; for `prompt`
/// Initiating User Registration via `OpenID` Connect 1.0). What is left out is not offered.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    scopes_supported: [&'static str; 4],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    authorization_response_iss_parameter_supported: bool,
}

/// How a client proves itself; the last one is for those without a secret.
const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// `GET /.well-known/oauth-authorization-server` (RFC 8414). The issuer has no path, so neither does
/// its metadata after this.
///
/// Of the two endpoints for introspection it names the one that tells of every token, whoever it was
/// issued to: those who look here for one are services that are given tokens.
pub(crate) fn show(request: &ApiRequest) -> Result<Response<Body>> {
    request.query()?;
    let issuer = request.base_url().to_string();
    let [basic, post, _] = AUTH_METHODS;
    http::ok(&Metadata {
        authorization_endpoint: format!("{issuer}/api/v1.1/o/authorize/"),
        token_endpoint: format!("{issuer}/api/v1.1/o/token/"),
        revocation_endpoint: format!("{issuer}/api/v1.1/o/revoke_token/"),
        introspection_endpoint: format!("{issuer}/rollcall/v1/introspect"),
        issuer,
        scopes_supported: Client::GRANTABLE.map(Scope::as_str),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
        prompt_values_supported: PROMPTS,
        token_endpoint_auth_methods_supported: AUTH_METHODS,
        revocation_endpoint_auth_methods_supported: AUTH_METHODS,
        introspection_endpoint_auth_methods_supported: [basic, post],
        authorization_response_iss_parameter_supported: true,
    })
}
