//! The members of accounts, their roles, and the owner.

use super::accounts::{account_id, role};
use super::users::{USER_ID, page};
use super::{paged, time};
use crate::description::{Description, describe};
use crate::schema::{Schema, body, named, string, uuid, view};

/// Another user than the one who asks.
const MEMBER_ID: &str = "0197a1b2-c3d4-7e5f-8607-18293a4b5c6e";

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let new_owner = uuid().about("An admin of the account.").example(MEMBER_ID);
    vec![
        ("Member", member()),
        ("UpdateMemberRequest", body([("role", role("What the member may do."))])),
        ("SetOwnerRequest", body([("userId", new_owner)])),
    ]
}

fn member() -> Schema {
    view([
        ("userId", uuid().about("The user.").example(USER_ID)),
        ("username", string().about("The user's name for signing in.").example("janedoe")),
        ("name", string().about("First and last name, or empty.").example("Jane Doe")),
        ("role", role("What the member may do.")),
        ("joinedAt", time("When the user became a member.")),
    ])
    .about("A member of an account.")
}

fn of_member(description: Description) -> Description {
    let user = uuid().about("The member; a malformed id is no member's.").example(MEMBER_ID);
    description.path("id", account_id()).path("userId", user)
}

pub(super) fn descriptions() -> Vec<Description> {
    let unknown = "No account has this id.";
    let no_member = "No account has this id, or the user is no member of it.";
    let kept = "The member owns the account (`owner_must_transfer`), or is its last admin \
                (`last_admin`).";
    vec![
        paged(describe("rollcall-list-members", "List the members of an account"))
            .text("Any member may. A page may be short although another one follows.")
            .path("id", account_id())
            .shows(200, "The members.", page("members", "Member", "Oldest user first."))
            .error(404, unknown),
        of_member(describe("rollcall-get-member", "Show a member of an account"))
            .text("Any member may.")
            .shows(200, "The member.", named("Member"))
            .etag()
            .error(404, no_member),
        of_member(describe("rollcall-update-member", "Give a member another role"))
            .text("Takes an admin. It holds from the next request on.")
            .json(named("UpdateMemberRequest"))
            .shows(200, "The member.", named("Member"))
            .etag()
            .error(404, no_member)
            .error(409, kept),
        of_member(describe("rollcall-remove-member", "Remove a member, or leave"))
            .text(
                "Takes an admin, or the member itself, who leaves. Access ends with the next \
                 request; a current account that this was cannot be used.",
            )
            .responds(204, "The user is no member any more.", None)
            .error(404, no_member)
            .error(409, kept),
        describe("rollcall-set-owner", "Hand an account over to another admin")
            .text(
                "Takes the owner, who stays an admin. The account counts for the new owner from \
                 then on.",
            )
            .path("id", account_id())
            .json(named("SetOwnerRequest"))
            .shows(200, "The account.", named("Account"))
            .etag()
            .error(404, unknown)
            .error(
                409,
                "The user is no admin of the account (`not_admin`), or owns as many accounts as \
                 are allowed.",
            ),
    ]
}
