//! Accounts, with their plan, registry and audit log.

use shared::limits::MAX_ACCOUNT_NAME;

use super::users::{USER_ID, audit_log, page};
use super::{paged, time};
use crate::description::{Description, describe};
use crate::golem::{DEFAULT_PLAN, plan_limits};
use crate::quave::{registry_password, registry_server, registry_username, slug};
use crate::schema::named;
use crate::schema::{Schema, body, boolean, email, hex, one_of, string, text, uuid, view, view_of};

const PATH: &str = "/rollcall/v1/accounts";

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("Account", account()),
        ("CreateAccountRequest", body([("name", name()), ("email?", contact().or("null"))])),
        ("UpdateAccountRequest", body([("name?", name()), ("email?", contact().or("null"))])),
        ("SetCurrentAccountRequest", body([("id", account_id())])),
        ("Plan", plan()),
        ("Registry", registry()),
        ("SetRegistryRequest", new_registry()),
    ]
}

pub(super) fn account_id() -> Schema {
    hex(12)
        .about("The account's id; a malformed one is unknown.")
        .example("5f7b1b7b7b7b7b7b7b7b7b7b")
}

pub(super) fn role(what: &str) -> Schema {
    one_of(&["admin", "member"]).about(what)
}

pub(super) fn name() -> Schema {
    text(MAX_ACCOUNT_NAME).about("Need not be unique.").example("My New Account")
}

fn contact() -> Schema {
    email().about("The contact address: no other account's, and no other user's.")
}

fn account() -> Schema {
    let email = string().or("null").about(
        "The contact address, else the owner's primary one; `null` while there is no owner.",
    );
    view([
        ("id", account_id()),
        ("name", name()),
        ("slug", slug()),
        ("email", email.example("team@example.com")),
        ("role", role("The caller's.")),
        ("isVerified", boolean().about("Whether the operator vouches for it.").example(false)),
        ("allowAutoScaling", boolean().about("Whether autoscaling is allowed.").example(false)),
        ("isCurrent", boolean().about("Whether it is the caller's current one.").example(true)),
        ("planId", uuid().about("The plan.").example(DEFAULT_PLAN)),
        ("ownerId", uuid().about("The user who owns it.").example(USER_ID)),
        ("createdAt", time("When it was made.")),
    ])
    .about("An account, as the caller sees it.")
}

fn plan() -> Schema {
    let id = uuid().about("The plan.").example(DEFAULT_PLAN);
    view_of([("id", id)].into_iter().chain(plan_limits())).about("What an account may use.")
}

fn registry() -> Schema {
    view([
        ("server", registry_server().example("https://registry.example.com")),
        ("email", string().about("The registry user's address.").example("user@example.com")),
        ("username", registry_username().example("registryuser")),
    ])
    .about("Access to a private container registry, without the password.")
}

fn new_registry() -> Schema {
    body([
        ("server", registry_server()),
        ("email", email().about("The registry user's address.")),
        ("username", registry_username()),
        ("password", registry_password()),
    ])
}

pub(super) fn descriptions() -> Vec<Description> {
    let mut all = of_accounts();
    all.extend(of_one_account());
    all
}

fn of_accounts() -> Vec<Description> {
    let location = string().about("The path of the account.");
    let location = location.example(format!("{PATH}/5f7b1b7b7b7b7b7b7b7b7b7b"));
    let lost = "There is none, or it was deleted.";
    vec![
        paged(describe(
            "rollcall-list-accounts",
            "List the accounts that the caller is a member of",
        ))
        .text("In the order of joining. A page may be short although another one follows.")
        .shows(
            200,
            "The accounts.",
            page("accounts", "Account", "Oldest membership first."),
        ),
        describe("rollcall-create-account", "Create an account")
            .text(
                "The caller becomes its owner and admin. A caller without a usable current account \
                 gets this one as the current one.",
            )
            .json(named("CreateAccountRequest"))
            .shows(201, "The new account.", named("Account"))
            .with_header("Location", location)
            .error(409, "The address is taken, or a limit on accounts is reached."),
        describe("rollcall-get-current-account", "Show the current account")
            .shows(200, "The account.", named("Account"))
            .etag()
            .error(403, "The caller is no longer a member, or lacks the scope.")
            .error(404, lost),
        describe("rollcall-set-current-account", "Choose the current account")
            .text("Any member may.")
            .json(named("SetCurrentAccountRequest"))
            .shows(200, "The account, now the current one.", named("Account"))
            .etag()
            .error(404, "No account has this id."),
    ]
}

fn of_one_account() -> Vec<Description> {
    let unknown = "No account has this id.";
    let without = "No account has this id, or it has no registry.";
    let audit = "List what was done to an account";
    vec![
        describe("rollcall-get-account", "Show an account")
            .path("id", account_id())
            .shows(200, "The account.", named("Account"))
            .etag()
            .error(404, unknown),
        describe("rollcall-update-account", "Change an account's name and address")
            .text("Takes an admin. Other fields are ignored, so that a response may be sent back.")
            .path("id", account_id())
            .json(named("UpdateAccountRequest"))
            .shows(200, "The changed account.", named("Account"))
            .etag()
            .error(404, unknown)
            .error(409, "The address is taken."),
        describe("rollcall-delete-account", "Delete an account")
            .text("Takes an admin. No dialect shows the account any more.")
            .path("id", account_id())
            .responds(204, "The account was deleted.", None)
            .error(404, unknown),
        describe("rollcall-get-account-plan", "Show an account's plan")
            .path("id", account_id())
            .shows(200, "The plan.", named("Plan"))
            .etag()
            .error(404, unknown),
        describe("rollcall-get-registry", "Show an account's registry")
            .text("Takes an admin.")
            .path("id", account_id())
            .shows(200, "The registry.", named("Registry"))
            .etag()
            .error(404, without),
        describe("rollcall-set-registry", "Set an account's registry")
            .text("Takes an admin. It takes the place of an earlier one.")
            .path("id", account_id())
            .json(named("SetRegistryRequest"))
            .responds(204, "The registry is set.", None)
            .error(404, unknown),
        describe("rollcall-delete-registry", "Take an account's registry away")
            .text("Takes an admin.")
            .path("id", account_id())
            .responds(204, "The account has no registry.", None)
            .error(404, without),
        audit_log(describe("rollcall-list-account-audit-entries", audit))
            .text("Takes an admin. Pages and cursors are those of the caller's own log.")
            .path("id", account_id())
            .error(404, unknown),
    ]
}
