//! Invitations: for the admins who send them, and for who has their links.

use shared::lifetimes::INVITATION_HOURS;
use shared::limits::MAX_INVITATION_HOURS;
use shared::model::InvitationState;

use super::accounts::{account_id, name};
use super::users::{USER_ID, page};
use super::{paged, time};
use crate::description::{Description, describe};
use crate::schema::{
    Schema, body, email, integer, named, one_of, pattern, string, uuid, view, view_of,
};

/// That of `mary@example.com`.
const EXAMPLE_ID: &str = "8ZBM8anXOlX6XeCsgjxEAw";
const PATH: &str = "/rollcall/v1/accounts/5f7b1b7b7b7b7b7b7b7b7b7b/invitations";

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let link = string()
        .with("format", "uri")
        .about("The link, to be handed over, if `deliver` was `link`; never shown again.");
    let link = link.example("https://api.example.com/account/invitations/rci_YOUR_TOKEN");
    vec![
        ("InvitationState", state()),
        ("Invitation", view_of(fields()).about("Who was invited, and what has become of it.")),
        (
            "SentInvitation",
            view_of(fields().into_iter().chain([("link?", link)]))
                .about("An invitation that was sent."),
        ),
        ("SendInvitationRequest", new_invitation()),
        ("LinkedInvitation", linked()),
        ("JoinedAccount", joined()),
    ]
}

fn state() -> Schema {
    one_of(&InvitationState::ALL.map(InvitationState::as_str)).about("What has become of it.")
}

fn role() -> Schema {
    one_of(&["admin", "member"])
}

fn id() -> Schema {
    pattern("^[A-Za-z0-9_-]{22}$").about("The invitation's id.").example(EXAMPLE_ID)
}

fn fields() -> [(&'static str, Schema); 9] {
    [
        ("id", id()),
        ("email", string().about("Who was invited.").example("mary@example.com")),
        ("role", role().about("What they may do in the account.").example("member")),
        ("state", named("InvitationState")),
        ("invitedBy", uuid().about("The admin who sent it last.").example(USER_ID)),
        ("createdAt", time("When it was sent first.")),
        ("expiresAt", time("When it ends.")),
        ("lastSentAt", time("When it was sent last.")),
        ("sendCount", integer().about("How often it was sent.").example(1)),
    ]
}

fn new_invitation() -> Schema {
    let hours = integer().range(1..=MAX_INVITATION_HOURS).with("default", INVITATION_HOURS);
    let deliver = one_of(&["mail", "link"]).with("default", "mail").about(
        "`link` sends no mail: the response has the link, to be handed over. Who accepts it has \
         not proved the address.",
    );
    body([
        ("email", email().about("Who is invited; to get a mail, in ASCII before the `@`.")),
        ("role", role().about("What they may do in the account.")),
        ("expiresInHours?", hours.about("How long it waits.")),
        ("deliver?", deliver),
    ])
}

fn account() -> Schema {
    view([("id", account_id()), ("name", name())]).about("The account.")
}

fn linked() -> Schema {
    view([
        ("account", account()),
        ("role", role().about("What whoever joins may do in it.").example("member")),
        ("email", string().about("Who was invited, masked.").example("m***@example.com")),
        ("expiresAt", time("When it ends.")),
    ])
    .about("What a link invites to.")
}

fn joined() -> Schema {
    view([
        ("account", account()),
        ("userId", uuid().about("The user who joined.").example(USER_ID)),
        ("username", string().about("The user's name.").example("marymajor")),
        ("role", role().about("What the user may do in the account.").example("member")),
        ("joinedAt", time("When the user joined.")),
    ])
    .about("The membership of whoever joined.")
}

pub(super) fn descriptions() -> Vec<Description> {
    let mut all = of_admins();
    all.extend(of_links());
    all
}

fn of_admins() -> Vec<Description> {
    let unknown = "No account has this id.";
    let location = string().about("The path of the invitation.");
    let location = location.example(format!("{PATH}/{EXAMPLE_ID}"));
    vec![
        paged(describe("rollcall-list-invitations", "List an account's invitations"))
            .text("Takes an admin. They are kept for 30 days after their end.")
            .path("id", account_id())
            .query("state?", named("InvitationState").about("Only those of this state."))
            .shows(200, "The invitations.", page("invitations", "Invitation", "Oldest first."))
            .error(404, unknown),
        describe("rollcall-send-invitation", "Invite somebody to an account")
            .text(
                "Takes an admin with a proved address, and full access: the link is a credential. \
                 One that waits, or has expired, is sent \
                 again: its earlier link ends. The response is the same whether or not the address \
                 has a user.",
            )
            .path("id", account_id())
            .json(named("SendInvitationRequest"))
            .shows(200, "The invitation, sent again.", named("SentInvitation"))
            .shows(201, "The new invitation.", named("SentInvitation"))
            .with_header("Location", location)
            .error(403, "The caller is no admin, has no proved address, or lacks full access.")
            .error(404, unknown)
            .error(409, "The address is a member's primary one, or too many invitations wait.")
            .error(
                429,
                "The address was invited within a minute, or five times within a day, or the \
                 account or the user invites too many; or too many passwords were tried.",
            )
            .error(501, "The service sends no mail."),
        describe("rollcall-revoke-invitation", "Revoke an invitation")
            .text("Takes an admin. One that was revoked stays so.")
            .path("id", account_id())
            .path("invitation", id())
            .responds(204, "Nobody joins by it any more.", None)
            .error(404, "No account has this id, or it has no such invitation.")
            .error(409, "It was accepted or declined."),
    ]
}

fn of_links() -> Vec<Description> {
    let token = || {
        let token = pattern("^rci_[A-Za-z0-9_-]+$").about("The end of the link.");
        token.example("rci_YOUR_TOKEN")
    };
    let ended = "Nobody joins by the link any more; `code` says why.";
    let location = string().about("The path of the user.").example("/rollcall/v1/users/self");
    vec![
        describe("rollcall-get-invitation", "Show what a link invites to")
            .text("The link works on.")
            .path("token", token())
            .shows(200, "The invitation.", named("LinkedInvitation"))
            .error(410, ended),
        describe("rollcall-accept-invitation", "Join an account by a link")
            .text(
                "With a credential the caller joins, and no field of a body counts. An address to \
                 which the link was mailed is proved by it, and becomes the caller's if nobody has \
                 proved it. Without a credential, and with a body, a new user is made who joins; \
                 that takes no `Idempotency-Key`.",
            )
            .path("token", token())
            .json(named("CreateUserRequest"))
            .body_is_optional()
            .credential_is_optional()
            .shows(200, "The caller is a member.", named("JoinedAccount"))
            .shows(201, "The new user is a member.", named("JoinedAccount"))
            .with_header("Location", location)
            .error(401, "No valid credential; a user has the address and has to sign in.")
            .error(403, "The address is somebody else's, or the credential lacks full access.")
            .error(
                409,
                "The caller is a member already, a limit is reached, or the username is taken.",
            )
            .error(410, ended),
        describe("rollcall-decline-invitation", "Decline an invitation")
            .text("Takes no credential. One that was declined stays so.")
            .path("token", token())
            .responds(204, "Nobody joins by the link any more.", None)
            .error(410, ended),
    ]
}
