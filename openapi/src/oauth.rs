//! Docker Hub's OAuth endpoints: pages, tokens, metadata.

use shared::lifetimes::ACCESS_TOKEN_TTL;
use shared::model::{Client, Scope};

use crate::description::{Description, HTML, JSON, describe};
use crate::errors::frame_options;
use crate::schema::{
    Schema, always, body, boolean, constant, integer, list, named, one_of, pattern, random_number,
    required_text, string, view, view_of,
};

/// What a client may do with a scope.
pub(crate) const fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::ProfileRead => "See the profile and the primary address.",
        Scope::ProfileWrite => "Change the profile, and see it and the primary address.",
        Scope::EmailRead => "See the addresses.",
        Scope::EmailWrite => "Add, change and delete addresses.",
        Scope::AccountRead => "See accounts.",
        Scope::AccountWrite => "Create, change and delete accounts.",
        Scope::TokensRead => "See tokens.",
        Scope::TokensWrite => "Create and rotate tokens.",
        Scope::AuditRead => "See audit logs.",
        Scope::MembersRead => "See the members of accounts.",
        Scope::MembersWrite => "Change and remove members of accounts, and hand accounts over.",
    }
}

pub(crate) fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("TokenRequest", token_request()),
        ("Tokens", tokens()),
        ("TokenOfClient", token_of_client()),
        ("Introspection", introspection()),
        ("Decision", decision()),
        ("Metadata", metadata()),
    ]
}

fn scopes() -> Schema {
    string().about("Scopes, separated by spaces.").example("profile_read email_read")
}

