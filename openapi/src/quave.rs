//! Quave's accounts and current account.

use serde_json::json;
use shared::limits::{
    ACCOUNTS_OWNED, MAX_ACCOUNT_NAME, MAX_REGISTRY_FIELD, MAX_REGISTRY_PASSWORD, MAX_SLUG_BYTES,
    MEMBERSHIPS,
};

use crate::description::{Description, describe};
use crate::document::{Api, token_scheme};
use crate::schema::{
    Schema, body, boolean, constant, email, hex, list, named, pattern, string, text, view,
};

pub(crate) fn api() -> Api {
    Api {
        name: "quave",
        title: "Rollcall: accounts as Quave Cloud and Quave ONE have them",
        text: "An error is `{\"error\"}`; one of an invalid request also has `details`, each field \
               with what is wrong.",
        groups: &[quave_accounts::OPERATIONS, quave_current_account::OPERATIONS],
        descriptions: descriptions(),
        schemas: vec![
            ("CreateAccountRequest", new_account()),
            ("SetCurrentAccountRequest", body([("accountId", account_id())])),
            ("Account", account()),
            ("CurrentAccount", current_account()),
        ],
        credentials: &[&["token*"]],
        security_schemes: json!({ "token": token_scheme() }),
    }
}

fn account_id() -> Schema {
    hex(12).about("The account's id.").example("5f7b1b7b7b7b7b7b7b7b7b7b")
}

pub(crate) fn registry_server() -> Schema {
    let url = string().length(1..=MAX_REGISTRY_FIELD).with("format", "uri");
    url.about("An https URL of a private container registry, in ASCII.")
}

pub(crate) fn registry_username() -> Schema {
    text(MAX_REGISTRY_FIELD).about("The registry user's name.")
}

pub(crate) fn registry_password() -> Schema {
    let password = string().length(1..=MAX_REGISTRY_PASSWORD).with("format", "password");
    password.about("Is encrypted at once and never shown.")
}

pub(crate) fn slug() -> Schema {
    let slug = pattern("^[a-z0-9]+(-[a-z0-9]+)*$").length(1..=MAX_SLUG_BYTES);
    slug.about("The unique name for URLs; never changes.").example("my-new-account")
}

fn new_account() -> Schema {
    body([
        ("name", text(MAX_ACCOUNT_NAME).about("Need not be unique.")),
        ("registryServer?", registry_server()),
        ("registryEmail?", email().about("The registry user's address.")),
        ("registryUsername?", registry_username()),
        ("registryPassword?", registry_password()),
    ])
    .about("Of the four registry fields all or none must be given.")
    .all_or_none(&["registryServer", "registryEmail", "registryUsername", "registryPassword"])
}

fn fields() -> [(&'static str, Schema); 6] {
    let name = text(MAX_ACCOUNT_NAME).about("The account's name.").example("My New Account");
    [
        ("accountId", account_id()),
        ("name", name),
        ("slug", slug()),
        ("isVerified", boolean().about("Whether the operator vouches for it.").example(false)),
        ("allowAutoScaling", boolean().about("Whether autoscaling is allowed.").example(false)),
        ("isCurrent", boolean().about("Whether it is the caller's current one.").example(true)),
    ]
}

fn account() -> Schema {
    view(fields()).about("An account, as the caller sees it.")
}

fn current_account() -> Schema {
    let [id, name, slug, is_verified, scaling, is_current] = fields();
    let message = constant("Current account updated successfully").about("Says so.");
    view([id, name, slug, is_verified, scaling, is_current, ("message", message)])
}

fn descriptions() -> Vec<Description> {
    let deleted = constant("Account deleted successfully").about("Says so.");
    let accounts = list(named("Account")).at_most(MEMBERSHIPS.max).about("Oldest first.");
    vec![
        describe("quave-create-account", "Create an account")
            .text(
                "The caller becomes its owner and admin. A caller without a usable current account \
                 gets this one as the current one.",
            )
            .json(named("CreateAccountRequest"))
            .shows(200, "The account was created.", view([("accountId", account_id())]))
            .error(409, ACCOUNTS_OWNED_TEXT),
        describe("quave-get-account", "Show an account")
            .query("accountId", account_id())
            .shows(200, "The account.", named("Account"))
            .etag()
            .error(404, "No account has this id."),
        describe("quave-delete-account", "Delete an account")
            .text("Takes an admin. No dialect shows the account any more.")
            .query("accountId", account_id())
            .shows(200, "The account was deleted.", view([("message", deleted)]))
            .error(404, "No account has this id."),
        describe("quave-list-accounts", "List the accounts that the caller is a member of").shows(
            200,
            "The accounts.",
            view([("accounts", accounts)]),
        ),
        describe("quave-get-current-account", "Show the current account")
            .shows(200, "The current account.", named("Account"))
            .etag()
            .error(404, "No current account is set, or it was deleted."),
        describe("quave-set-current-account", "Choose the current account")
            .text("Any member may choose an account.")
            .json(named("SetCurrentAccountRequest"))
            .shows(200, "The account is the current one.", named("CurrentAccount"))
            .error(404, "No account has this id."),
    ]
}

const ACCOUNTS_OWNED_TEXT: &str = {
    assert!(ACCOUNTS_OWNED.max == 100 && MEMBERSHIPS.max == 1000);
    "A user can own at most 100 accounts and belong to at most 1000; or a request with the same \
     `Idempotency-Key` is in progress."
};
