//! The users, the client and the addresses.

use maud::{Markup, html};

use super::page::{command, facts};
use super::{SeededClient, SeededUser, Service, Shared};

pub(super) fn page(shared: &Shared) -> Markup {
    let Service { base_url, lambda_endpoint, dynamodb_endpoint, table_name, .. } = &shared.service;
    let Service { users, client, curl_lines, env_command, .. } = &shared.service;
    html! {
        h1 { "Credentials" }
        @for user in users { (of_user(user)) }
        p.quiet {
            "Of users who were created since, the table has all that is stored; their passwords and "
            "tokens know those who created them."
        }
        @if let Some(client) = client { (of_client(client)) }
        section {
            h2 { "Addresses" }
            (facts([
                ("API", base_url.as_str()),
                ("DynamoDB", dynamodb_endpoint),
                ("table", table_name),
                ("Lambda", lambda_endpoint),
            ]))
        }
        section {
            h2 { "A request per dialect" }
            @for line in curl_lines { (command(line)) }
            p.quiet {
                "After " code { (env_command) } " a shell has the credentials of "
                (users.first().map_or("the first user", |user| &user.username))
                " and of the client as variables."
            }
        }
    }
}

fn of_user(user: &SeededUser) -> Markup {
    let number = user.number.to_string();
    html! {
        section {
            h2 { (user.username) }
            (facts([
                ("username", user.username.as_str()),
                ("e-mail", &user.email),
                ("password", &user.password),
                ("user token", &user.token),
                ("environment token", &user.environment_token),
                ("API key", &user.api_key),
                ("API secret", &user.secret_key),
                ("id", &user.id),
                ("number", &number),
                ("personal account", &user.account_id),
            ]))
            p {
                a href={ "/_dev/table?id=" (user.id) } { "Items of the user" }
                " · "
                a href={ "/_dev/table?id=" (user.account_id) } { "of the account" }
            }
        }
    }
}

fn of_client(client: &SeededClient) -> Markup {
    html! {
        section {
            h2 { "OAuth client" }
            (facts([
                ("client id", client.client_id.as_str()),
                ("client secret", &client.client_secret),
                ("redirect URI", &client.redirect_uri),
            ]))
        }
    }
}
