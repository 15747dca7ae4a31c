//! The reference of a dialect: its OpenAPI document in Swagger UI.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, PreEscaped, html};
use shared::Result;
use shared::http::ApiRequest;

use crate::content::{REFERENCES, Reference};
use crate::layout::Layout;
use crate::page;

/// `GET /docs/reference/{dialect}`.
pub(crate) fn show(request: &ApiRequest, dialect: &str) -> Result<Response<Body>> {
    let Some(reference) = REFERENCES.iter().find(|own| own.name == dialect) else {
        return page::missing(request);
    };
    let layout = Layout {
        status: StatusCode::OK,
        title: reference.title,
        path: &format!("/docs/reference/{}", reference.name),
        sections: &[],
        content: content(reference),
        scripts: &["swagger-ui-bundle.js", "reference.js"],
    };
    layout.into_response(request)
}

fn content(reference: &Reference) -> Markup {
    let document = |format: &str| format!("/openapi/{}.{format}", reference.name);
    html! {
        h1 { (reference.title) }
        (PreEscaped(reference.description))
        details {
            summary { "What holds for every operation" }
            (PreEscaped(reference.rules))
        }
        p {
            "The document: " a href=(document("yaml")) { "YAML" } ", "
            a href=(document("json")) { "JSON" } ". The guide says "
            a href={ "/docs/api#" (reference.name) } { "what it leaves open" } " and "
            a href="/docs/api#errors" { "what errors look like" } "."
        }
        noscript {
            p role="alert" {
                "The details and “Try it” need JavaScript. Without it, read the document itself."
            }
        }
        (credentials(reference))
        h2 #operations { "Operations" }
        div #viewer data-document=(document("json")) {
            ul.operations {
                @for (method, path, summary) in reference.operations {
                    li { code { (method) " " (path) } " " (summary) }
                }
            }
        }
    }
}

/// Where the credentials are entered that requests are tried with. The script shows the form.
fn credentials(reference: &Reference) -> Markup {
    html! {
        form #credentials hidden {
            h2 { "Try it" }
            p {
                "Requests go to this service, and what they change is changed. A credential stays in "
                "this page: it is sent with the requests that you try, and gone when you leave or "
                "reload."
            }
            @for (name, description) in reference.tokens {
                (credential(name, description, "User token", &[("secret", "Token", "password")]))
            }
            @if !reference.pairs.is_empty() {
                details {
                    summary { "Use another credential" }
                    @for (name, description) in reference.pairs {
                        (pair(name, description))
                    }
                }
            }
            .buttons {
                button.first type="submit" { "Use" }
                button type="reset" { "Forget" }
            }
            p #used role="status" {}
        }
    }
}

/// A name and a secret.
fn pair(scheme: &str, description: &str) -> Markup {
    let (title, name, secret) = match scheme {
        "client" => ("OAuth client", "Id", "Secret"),
        _ => ("Username and password", "Username or e-mail address", "Password"),
    };
    credential(
        scheme,
        description,
        title,
        &[("user", name, "text"), ("secret", secret, "password")],
    )
}

fn credential(
    scheme: &str,
    description: &str,
    title: &str,
    fields: &[(&str, &str, &str)],
) -> Markup {
    html! {
        fieldset data-scheme=(scheme) {
            legend { (title) }
            div.quiet { (PreEscaped(description)) }
            @for (name, label, kind) in fields {
                label for={ (scheme) "-" (name) } { (label) }
                input id={ (scheme) "-" (name) } type=(kind) name=(name) autocomplete="off"
                    autocapitalize="none" spellcheck="false";
            }
        }
    }
}
