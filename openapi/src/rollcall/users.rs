//! What users have: profile, password, addresses, keys, audit log.

use serde_json::{Value, json};
use shared::limits::{
    MAX_EMAIL_BYTES, MAX_FULL_NAME, MAX_PAGE_SIZE, MAX_PASSWORD, MAX_PHONE, MAX_PROFILE_LINE,
    MAX_SSH_KEY_NAME, MAX_SSH_KEY_TEXT, MAX_USERNAME, MIN_PASSWORD, MIN_USERNAME, RECOVERY_CODES,
};
use shared::model::AuditAction;

use super::{next_cursor, paged, time};
use crate::description::{Description, describe};
use crate::schema::{
    Schema, anything, body, boolean, email, hex, integer, list, named, one_of, optional_text,
    pattern, random_number, recipient, string, text, uuid, view, view_of,
};

pub(super) const USER_ID: &str = "0197a1b2-c3d4-7e5f-8607-18293a4b5c6d";
/// The id of a user or of an OAuth client.
const ACTOR: &str =
    "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-f]{24})$";
const PATH: &str = "/rollcall/v1/users/self";

pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("User", user()),
        ("UpdateUserRequest", changed_user()),
        ("SetPasswordRequest", new_password()),
        ("Email", user_email()),
        ("AddEmailRequest", body([("email", email().about("An address that no user has."))])),
        ("UpdateEmailRequest", changed_email()),
        ("ApiKey", api_key()),
        ("CreatedApiKey", created_api_key()),
        ("SshKey", ssh_key()),
        ("AddSshKeyRequest", new_ssh_key()),
        ("Session", session()),
        ("SecondFactor", second_factor()),
        ("RemoveSecondFactorRequest", removed_factor()),
        ("SignUpRequest", sign_up_request()),
        ("SignUp", sign_up()),
        ("CreateUserRequest", new_user()),
        ("PasswordResetRequest", reset_request()),
        ("PasswordReset", reset()),
        ("AuditAction", one_of(&AuditAction::ALL.map(AuditAction::as_str)).about("What was done.")),
        ("AuditEntry", audit_entry()),
    ]
}

fn line(what: &str, example: &str) -> Schema {
    optional_text(MAX_PROFILE_LINE).about(what).example(example)
}

fn name() -> Schema {
    optional_text(MAX_FULL_NAME).about("First and last name.").example("Jane Doe")
}

fn location() -> Schema {
    line("Where the user is.", "Private Island")
}

fn company() -> Schema {
    line("Where the user works.", "Retired")
}

fn phone() -> Schema {
    optional_text(MAX_PHONE).about("The phone number.").example("48123456789")
}

fn user() -> Schema {
    let username = pattern(&format!("^[a-z0-9]{{{MIN_USERNAME},{MAX_USERNAME}}}$"));
    let picture = string().about("The address for Gravatar, if not the primary one.");
    let profile = view([
        ("location", location()),
        ("company", company()),
        ("url", line("A page about the user.", "https://example.com/jane")),
        ("gravatarEmail", picture.example("jane@example.com")),
        ("phone", phone()),
    ]);
    view([
        ("id", uuid().about("The user's id.").example(USER_ID)),
        ("number", random_number().about("The same.").example(4_503_599_627_370_497_u64)),
        ("username", username.about("The name to sign in with.").example("janedoe")),
        ("name", name()),
        ("profile", profile.about("What the user says of itself; an empty text for nothing.")),
        ("primaryEmail", string().about("The primary address.").example("jane@example.com")),
        ("createdAt", time("When the user was made.")),
    ])
    .about("A user.")
}

fn changed_user() -> Schema {
    let url = pattern(r"^\s*($|[Hh][Tt][Tt][Pp][Ss]?://[^/])").length(0..=MAX_PROFILE_LINE);
    let url = url.about("An http or https URL, or empty.").example("https://example.com/jane");
    let picture = pattern(r"^\s*($|.+@.+)").length(0..=MAX_EMAIL_BYTES);
    let profile = body([
        ("location?", location()),
        ("company?", company()),
        ("url?", url),
        ("gravatarEmail?", picture.about("The address for Gravatar, or empty.")),
        ("phone?", phone()),
    ]);
    body([("name?", name()), ("profile?", profile.about("The fields to change."))])
        .about("What is absent is not changed. Every text may be empty.")
}

