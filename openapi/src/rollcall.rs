//! Rollcall's own tokens, grants and introspection; what users have, and accounts, are beside this.

mod accounts;
mod invitations;
mod members;
mod users;

use serde_json::json;
use shared::lifetimes::MAX_ROTATION_OVERLAP;
use shared::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_TOKEN_NAME};
use shared::model::{Scope, TokenKind};

use crate::description::{Description, describe};
use crate::document::{Api, client_scheme, password_scheme, token_scheme};
use crate::schema::{
    Schema, body, boolean, constant, hex, integer, list, named, one_of, pattern, required_text,
    string, text, timestamp, uuid, view, view_of,
};

pub(crate) fn api() -> Api {
    let mut schemas = vec![
        ("Scope", one_of(&Scope::ALL.map(Scope::as_str)).about("What a token may do.")),
        ("TokenKind", kind()),
        ("CreateTokenRequest", new_token()),
        ("Rotation", rotation()),
        ("Token", token()),
        ("CreatedToken", created_token()),
        ("Grant", grant()),
        ("Question", question()),
        ("Introspection", introspection()),
    ];
    schemas.extend(users::schemas());
    schemas.extend(accounts::schemas());
    schemas.extend(invitations::schemas());
    schemas.extend(members::schemas());
    Api {
        name: "rollcall",
        title: "Rollcall: users, accounts, members, tokens, grants and introspection",
        text: "An error is a problem document (RFC 9457), whose `code` does not change.",
        groups: &[
            rollcall_accounts::OPERATIONS,
            rollcall_tokens::OPERATIONS,
            rollcall_users::OPERATIONS,
        ],
        descriptions: [
            descriptions(),
            users::descriptions(),
            accounts::descriptions(),
            invitations::descriptions(),
            members::descriptions(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        schemas,
        credentials: &[&["token*"], &["password"]],
        security_schemes: json!({
            "token": token_scheme(),
            "password": password_scheme(),
            "client": client_scheme(),
        }),
    }
}

fn kind() -> Schema {
    one_of(&TokenKind::ALL.map(TokenKind::as_str))
        .about("`user` acts as its user; `environment` is for the team's other services.")
}

fn time(what: &str) -> Schema {
    timestamp(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$")
        .about(what)
        .example("2026-11-21T12:00:00.000Z")
}

fn new_token() -> Schema {
    let scopes = list(named("Scope")).not_empty().or("null");
    let end = string().or("null").with("format", "date-time");
    body([
        ("name", text(MAX_TOKEN_NAME).about("What the user calls the token.")),
        ("kind", named("TokenKind")),
        ("scopes?", scopes.about("What it may do; everything without a list.")),
        ("expiresAt?", end.about("When it expires (RFC 3339); never without.")),
    ])
}

fn rotation() -> Schema {
    let overlap = integer().range(0..=MAX_ROTATION_OVERLAP).with("default", 0);
    body([("overlapSeconds?", overlap.about("For how long the old token works, too."))])
}

fn fields() -> [(&'static str, Schema); 7] {
    let scopes = list(named("Scope")).or("null").example(json!(["tokens_write"]));
    let end = time("When it expires; `null` for never.").or("null");
    let maker = string().or("null").about("The token or API key that made it, if one did.");
    [
        ("id", hex(12).about("The token's id.").example("0197a1b2c3d4e5f60718293a")),
        ("name", string().about("What the user calls it.").example("deploy")),
        ("kind", named("TokenKind")),
        ("scopes", scopes.about("What it may do; `null` for everything.")),
        ("createdAt", time("When it was made.")),
        ("expiresAt", end),
        ("madeBy", maker.example("0197a1b2c3d4e5f607182939")),
    ]
}

fn token() -> Schema {
    let last = time("The hour of its last use; `null` if there was none.").or("null");
    view_of(fields().into_iter().chain([("lastUsedAt", last)])).about("A token.")
}

fn created_token() -> Schema {
    let credential =
        pattern("^rc[ue]_[A-Za-z0-9_-]{64}$").about("The credential; never shown again.");
    let credential = credential.example(format!("rcu_{}", "A".repeat(64)));
    view_of(fields().into_iter().chain([("token", credential)])).about("A new token.")
}

fn grant() -> Schema {
    let client = view([
        ("id", hex(12).about("The client's id.").example("0197a1b2c3d4e5f60718293c")),
        ("name", string().about("The name that the user saw.").example("Example client")),
    ]);
    let id = hex(24).about("The grant's id.");
    view([
        ("id", id.example("0197a1b2c3d4e5f60718293b0197a1b2c3d4e5f60718293c")),
        ("client", client.about("The OAuth client.")),
        ("scopes", list(named("Scope")).about("What it may do.").example(json!(["profile_read"]))),
        ("createdAt", time("When the user allowed it.")),
        ("expiresAt", time("When it ends for good.")),
        ("lastUsedAt", time("The hour of its last use; `null` if there was none.").or("null")),
    ])
    .about("What the user allowed an OAuth client.")
}

fn question() -> Schema {
    body([
        ("token", required_text().about("The token.")),
        ("token_type_hint?", string().about("Is ignored.")),
        ("client_id?", string().about("The client's id, if it is not in the header.")),
        (
            "client_secret?",
            string().with("format", "password").about("The client's secret, likewise."),
        ),
    ])
}

fn health() -> Schema {
    view([("status", constant("ok").about("All is well."))])
}

/// Clients that are generated for Kotlin read no choice of objects: of a token that does not work,
/// the other fields are absent.
fn introspection() -> Schema {
    let seconds = |what: &str| integer().about(what).example(1_795_000_000);
    view([
        ("active", boolean().about("Whether it works. If not, this is all.").example(true)),
        ("token_type?", constant("Bearer").about("How it is sent.")),
        ("scope?", string().about("The scopes, separated by spaces.").example("account_read")),
        (
            "client_id?",
            hex(12).about("The client of an access token.").example("0197a1b2c3d4e5f60718293c"),
        ),
        ("sub?", uuid().about("The user's id.").example("0197a1b2-c3d4-7e5f-8607-18293a4b5c6d")),
        ("username?", string().about("The user's name.").example("janedoe")),
        (
            "iss?",
            string().with("format", "uri").about("The issuer.").example("https://api.example.com"),
        ),
        ("iat?", seconds("When it was made, in seconds since 1970.")),
        ("exp?", seconds("When it ends, if ever.")),
        (
            "jti?",
            hex(12)
                .about("The id of a user or environment token.")
                .example("0197a1b2c3d4e5f60718293a"),
        ),
    ])
    .all_or_none(&["token_type", "scope", "sub", "username", "iss", "iat"])
    .about("Whether a token works, whose it is, what it may do.")
}

/// A list in pages.
fn paged(description: Description) -> Description {
    let limit = integer().range(1..=MAX_PAGE_SIZE.into()).with("default", DEFAULT_PAGE_SIZE);
    description.query("limit?", limit.about("The most entries in a page.").example(50)).query(
        "cursor?",
        string().about("The `nextCursor` of the page before.").example("0197a1b2c3d4e5f60718293a"),
    )
}

fn next_cursor() -> Schema {
    string()
        .or("null")
        .about("The `cursor` of the next page; `null` on the last one.")
        .example("0197a1b2c3d4e5f60718293a")
}

fn descriptions() -> Vec<Description> {
    let token_id = || hex(12).about("The token's id.").example("0197a1b2c3d4e5f60718293a");
    let grant_id = || {
        let id = hex(24).about("The grant's id.");
        id.example("0197a1b2c3d4e5f60718293b0197a1b2c3d4e5f60718293c")
    };
    let page = |name, entries: &str| {
        let entries = list(named(entries)).at_most(MAX_PAGE_SIZE).about("Oldest first.");
        view([(name, entries), ("nextCursor", next_cursor())])
    };
    let location = || {
        let path = string().about("The path of the new token.");
        path.example("/rollcall/v1/tokens/0197a1b2c3d4e5f60718293a")
    };
    let unknown = "The caller has no such token, or not any more.";
    let descendants = boolean().about(
        "Whether all that came from it ends, too: tokens, API keys, SSH keys, the S3 secret and \
         proofs of addresses; and all invitations that the user sent.",
    );
    vec![
        paged(describe("rollcall-list-tokens", "List the caller's tokens")).shows(
            200,
            "The tokens that work.",
            page("tokens", "Token"),
        ),
        describe("rollcall-create-token", "Create a token")
            .text("It can do no more, and works no longer, than the credential that makes it.")
            .json(named("CreateTokenRequest"))
            .shows(201, "The new token, with its credential.", named("CreatedToken"))
            .with_header("Location", location())
            .error(409, "There are as many tokens as there can be."),
        describe("rollcall-get-own-token", "Show the token that asks")
            .shows(200, "The token.", named("Token"))
            .etag()
            .error(404, "The caller has a password, and no token."),
        describe("rollcall-get-token", "Show a token")
            .path("id", token_id())
            .shows(200, "The token.", named("Token"))
            .etag()
            .error(404, unknown),
        describe("rollcall-revoke-token", "Revoke a token")
            .text("It may be the one that asks.")
            .path("id", token_id())
            .query("descendants?", descendants)
            .responds(204, "The token does not work any more.", None)
            .error(404, unknown),
        describe("rollcall-rotate-token", "Replace a token with a new one")
            .text(
                "The new one has the same name, kind, scopes and expiry. A token with a list of \
                 scopes or an expiry rotates only itself.",
            )
            .path("id", token_id())
            .json(named("Rotation"))
            .body_is_optional()
            .shows(201, "The new token, with its credential.", named("CreatedToken"))
            .with_header("Location", location())
            .error(404, unknown)
            .error(409, "The token was rotated already, or there are as many as there can be."),
        paged(describe("rollcall-list-grants", "List what the caller allowed OAuth clients"))
            .shows(200, "The grants that have not ended.", page("grants", "Grant")),
        describe("rollcall-revoke-grant", "Revoke a grant")
            .text("The client's code and tokens stop working.")
            .path("id", grant_id())
            .responds(204, "The grant has ended.", None)
            .error(404, "The caller has no such grant, or not any more."),
        describe("rollcall-introspect", "Tell whether a token works")
            .text("About any user, environment or access token. Takes a client with a secret.")
            .form(named("Question"))
            .shows(200, "Whether it works, whose it is, what it may do.", named("Introspection")),
        describe("rollcall-get-health", "Tell whether the service can work")
            .text("For load balancers and monitors.")
            .shows(200, "Its table and its service key can be read.", health())
            .error(503, "One of them could not be read, now or seconds ago."),
    ]
}
