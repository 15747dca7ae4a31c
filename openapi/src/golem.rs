//! Golem's accounts and their plan.

use serde_json::json;
use shared::limits::{MAX_ACCOUNT_NAME, MEMBERSHIPS};
use shared::model::PlanLimits;

use crate::description::{Description, describe};
use crate::document::{Api, token_scheme};
use crate::schema::{Schema, body, email, hex, integer, list, named, string, text, uuid, view};

const DEFAULT_PLAN: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) fn api() -> Api {
    Api {
        name: "golem",
        title: "Rollcall: accounts as Golem Cloud has them",
        text: "An error is `{\"error\"}`; one of an invalid request is `{\"errors\"}`, with every \
               problem found. Every success is 200.",
        groups: &[golem_accounts::OPERATIONS],
        descriptions: descriptions(),
        schemas: vec![
            ("CreateAccountRequest", body([("name", name()), ("email", contact())])),
            (
                "UpdateAccountRequest",
                body([
                    ("name", name()),
                    ("email", contact()),
                    ("planId?", uuid().about("The present plan: it cannot be changed here.")),
                ]),
            ),
            ("Account", account()),
            ("Plan", plan()),
        ],
        credentials: &[&["token*"]],
        security_schemes: json!({ "token": token_scheme() }),
    }
}

fn name() -> Schema {
    text(MAX_ACCOUNT_NAME).about("Need not be unique.").example("My Account")
}

fn contact() -> Schema {
    email().about("The contact address: no other account's, and no other user's.")
}

fn account_id() -> Schema {
    hex(12)
        .about("The account's id; a malformed one is unknown.")
        .example("5f7b1b7b7b7b7b7b7b7b7b7b")
}

fn account() -> Schema {
    let email = string().about("The contact address, else the owner's primary address.");
    view([
        ("id", account_id()),
        ("name", name()),
        ("email", email.example("accounts@example.com")),
        ("planId", uuid().about("The plan.").example(DEFAULT_PLAN)),
    ])
    .about("An account.")
}

fn plan() -> Schema {
    let most = PlanLimits::MAX.unsigned_abs();
    let limit = |text: &str, default: i64| integer().range(0..=most).about(text).example(default);
    let data = view([
        ("projectLimit", limit("Projects.", 100)),
        ("componentLimit", limit("Components.", 100)),
        ("workerLimit", limit("Workers.", 10_000)),
        ("storageLimit", limit("Bytes of storage.", 500_000_000)),
        (
            "monthlyGasLimit",
            integer()
                .range(0..=PlanLimits::MAX_GAS.unsigned_abs())
                .about("Units of computation in a month.")
                .example(1_000_000_000_000_i64),
        ),
        ("monthlyUploadLimit", limit("Bytes uploaded in a month.", 1_000_000_000)),
        ("maxMemoryPerWorker", limit("Bytes of memory for one worker.", 1_073_741_824)),
    ]);
    view([
        ("planId", uuid().about("The plan.").example(DEFAULT_PLAN)),
        ("planData", data.about("The most of each.")),
    ])
    .about("What an account may use.")
}

fn descriptions() -> Vec<Description> {
    let email = string().about("Only the accounts that show this address.");
    let accounts = list(named("Account")).at_most(MEMBERSHIPS.max).about("Oldest first.");
    let unknown = "No account has this id.";
    vec![
        describe("golem-find-accounts", "Find accounts")
            .text(
                "The accounts that the caller is a member of. An invalid address matches nothing.",
            )
            .query("email?", email.example("jane.doe@example.com"))
            .shows(200, "The accounts.", view([("values", accounts)])),
        describe("golem-create-account", "Create an account")
            .text("The caller becomes its owner and admin.")
            .json(named("CreateAccountRequest"))
            .shows(200, "The new account.", named("Account"))
            .error(409, "The address is taken, or a limit on accounts is reached."),
        describe("golem-get-account", "Show an account")
            .path("account_id", account_id())
            .shows(200, "The account.", named("Account"))
            .etag()
            .error(404, unknown),
        describe("golem-update-account", "Replace an account's name and address")
            .text("Takes an admin.")
            .path("account_id", account_id())
            .json(named("UpdateAccountRequest"))
            .shows(200, "The changed account.", named("Account"))
            .etag()
            .error(404, unknown)
            .error(409, "The address is taken."),
        describe("golem-delete-account", "Delete an account")
            .text("Takes an admin. No dialect shows the account any more.")
            .path("account_id", account_id())
            .shows(200, "The account was deleted.", view([]))
            .error(404, unknown),
        describe("golem-get-account-plan", "Show an account's plan")
            .path("account_id", account_id())
            .shows(200, "The plan.", named("Plan"))
            .etag()
            .error(404, unknown),
    ]
}