fn new_password() -> Schema {
    let current = string().with("format", "password");
    let new = string().length(MIN_PASSWORD..=MAX_PASSWORD).with("format", "password");
    let revoke =
        boolean().about("Whether API keys, environment tokens, SSH keys and passkeys end too.");
    body([
        ("currentPassword?", current.about("The password until now; required if there is one.")),
        ("password", new.about("Not one that others would guess.")),
        ("revokeKeys?", revoke.with("default", false)),
    ])
}

fn sign_up_request() -> Schema {
    let address = recipient(false).about("The address to sign up with, in ASCII before the `@`.");
    body([("email", address)])
}

fn sign_up() -> Schema {
    let address = string().about("The address that the user will have, proved.");
    view([("email", address.example("mary.major@example.com"))]).about("What a link signs up with.")
}

fn new_user() -> Schema {
    let username = pattern(&format!(r"^\s*[A-Za-z0-9]{{{MIN_USERNAME},{MAX_USERNAME}}}\s*$"));
    let password = string().length(MIN_PASSWORD..=MAX_PASSWORD).with("format", "password");
    body([
        ("username", username.about("The name to sign in with.").example("marymajor")),
        ("name?", name()),
        ("password", password.about("Not one that others would guess.")),
    ])
}

fn reset_request() -> Schema {
    let name = text(MAX_EMAIL_BYTES).about("The username, or an address that the user has proved.");
    body([("name", name.example("janedoe"))])
}

fn reset() -> Schema {
    let password = string().length(MIN_PASSWORD..=MAX_PASSWORD).with("format", "password");
    let keep = boolean().about(
        "Whether API keys, environment tokens, SSH keys and passkeys stay. They end all the same if somebody \
         else chose the old password, unless it is set again.",
    );
    let code = factor_code()
        .about("A code of the user's app, or a recovery code; required if a second factor is on.");
    body([
        ("password", password.about("Not one that others would guess.")),
        ("keepApiKeys?", keep.with("default", false)),
        ("code?", code),
    ])
}

fn user_email() -> Schema {
    let proved = time("When its user proved to receive mail there; `null` until then.").or("null");
    view([
        ("email", string().about("The address.").example("jane.second@example.com")),
        ("primary", boolean().about("Whether it is the primary one.").example(false)),
        (
            "verified",
            boolean()
                .about("What a client of hub said; no permission depends on it.")
                .example(false),
        ),
        ("provedAt", proved),
    ])
    .about("An address of the user.")
}

fn changed_email() -> Schema {
    let primary = boolean().about("Whether it is to be the primary one.");
    body([("primary", primary.example(true))])
}

fn maker() -> (&'static str, Schema) {
    let maker = string().or("null").about("The token or API key that made it, if one did.");
    ("madeBy", maker.example("0197a1b2c3d4e5f607182939"))
}

