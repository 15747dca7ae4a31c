//! Docker Hub's users and their addresses; its OAuth endpoints are beside this.

use serde_json::json;
use shared::limits::{EMAILS, MAX_EMAIL_BYTES, MAX_PROFILE_LINE, MAX_USERNAME, MIN_USERNAME};
use shared::model::Client;

use crate::description::{Description, FORM, MULTIPART, describe};
use crate::document::{Api, client_scheme, password_scheme, token_scheme};
use crate::oauth;
use crate::schema::{
    Schema, always, body, boolean, constant, email, list, named, optional_text, pattern,
    random_number, string, timestamp, view,
};

const FORMS: &[&str] = &[FORM, MULTIPART];

pub(crate) fn api() -> Api {
    let flag = |what| always(true).about(what);
    let mut schemas = vec![
        ("User", user()),
        ("UpdateUserRequest", changed_user()),
        ("Address", body([("email", address())])),
        (
            "UpdateAddressRequest",
            body([
                ("email", address()),
                ("verified?", flag("The client vouches for the address.")),
                (
                    "primary?",
                    flag("It becomes the primary one; only a verified or proved one can."),
                ),
            ])
            .with("minProperties", 2)
            .about("`verified` and `primary` cannot both be absent."),
        ),
        ("EmailAddress", email_address()),
    ];
    schemas.extend(oauth::schemas());
    let scopes: serde_json::Map<_, _> = Client::GRANTABLE
        .iter()
        .map(|scope| (scope.to_string(), oauth::scope_text(*scope).into()))
        .collect();
    Api {
        name: "hub",
        title: "Rollcall: users, addresses and OAuth as Docker Hub v1.1 has them",
        text: "An error is `{\"detail\"}`; where fields are invalid it has a list of texts for \
               each. Errors of OAuth's endpoints are those of RFC 6749, and pages where people \
               see them. In a form the texts `true`, `True`, `TRUE`, `1` and `on` are true.",
        groups: &[hub_users::OPERATIONS, hub_oauth::OPERATIONS],
        descriptions: descriptions().into_iter().chain(oauth::descriptions()).collect(),
        schemas,
        credentials: &[&["token*"], &["password"], &["oauth*"]],
        security_schemes: json!({
            "token": token_scheme(),
            "password": password_scheme(),
            "client": client_scheme(),
            "oauth": {
                "type": "oauth2",
                "description": "An access token that the user granted a client, `rca_…`.",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "/api/v1.1/o/authorize/",
                        "tokenUrl": "/api/v1.1/o/token/",
                        "refreshUrl": "/api/v1.1/o/token/",
                        "scopes": scopes,
                    },
                },
            },
        }),
    }
}

fn address() -> Schema {
    email().about("The address.")
}

fn line(what: &str, example: &str) -> Schema {
    optional_text(MAX_PROFILE_LINE).about(what).example(example)
}

fn changed_user() -> Schema {
    let url = pattern(r"^\s*($|[Hh][Tt][Tt][Pp][Ss]?://[^/])").length(0..=MAX_PROFILE_LINE);
    let url = url.about("An http or https URL, or empty.").example("https://example.com/jane");
    let picture = pattern(r"^\s*($|.+@.+)").length(0..=MAX_EMAIL_BYTES);
    body([
        ("full_name?", line("The name; e24 shows it too.", "Jane Doe")),
        ("location?", line("Where the user is.", "Private Island")),
        ("company?", line("Where the user works.", "Retired")),
        ("profile_url?", url),
        ("gravatar_email?", picture.about("The address of the picture, or empty.")),
    ])
    .about("What is absent is not changed. Every line may be empty.")
}

fn user() -> Schema {
    let username = pattern(&format!("^[a-z0-9]{{{MIN_USERNAME},{MAX_USERNAME}}}$"));
    let joined = timestamp(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$");
    let picture =
        pattern("^https://secure\\.gravatar\\.com/avatar/[0-9a-f]{32}\\.jpg\\?s=80&r=g&d=mm$");
    let picture = picture.about("The picture of `gravatar_email`, else of the primary address.");
    let url = string().with("format", "uri").about("Where the user is shown.");
    view([
        ("id", random_number().about("The user's number.").example(4_503_599_627_370_497_u64)),
        ("username", username.about("The name to sign in with.").example("janedoe")),
        ("url", url.example("https://api.example.com/api/v1.1/users/janedoe/")),
        (
            "date_joined",
            joined.about("When the user was made.").example("2026-11-21T09:30:00.000000Z"),
        ),
        ("type", constant("User").about("What it is.")),
        ("full_name", line("The name.", "Jane Doe")),
        ("location", line("Where the user is.", "Private Island")),
        ("company", line("Where the user works.", "Retired")),
        ("profile_url", line("A page about the user.", "https://example.com/jane")),
        (
            "gravatar_url",
            picture.example(
                "https://secure.gravatar.com/avatar/0bc83cb571cd1c50ba6f3e8a78ef1346.jpg\
                 ?s=80&r=g&d=mm",
            ),
        ),
        ("email", string().about("The primary address.").example("jane.doe@example.com")),
        ("is_active", boolean().about("Whether the user is not disabled.").example(true)),
    ])
    .about("A user.")
}

fn email_address() -> Schema {
    let verified = boolean().about("What a client said: it does not tell whose the address is.");
    view([
        ("email", string().about("The address.").example("jane.second@example.com")),
        ("verified", verified.example(false)),
        ("primary", boolean().about("Whether it is the primary one.").example(false)),
    ])
    .about("An address of the user.")
}

fn descriptions() -> Vec<Description> {
    let name = format!("^[A-Za-z0-9]{{{MIN_USERNAME},{MAX_USERNAME}}}$");
    let username = || pattern(&name).about("The caller's username.").example("janedoe");
    let unknown = "No user has this name.";
    let no_address = "No user has this name, or the caller not this address.";
    let addresses = list(named("EmailAddress")).at_most(EMAILS.max).about("The primary one first.");
    vec![
        describe("hub-get-user", "Show the caller's profile")
            .path("username", username())
            .shows(200, "The user.", named("User"))
            .etag()
            .error(404, unknown),
        describe("hub-update-user", "Change the caller's profile")
            .path("username", username())
            .json(named("UpdateUserRequest"))
            .or_as(FORMS)
            .shows(200, "The changed user.", named("User"))
            .etag()
            .error(404, unknown),
        describe("hub-list-emails", "List the caller's addresses")
            .path("username", username())
            .shows(200, "The addresses.", addresses)
            .error(404, unknown),
        describe("hub-add-email", "Add an address")
            .text("It is not verified, and no mail is sent to it. A taken address is 400.")
            .path("username", username())
            .json(named("Address"))
            .or_as(FORMS)
            .shows(201, "The new address.", named("EmailAddress"))
            .error(404, unknown),
        describe("hub-update-email", "Mark an address as verified, primary or both")
            .path("username", username())
            .json(named("UpdateAddressRequest"))
            .or_as(FORMS)
            .shows(200, "The changed address.", named("EmailAddress"))
            .error(404, no_address),
        describe("hub-delete-email", "Delete an address")
            .text("The primary one cannot be deleted (400).")
            .path("username", username())
            .json(named("Address"))
            .or_as(FORMS)
            .responds(204, "The address was deleted.", None)
            .error(404, no_address),
    ]
}
