//! The start page.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::Result;
use shared::http::ApiRequest;

use crate::layout::{GUIDE, Layout};

/// A dialect, for people: its name, what speaks it, and the path of a first request.
const DIALECTS: [(&str, &str, &str); 5] = [
    (
        "quave",
        "Quave Cloud and Quave ONE: accounts and the current account.",
        "/api/public/v1/accounts",
    ),
    ("golem", "Golem Cloud: accounts and their plans.", "/v1/accounts"),
    ("e24", "e24cloud: users, API keys and SSH keys.", "/v2/accounts"),
    ("hub", "Docker Hub v1.1: profiles, e-mail addresses and OAuth.", "/api/v1.1/users/USERNAME/"),
    ("rollcall", "This service's own: tokens, grants and introspection.", "/rollcall/v1/tokens"),
];

/// `GET /` and `GET /docs`.
pub(crate) fn show(request: &ApiRequest) -> Result<Response<Body>> {
    let layout = Layout {
        status: StatusCode::OK,
        title: "Start",
        path: "/docs",
        sections: &[],
        content: content(request),
        scripts: &[],
    };
    layout.into_response(request)
}

fn content(request: &ApiRequest) -> Markup {
    let (name, url) = (request.service_name(), request.base_url());
    html! {
        h1 { (name) " is an accounts service with an API" }
        p.lead {
            "It keeps users, their e-mail addresses and profiles, accounts with their members, "
            "tokens and keys. It speaks the accounts APIs of five other services, so programs that "
            "were written for one of those work here unchanged."
        }
        p {
            "Each of these APIs is called a dialect. All of them show the same users and accounts: "
            "what is created through one is visible through the others."
        }

        h2 #address { "1. The address" }
        p { "All paths are below this address:" }
        pre tabindex="0" { code { (url) } }

        h2 #token { "2. Get a token" }
        p {
            "You need a user. The operator of this service creates the first one, and admins of an "
            "account create others. With your username and password, make yourself a token; curl "
            "asks for the password:"
        }
        pre tabindex="0" {
            code {
                "curl -u USERNAME " (url) "/rollcall/v1/tokens \\\n"
                "  -H 'Content-Type: application/json' \\\n"
                "  -d '{\"name\": \"first\", \"kind\": \"user\"}'"
            }
        }
        p {
            "The response shows the token, " code { "rcu_…" } ", this one time. Keep it like a "
            "password: it may do whatever you may. A list of " code { "scopes" } " or an "
            code { "expiresAt" } " in the request "
            a href="/docs/api#credentials" { "limits what it may do, and for how long" } "."
        }

        h2 #reference { "3. Send a first request" }
        p { "The same token works in every dialect:" }
        pre tabindex="0" { code { "export TOKEN=rcu_…" } }
        ul.dialects {
            @for (dialect, about, path) in DIALECTS {
                li {
                    h3 { a href={ "/docs/reference/" (dialect) } { (dialect) } }
                    p { (about) }
                    pre tabindex="0" {
                        code { "curl -H \"Authorization: Bearer $TOKEN\" \\\n  " (url) (path) }
                    }
                    p {
                        a href={ "/docs/reference/" (dialect) } { "Reference, with “Try it”" }
                        " · " a href={ "/openapi/" (dialect) ".yaml" } { "OpenAPI" }
                    }
                }
            }
        }

        h2 #more { "Read on" }
        ul.questions {
            @for (path, title, about) in GUIDE {
                li { a href=(path) { (title) } p.quiet { (about) } }
            }
        }
    }
}