fn api_key_fields() -> [(&'static str, Schema); 4] {
    let key = pattern("^rck_[A-Za-z0-9_-]+$").about("The key, as signatures name it.");
    [
        ("id", hex(8).about("The key's id.").example("0197a1b2c3d4e5f6")),
        ("apiKey", key.example("rck_YOUR_API_KEY")),
        ("createdAt", time("When it was made.")),
        maker(),
    ]
}

fn api_key() -> Schema {
    let last = time("The hour of its last use; `null` if there was none.").or("null");
    view_of(api_key_fields().into_iter().chain([("lastUsedAt", last)])).about("An API key.")
}

fn created_api_key() -> Schema {
    let secret = string().about("Signs requests; never shown again.").example("YOUR_SECRET_KEY");
    view_of(api_key_fields().into_iter().chain([("secretKey", secret)])).about("A new API key.")
}

fn ssh_key() -> Schema {
    let print = pattern("^SHA256:[A-Za-z0-9+/]{43}$").about("As `ssh-keygen -l` shows it.");
    let key = string().about("The algorithm and the key, without a comment.");
    let last =
        time("Always `null`: where an SSH key is used, the service is not asked.").or("null");
    view([
        ("id", random_number().about("The key's number.").example(4_503_599_627_370_497_u64)),
        ("name", string().about("What the user calls the key.").example("laptop")),
        ("fingerprint", print.example("SHA256:8OZ2VXmE9BXaJIAzKCsBonD1czvWlJK+S5tODlBtRsY")),
        (
            "publicKey",
            key.example(
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T",
            ),
        ),
        ("createdAt", time("When it was added.")),
        maker(),
        ("lastUsedAt", last),
    ])
    .about("A public key for SSH.")
}

fn new_ssh_key() -> Schema {
    let key = string().length(1..=MAX_SSH_KEY_TEXT).about("The line of a `.pub` file.");
    body([
        ("name", text(MAX_SSH_KEY_NAME).about("What the user calls the key.")),
        ("publicKey", key),
    ])
}

fn session() -> Schema {
    let last = time("The hour of its last use; `null` if there was none.").or("null");
    view([
        ("id", session_id()),
        ("browser", string().about("The kind of browser.").example("Firefox on Linux")),
        ("createdAt", time("When the user signed in.")),
        ("lastUsedAt", last),
        ("expiresAt", time("When it ends, unless it is used before.")),
    ])
    .about("Where the user is signed in in a browser.")
}

fn session_id() -> Schema {
    hex(12).about("The session's id.").example("0197a1b2c3d4e5f60718293d")
}

fn second_factor() -> Schema {
    let kind = one_of(&["totp", "passkey"]).about("The codes of an app, or a passkey.");
    let name = string().or("null").about("What the user calls the passkey; `null` for codes.");
    let last = time("When the passkey was last used; `null` if it was not, and for codes.");
    let codes = u64::try_from(RECOVERY_CODES).unwrap_or_default();
    let left = integer().range(0..=codes).or("null");
    view([
        ("id", factor_id()),
        ("kind", kind),
        ("name", name.example(Value::Null)),
        ("createdAt", time("When it was added.")),
        ("lastUsedAt", last.or("null").example(Value::Null)),
        (
            "recoveryCodesLeft",
            left.about("How many recovery codes are left; `null` for a passkey.").example(10),
        ),
    ])
    .about("The codes of an app, or a passkey.")
}

fn factor_id() -> Schema {
    string().about("`totp`, or the passkey's id.").example("totp")
}

fn removed_factor() -> Schema {
    let code = factor_code().about("A code of the app, or a recovery code; required for `totp`.");
    body([("code?", code.example("123456"))])
}

/// The code of an app, or a recovery code, in the forms in which people type them.
fn factor_code() -> Schema {
    // The last digit of a recovery code is an even one.
    pattern("^(( *[0-9]){6} *|([ -]*[A-Za-z2-7]){12}[ -]*[ACEGIKMOQSUWYacegikmoqsuwy246][ -]*)$")
}

fn audit_entry() -> Schema {
    let actor = view([
        (
            "kind",
            one_of(&["user", "client", "mailToken", "operator", "system"]).about("What it is."),
        ),
        ("id", string().or("null").about("Its id, if it is a user or a client.").example(USER_ID)),
        (
            "credentialId",
            string()
                .or("null")
                .about(
                    "The user's token, API key, session, passkey or grant; `null` for a password.",
                )
                .example("0197a1b2c3d4e5f60718293a"),
        ),
    ]);
    let target = view([
        ("kind", string().about("What it is, as `user` or `apiKey`.").example("token")),
        ("id", string().about("Its id.").example("0197a1b2c3d4e5f60718293a")),
    ]);
    let details = Schema::object_of(anything())
        .about("Ids, roles, scopes or kinds, by name: each a text or a list of texts.")
        .example(json!({ "kind": "user" }));
    view([
        ("id", hex(12).about("The entry's id.").example("0197a1b2c3d4e5f60718293a")),
        ("at", time("When.")),
        (
            "action",
            string()
                .about("What was done: an `AuditAction`, or one of another version of the service.")
                .example("user.updated"),
        ),
        ("actor", actor.about("Who did it.")),
        ("target", target.about("To what.")),
        ("changed", list(string()).about("The fields that were set.").example(json!(["fullName"]))),
        ("details", details),
        (
            "requestId",
            string()
                .or("null")
                .about("The request's id, if it was one.")
                .example("8a3f0c1e-5a0b-4c0d-9e1f-3b7c2d1a0f4e"),
        ),
        (
            "dialect",
            string().or("null").about("The API that was called, if one was.").example("rollcall"),
        ),
    ])
    .about("What a write did.")
}

/// A list of the entries of an audit log.
pub(super) fn audit_log(description: Description) -> Description {
    let time = |what: &str| {
        string().with("format", "date-time").about(what).example("2026-11-21T12:00:00Z")
    };
    let actor = pattern(ACTOR).about("Only what this user or OAuth client did.").example(USER_ID);
    paged(description)
        .query("action?", named("AuditAction").about("Only this action."))
        .query("actor?", actor)
        .query("from?", time("Only from this time on (RFC 3339)."))
        .query("to?", time("Only before this time (RFC 3339)."))
        .shows(200, "The entries.", page("entries", "AuditEntry", "Newest first."))
}

pub(super) fn page(name: &str, entries: &str, order: &str) -> Schema {
    let entries = list(named(entries)).at_most(MAX_PAGE_SIZE).about(order);
    view([(name, entries), ("nextCursor", next_cursor())])
}

fn location_of(what: &str, example: &str) -> Schema {
    string().about(what).example(format!("{PATH}/{example}"))
}

pub(super) fn descriptions() -> Vec<Description> {
    let mut all = of_the_user();
    all.extend(of_keys());
    all.extend(of_links());
    all
}

fn of_the_user() -> Vec<Description> {
    let unknown = "The caller does not have this address.";
    vec![
        describe("rollcall-get-user", "Show the caller")
            .shows(200, "The user.", named("User"))
            .etag(),
        describe("rollcall-update-user", "Change the caller's name and profile")
            .text("Other fields are ignored, so that a response may be sent back.")
            .json(named("UpdateUserRequest"))
            .shows(200, "The changed user.", named("User"))
            .etag(),
        describe("rollcall-set-password", "Set the caller's password")
            .text(
                "Grants to OAuth clients, sessions and user tokens end, but not the token that \
                 asks. The first password in place of one set by somebody else ends every \
                 credential.",
            )
            .json(named("SetPasswordRequest"))
            .responds(204, "The password is set.", None)
            .error(403, "The current password is wrong, or the credential lacks full access."),
        paged(describe("rollcall-list-emails", "List the caller's addresses")).shows(
            200,
            "The addresses.",
            page("emails", "Email", "Oldest first."),
        ),
        describe("rollcall-add-email", "Add an address")
            .text("It is neither verified nor proved.")
            .json(named("AddEmailRequest"))
            .shows(201, "The new address.", named("Email"))
            .with_header(
                "Location",
                location_of("The path of the address.", "emails/jane.second@example.com"),
            )
            .error(409, "A user has the address, or there are as many as there can be."),
        describe("rollcall-update-email", "Make an address the primary one")
            .path("address", address_in_path())
            .json(named("UpdateEmailRequest"))
            .shows(200, "The changed address.", named("Email"))
            .error(404, unknown)
            .error(409, "It is neither verified nor proved, or another one must replace it."),
        describe("rollcall-delete-email", "Delete an address")
            .path("address", address_in_path())
            .responds(204, "The address was deleted.", None)
            .error(404, unknown)
            .error(409, "It is the primary one."),
        audit_log(describe("rollcall-list-audit-entries", "List what was done to the caller"))
            .text(
                "And to what belongs to it. A page may be short or empty although another one \
                 follows. A `cursor` counts only with the other parameters that it came with, but \
                 `limit`.",
            ),
    ]
}

/// API Gateway decodes a path, which ends at a `?` then.
fn address_in_path() -> Schema {
    let address = email().with("pattern", r"^[^?]*$").about("The address, percent-encoded.");
    address.example("jane.second@example.com")
}

/// What is done by the links of mails.
fn of_links() -> Vec<Description> {
    let nothing = || view([]).about("Nothing: what comes of it is told by mail.");
    let token = |prefix: &str| {
        let token = pattern(&format!("^{prefix}_[A-Za-z0-9_-]+$"));
        token.about("The end of the mail's link.").example(format!("{prefix}_YOUR_TOKEN"))
    };
    let address = recipient(true).about("The address, percent-encoded, in ASCII before the `@`.");
    let no_mail = "The service sends no mail.";
    let too_many = "Too many mails were asked for from this network, or passwords tried.";
    let ended = "The link was used, was replaced by a newer one, or has expired.";
    vec![
        describe("rollcall-request-email-proof", "Send a link that proves an address")
            .text(
                "To an address of the caller, or to another one: proving adds it. Whoever has it \
                 without having proved it loses it then. If somebody has proved it, they are told \
                 instead.",
            )
            .path("address", address.example("jane.second@example.com"))
            .shows(202, "A mail is sent.", nothing())
            .error(409, "The caller has proved it, or has as many addresses as there can be.")
            .error(429, "A mail was sent there within a minute, or five within a day, or the caller asked for 50.")
            .error(501, no_mail),
        describe("rollcall-request-sign-up", "Send a link to sign up")
            .text("The response is the same whoever has the address. Three mails an hour are sent.")
            .json(named("SignUpRequest"))
            .shows(202, "A mail is sent.", nothing())
            .error(403, "Nobody can sign up.")
            .error(429, too_many)
            .error(501, no_mail),
        describe("rollcall-get-sign-up", "Show what a link signs up with")
            .text("The link works on.")
            .path("token", token("rcn"))
            .shows(200, "The address.", named("SignUp"))
            .error(403, "Nobody can sign up any more.")
            .error(410, ended),
        describe("rollcall-sign-up", "Sign up by a link")
            .text("Makes the user, who has proved the address by it. It signs nobody in.")
            .path("token", token("rcn"))
            .json(named("CreateUserRequest"))
            .shows(201, "The new user.", named("User"))
            .with_header("Location", string().about("The path of the user.").example(PATH))
            .error(403, "Nobody can sign up any more.")
            .error(409, "The username is taken; the link works on.")
            .error(410, ended),
        describe("rollcall-request-password-reset", "Send a link that sets another password")
            .text(
                "To the address that is named, if the user has proved it; by the username to the \
                 primary one, if that is proved, else to the oldest that is. The response is the same whoever has the name. \
                 Three mails an hour are sent.",
            )
            .json(named("PasswordResetRequest"))
            .shows(202, "A mail is sent, if somebody can get it.", nothing())
            .error(429, too_many)
            .error(501, no_mail),
        describe("rollcall-reset-password", "Set another password by a link")
            .text("Everything older ends: tokens, grants, sessions and, unless they are kept, keys.")
            .path("token", token("rcw"))
            .json(named("PasswordReset"))
            .responds(204, "The password is set.", None)
            .error(403, "The code is wrong; the link works on.")
            .error(410, ended)
            .error(429, "Too many codes or passwords of the user were tried."),
    ]
}

fn of_keys() -> Vec<Description> {
    let unknown_api_key = "The caller has no such API key.";
    vec![
        paged(describe("rollcall-list-api-keys", "List the caller's API keys")).shows(
            200,
            "The API keys.",
            page("apiKeys", "ApiKey", "Oldest first."),
        ),
        describe("rollcall-create-api-key", "Make an API key")
            .shows(201, "The new key, with its secret.", named("CreatedApiKey"))
            .with_header(
                "Location",
                location_of("The path of the key.", "api-keys/0197a1b2c3d4e5f6"),
            )
            .error(409, "There are as many API keys as there can be."),
        describe("rollcall-delete-api-key", "Delete an API key")
            .path("id", hex(8).about("The key's id.").example("0197a1b2c3d4e5f6"))
            .responds(204, "The key does not work any more.", None)
            .error(404, unknown_api_key),
        paged(describe("rollcall-list-ssh-keys", "List the caller's SSH keys")).shows(
            200,
            "The SSH keys.",
            page("sshKeys", "SshKey", "Oldest first."),
        ),
        describe("rollcall-add-ssh-key", "Add an SSH key")
            .json(named("AddSshKeyRequest"))
            .shows(201, "The new key.", named("SshKey"))
            .with_header("Location", location_of("The path of the key.", "ssh-keys/1234567890"))
            .error(409, "The user has the key already, or there are as many as there can be."),
        describe("rollcall-delete-ssh-key", "Delete an SSH key")
            .path("id", pattern("^[0-9]+$").about("The key's number.").example("1234567890"))
            .responds(204, "The key was deleted.", None)
            .error(404, "The caller has no such SSH key."),
        paged(describe("rollcall-list-sessions", "List where the caller is signed in")).shows(
            200,
            "The sessions that have not ended.",
            page("sessions", "Session", "Oldest first."),
        ),
        describe("rollcall-end-sessions", "End all sessions").responds(
            204,
            "Every browser is signed out.",
            None,
        ),
        describe("rollcall-end-session", "End a session")
            .path("id", session_id())
            .responds(204, "The browser is signed out.", None)
            .error(404, "The caller has no such session."),
        paged(describe("rollcall-list-second-factors", "List the caller's second factors"))
            .text("The codes of an app, if they are on, and passkeys. They are added on the pages.")
            .shows(
                200,
                "The second factors.",
                page("secondFactors", "SecondFactor", "Oldest first."),
            ),
        describe("rollcall-remove-second-factor", "Remove a second factor")
            .text("With the codes of the app the recovery codes go.")
            .path("id", factor_id())
            .json(named("RemoveSecondFactorRequest"))
            .body_is_optional()
            .responds(204, "It does not count any more.", None)
            .error(403, "The code is wrong, or the credential lacks full access.")
            .error(404, "The caller has no such second factor.")
            .error(409, "It is the last way in."),
    ]
}