/// The credentials of a client that sends them in the body.
fn client_fields() -> [(&'static str, Schema); 2] {
    let id = string().about("The client's id, if it is not in the header.");
    let secret = string().with("format", "password");
    [("client_id?", id), ("client_secret?", secret.about("The client's secret, likewise."))]
}

fn token_request() -> Schema {
    let kinds = one_of(&["authorization_code", "code", "refresh_token"]);
    let [id, secret] = client_fields();
    body([
        ("grant_type", kinds.about("`code` is the same as `authorization_code`.")),
        ("code?", string().about("The code; required with `authorization_code`.")),
        (
            "redirect_uri?",
            string().with("format", "uri").about("That of the request for the code."),
        ),
        (
            "code_verifier?",
            pattern("^[A-Za-z0-9._~-]{43,128}$").about("What the challenge was made of (PKCE)."),
        ),
        ("refresh_token?", string().about("The token; required with `refresh_token`.")),
        ("scope?", scopes().about("Fewer scopes for the new access token.")),
        id,
        secret,
    ])
    .about("An empty field counts as absent.")
}

fn tokens() -> Schema {
    let end = integer().range(1..=ACCESS_TOKEN_TTL.unsigned_abs());
    view([
        ("username", string().about("The user who granted it.").example("janedoe")),
        (
            "user_id",
            random_number()
                .about("The user's number: what a client knows a user by.")
                .example(4_503_599_627_370_497_u64),
        ),
        ("access_token", string().about("For hub's operations.").example("rca_YOUR_ACCESS_TOKEN")),
        ("expires_in", end.about("Seconds for which it works.").example(ACCESS_TOKEN_TTL)),
        ("token_type", constant("Bearer").about("How to send it.")),
        ("scope", scopes()),
        ("refresh_token", string().about("Works once.").example("rcr_YOUR_REFRESH_TOKEN")),
    ])
    .about("New tokens.")
}

fn token_of_client() -> Schema {
    let [id, secret] = client_fields();
    body([
        ("token", required_text().about("An access or refresh token.")),
        ("token_type_hint?", string().about("Is ignored.")),
        id,
        secret,
    ])
}

/// As in rollcall's dialect: of a token that does not work, the other fields are absent.
fn introspection() -> Schema {
    let seconds = || integer().example(1_795_000_000);
    view([
        (
            "active",
            boolean()
                .about("Whether it works, and is the client's. If not, this is all.")
                .example(true),
        ),
        ("client_id?", string().about("The client.").example("0197a1b2c3d4e5f60718293c")),
        ("username?", string().about("The user who granted it.").example("janedoe")),
        (
            "user_id?",
            random_number()
                .about("The user's number: what a client knows a user by.")
                .example(4_503_599_627_370_497_u64),
        ),
        ("scope?", scopes()),
        ("token_type?", constant("Bearer").about("How it is sent.")),
        ("iat?", seconds().about("When it was made, in seconds since 1970.")),
        ("exp?", seconds().about("When it ends, likewise.")),
    ])
    .all_or_none(&["client_id", "username", "user_id", "scope", "token_type", "iat", "exp"])
    .about("Whether a token works, and for what.")
}

fn decision() -> Schema {
    body([
        ("form_token", string().about("From the page; of its session and its request.")),
        ("scopes?", scopes().about("From the page: what it showed.")),
        ("decision", one_of(&["allow", "deny"]).about("What the user decided.")),
    ])
}

fn metadata() -> Schema {
    let url = |what: &str, path: &str| {
        let example = format!("https://api.example.com{path}");
        string().with("format", "uri").about(what).example(example)
    };
    let words = |what: &str, words: &[&str]| list(one_of(words)).about(what).example(words);
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    let scopes = Client::GRANTABLE.map(Scope::as_str);
    view_of([
        ("issuer", url("The issuer.", "")),
        ("authorization_endpoint", url("Where users allow clients.", "/api/v1.1/o/authorize/")),
        ("token_endpoint", url("Where clients get tokens.", "/api/v1.1/o/token/")),
        ("revocation_endpoint", url("Where they revoke them.", "/api/v1.1/o/revoke_token/")),
        ("introspection_endpoint", url("Where services check tokens.", "/rollcall/v1/introspect")),
        ("scopes_supported", words("The scopes.", &scopes)),
        ("response_types_supported", words("What is sent back.", &["code"])),
        ("response_modes_supported", words("Where it is sent.", &["query"])),
        (
            "grant_types_supported",
            words("What tokens are issued for.", &["authorization_code", "refresh_token"]),
        ),
        ("code_challenge_methods_supported", words("The ways of PKCE.", &["S256"])),
        (
            "prompt_values_supported",
            words("How users can be asked.", &["none", "login", "consent", "select_account"]),
        ),
        (
            "token_endpoint_auth_methods_supported",
            words("How clients authenticate for tokens.", &methods),
        ),
        (
            "revocation_endpoint_auth_methods_supported",
            words("How clients authenticate to revoke.", &methods),
        ),
        (
            "introspection_endpoint_auth_methods_supported",
            words("How services authenticate.", &methods[..2]),
        ),
        (
            "authorization_response_iss_parameter_supported",
            always(true).about("Redirects have `iss` (RFC 9207)."),
        ),
    ])
    .about("RFC 8414.")
}

/// The parameters of a client's request, which page and form have in the query.
fn asked(description: Description) -> Description {
    let challenge = pattern("^[A-Za-z0-9_-]{43}$").about("The challenge of PKCE.");
    description
        .query("client_id", string().about("The client.").example("0197a1b2c3d4e5f60718293c"))
        .query("response_type?", one_of(&["code"]).about("Required.").example("code"))
        .query("response_mode?", one_of(&["query"]).about("Where it is sent."))
        .query(
            "redirect_uri?",
            string()
                .with("format", "uri")
                .about("A registered one; without it the first.")
                .example("https://client.example.com/callback"),
        )
        .query("scope?", scopes())
        .query("state?", string().about("Is sent back.").example("af0ifjsldkj"))
        .query("code_challenge?", challenge.example("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
        .query("code_challenge_method?", one_of(&["S256"]).about("Beside a challenge."))
        .query(
            "prompt?",
            string()
                .about(
                    "`none`, or of `login`, `consent` and `select_account`, separated by spaces.",
                )
                .example("consent"),
        )
        .query(
            "max_age?",
            integer()
                .range(0..=u32::MAX.into())
                .about("How many seconds ago the user may have entered the password.")
                .example(900),
        )
}

fn location() -> Schema {
    let example = "https://client.example.com/callback?code=YOUR_CODE&state=af0ifjsldkj\
                   &iss=https%3A%2F%2Fapi.example.com";
    string()
        .about(
            "The client, with `code` or `error`, `state` and `iss`; or the page on which the user \
             signs in, or enters the password again.",
        )
        .example(example)
}

pub(crate) fn descriptions() -> Vec<Description> {
    let page = || Some((HTML, string().about("The page.")));
    vec![
        asked(describe("hub-oauth-ask", "Show the page on which a user allows or denies a client"))
            .text(
                "Takes the session of the pages, in their cookie. What the user allowed before is \
                 not asked again.",
            )
            .responds(200, "The page.", page())
            .with_header("X-Frame-Options", frame_options())
            .responds(
                303,
                "The user allowed it before, or the request is wrong, which is reported to the \
                 client; or nobody is signed in.",
                None,
            )
            .with_header("Location", location())
            .error(400, "The client is unknown, or the redirect URI is not one of its own.")
            .error(409, "The user has as many grants as there can be."),
        asked(describe("hub-oauth-decide", "Send what the user decided"))
            .text("The form of the page, in the same session.")
            .form(named("Decision"))
            .responds(303, "It is reported to the client; or nobody is signed in any more.", None)
            .with_header("Location", location())
            .responds(
                403,
                "A page: the form showed other scopes, or is of another session, request or site.",
                page(),
            )
            .with_header("X-Frame-Options", frame_options())
            .error(409, "The user has as many grants as there can be."),
        describe("hub-oauth-token", "Get tokens for a code or a refresh token")
            .text("A code or refresh token works once.")
            .form(named("TokenRequest"))
            .or_as(&[JSON])
            .shows(200, "The tokens.", named("Tokens"))
            .with_header("Pragma", constant("no-cache").about("Nothing is stored on the way.")),
        describe("hub-oauth-revoke", "Revoke a token")
            .text("A refresh token ends all that came from its code. Unknown tokens are 200, too.")
            .form(named("TokenOfClient"))
            .or_as(&[JSON])
            .shows(200, "The token does not work, or is not the client's.", view([])),
        describe("hub-oauth-introspect", "Tell whether a token of the client works")
            .text("Takes a client with a secret.")
            .form(named("TokenOfClient"))
            .or_as(&[JSON])
            .shows(200, "Whether it works, and for what.", named("Introspection")),
        describe("hub-oauth-metadata", "Show the metadata of the authorization server").shows(
            200,
            "The metadata.",
            named("Metadata"),
        ),
    ]
}
