//! e24's users, and the caller's own account with its keys.

use serde_json::json;
use shared::limits::{
    API_KEYS, MAX_API_KEY_TEXT, MAX_NAME_PART, MAX_PASSWORD, MAX_PHONE, MAX_SSH_KEY_METHOD,
    MAX_SSH_KEY_NAME, MAX_SSH_KEY_TEXT, MAX_USERNAME, MAX_USERS_PER_PAGE, MIN_PASSWORD,
    MIN_USERNAME, SSH_KEYS,
};

use crate::description::{Description, describe};
use crate::document::{Api, token_scheme};
use crate::schema::{
    ALL_TYPES, Schema, always, body, boolean, constant, email, integer, list, named, optional_text,
    pattern, random_number, string, text, uuid, view,
};

pub(crate) fn api() -> Api {
    Api {
        name: "e24",
        title: "Rollcall: users as e24cloud has them",
        text: "Every success is 200 with `\"success\": true`, an error \
               `{\"success\": false, \"error\"}` with its status.",
        groups: &[e24_accounts::OPERATIONS, e24_account::OPERATIONS],
        descriptions: descriptions(),
        schemas: vec![
            ("CreateUserRequest", new_user()),
            ("UpdateDataRequest", changed_data()),
            ("AddSshKeyRequest", new_ssh_key()),
            (
                "ApiKeyName",
                body([("api_key", text(MAX_API_KEY_TEXT).about("One of the caller's."))]),
            ),
            ("CreatedUser", user(ApiKeyShown::WithSecret)),
            ("User", user(ApiKeyShown::WithMaker)),
            ("ListedApiKey", api_key(ApiKeyShown::WithMaker)),
            ("ApiKeyWithSecret", api_key(ApiKeyShown::WithSecret)),
            ("Files", files(false)),
            ("FilesWithSecret", files(true)),
            ("SshKey", listed_ssh_key()),
        ],
        credentials: &[&["token*"], &["signature", "signatureDate"]],
        security_schemes: json!({
            "token": token_scheme(),
            "signature": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`KEY:base64(hmac_sha256(secret, S))` with an API key and `S = \
                    METHOD\\nHOST\\nX-Date\\nPATH[?QUERY]\\nBODY`; an empty body still ends in \
                    `\\n`. A signed write counts once: after it the same signature is 409.",
            },
            "signatureDate": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Date",
                "description": "The date of the signature as in RFC 1123, at most 15 minutes off: \
                    `Sat, 21 Nov 2026 09:30:00 GMT`.",
            },
        }),
    }
}

fn name(what: &str, example: &str) -> Schema {
    text(MAX_NAME_PART).about(what).example(example)
}

fn phone() -> Schema {
    optional_text(MAX_PHONE)
        .with(ALL_TYPES, json!(["string", "integer"]))
        .about("May be empty. A whole number counts as its text.")
        .example("48123456789")
}

fn password() -> Schema {
    string()
        .length(MIN_PASSWORD..=MAX_PASSWORD)
        .with("format", "password")
        .about("Not one that others would guess.")
}

fn new_user() -> Schema {
    let username = pattern(&format!("^[A-Za-z0-9]{{{MIN_USERNAME},{MAX_USERNAME}}}$"));
    body([
        ("email", email().about("The primary address, which no other user has.")),
        ("first_name", name("The first name.", "Mary")),
        ("last_name", name("The last name.", "Major")),
        ("phone?", phone()),
        ("password", password()),
        ("username?", username.about("Without one it is made from the address.")),
    ])
}

fn changed_data() -> Schema {
    let revoke = boolean().about(
        "Whether API keys, environment tokens, SSH keys, passkeys, invitations that the user sent \
         and proofs of addresses by tokens end, and the S3 secret is replaced, too; only beside \
         `password`.",
    );
    body([
        ("first_name?", name("The first name.", "Mary")),
        ("last_name?", name("The last name.", "Major")),
        ("phone?", phone()),
        ("password?", password().about("A new password; needs full access.")),
        ("revoke_keys?", revoke),
        (
            "current_password?",
            string()
                .with("format", "password")
                .about("Required beside `password` where the operator says so."),
        ),
    ])
    .about("What is absent is not changed.")
    .with("dependentRequired", json!({ "revoke_keys": ["password"] }))
}

fn new_ssh_key() -> Schema {
    let method = text(MAX_SSH_KEY_METHOD);
    let content = string().length(0..=MAX_SSH_KEY_TEXT);
    body([
        ("name", text(MAX_SSH_KEY_NAME).about("What the user calls the key.")),
        ("method", method.about("`upload`; anything else generates an Ed25519 pair.")),
        (
            "content?",
            content.about("The line of a `.pub` file; required with `upload`, else ignored."),
        ),
    ])
}

/// Whether an API key is shown with its secret, once, or with who made it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ApiKeyShown {
    WithSecret,
    WithMaker,
}

fn api_key(shown: ApiKeyShown) -> Schema {
    let key = pattern("^rck_[A-Za-z0-9_-]+$").about("The key.").example("rck_YOUR_API_KEY");
    if shown == ApiKeyShown::WithSecret {
        let secret = string().about("Signs requests; shown only this once.");
        return view([("api_key", key), ("secret_key", secret.example("YOUR_SECRET_KEY"))]);
    }
    view([("api_key", key), maker("The token or API key that made it, if one did.")])
}

fn maker(what: &str) -> (&'static str, Schema) {
    ("made_by", string().or("null").about(what).example("0197a1b2c3d4e5f60718293a"))
}

fn files(with_secret: bool) -> Schema {
    let id = pattern("^[A-Z0-9]{20}$").about("The id of the S3 key.");
    let id = ("api_id", id.example("K3YZ0PQ9W8E7R6T5Y4U3"));
    let secret = string().about("Shown only this once.").example("YOUR_S3_SECRET");
    let maker = maker("The token or API key that was shown its secret, if one was.");
    let key = view(if with_secret { [id, ("secret_key", secret)] } else { [id, maker] });
    view([("s3", key.about("The key for S3 storage."))])
}

fn ssh_key() -> [(&'static str, Schema); 3] {
    let print = pattern("^SHA256:[A-Za-z0-9+/]{43}$").about("As `ssh-keygen -l` shows it.");
    [
        ("id", random_number().about("The key's number.").example(4_503_599_627_370_497_u64)),
        ("name", string().about("What the user calls the key.").example("laptop")),
        ("fingerprint", print.example("SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM")),
    ]
}

fn listed_ssh_key() -> Schema {
    let [id, name, fingerprint] = ssh_key();
    view([id, name, fingerprint, maker("The token or API key that added it, if one did.")])
}

fn added_ssh_key() -> Schema {
    let [id, name, fingerprint] = ssh_key();
    let private = string().about("In OpenSSH's PEM, of a generated pair; shown only this once.");
    let begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n…";
    view([id, name, fingerprint, ("private_key?", private.example(begin))]).about("The key.")
}

fn user(shown: ApiKeyShown) -> Schema {
    let is_new = shown == ApiKeyShown::WithSecret;
    let (files, key) =
        if is_new { ("FilesWithSecret", "ApiKeyWithSecret") } else { ("Files", "ListedApiKey") };
    let keys = if is_new { 0 } else { SSH_KEYS.max };
    let username = pattern(&format!("^[a-z0-9]{{{MIN_USERNAME},{MAX_USERNAME}}}$"));
    view([
        ("id", uuid().about("The user's id.").example("0197a1b2-c3d4-7e5f-8607-18293a4b5c6d")),
        ("username", username.about("The name to sign in with.").example("mary")),
        ("state", constant("created").about("The user is there.")),
        ("name", string().about("First and last name.").example("Mary Major")),
        ("active", boolean().about("Whether the user is not disabled.").example(true)),
        ("email", string().about("The primary address.").example("mary.major@example.com")),
        ("phone", string().about("The phone number; empty for none.").example("48123456789")),
        ("e24files", named(files)),
        ("api", list(named(key)).at_most(API_KEYS.max).about("API keys, oldest first.")),
        ("sshkeys", list(named("SshKey")).at_most(keys).about("SSH keys; a new user has none.")),
    ])
    .about("A user.")
}

/// What a success shows beside `success`.
fn success<const N: usize>(fields: [(&str, Schema); N]) -> Schema {
    let flag = ("success", always(true).about("It succeeded."));
    crate::schema::view_of(std::iter::once(flag).chain(fields))
}

fn descriptions() -> Vec<Description> {
    let created = success([("user", named("CreatedUser"))]);
    let new_files = success([("e24files", named("FilesWithSecret"))]);
    let users = list(named("User")).at_most(MAX_USERS_PER_PAGE).about("Oldest first.");
    let next = integer()
        .with("minimum", 1)
        .about("The `offset` of the next page, if there is one.")
        .example(1000);
    let limit = integer().range(1..=MAX_USERS_PER_PAGE as u64).with("default", MAX_USERS_PER_PAGE);
    let offset = integer().with("minimum", 0).with("default", 0);
    let unknown_key = "The caller has no such API key.";
    let new_key = || success([("api", named("ApiKeyWithSecret"))]);
    vec![
        describe("e24-list-accounts", "List the users of the current account")
            .text(
                "A caller who is not its admin gets only itself. Without a usable current account \
                 it is 403. A page ends before it has 4 MB.",
            )
            .query("limit?", limit.about("The most users in a page.").example(100))
            .query("offset?", offset.about("The users to skip.").example(0))
            .shows(200, "The users.", success([("users", users), ("next_offset?", next)])),
        describe("e24-create-account", "Create a user")
            .text(
                "The user becomes a member of the caller's current account, of which the caller \
                 must be an admin.",
            )
            .json(named("CreateUserRequest"))
            .shows(200, "The new user, with its secrets.", created)
            .error(409, "The address or the username is taken, or a limit is reached."),
        describe("e24-get-account", "Show the caller")
            .shows(200, "The caller.", success([("account", named("User"))]))
            .etag(),
        describe("e24-update-account-data", "Change the caller's names, phone number or password")
            .text(
                "A new password ends the caller's OAuth grants and other user tokens; the first \
                 one that the caller sets in place of somebody else's ends everything older.",
            )
            .json(named("UpdateDataRequest"))
            .shows(200, "The changed caller.", success([("account", named("User"))]))
            .etag()
            .error(429, "The current password was wrong too often."),
        describe("e24-delete-api-key", "Delete an API key")
            .json(named("ApiKeyName"))
            .shows(200, "The key was deleted.", success([]))
            .error(404, unknown_key)
            .error(409, "The key signed the request, or the signature was used before."),
        describe("e24-create-api-key", "Create an API key")
            .shows(200, "The new key, with its secret.", new_key())
            .error(409, "There are as many API keys as there can be."),
        describe("e24-renew-api-secret", "Give an API key another secret")
            .text("The old one stops working at once.")
            .json(named("ApiKeyName"))
            .shows(200, "The key, with its new secret.", new_key())
            .error(404, unknown_key),
        describe("e24-renew-s3-secret", "Give the S3 key another secret").shows(
            200,
            "The key, with its new secret.",
            new_files,
        ),
        describe("e24-add-ssh-key", "Add an SSH key")
            .text(
                "With the method `upload` a public key: Ed25519, ECDSA, either on a security key, \
                 or RSA of 2048 to 8192 bits. Else a new pair.",
            )
            .json(named("AddSshKeyRequest"))
            .shows(200, "The key was added.", success([("sshkeys", added_ssh_key())]))
            .error(409, "The caller has the key already, or as many as there can be."),
        describe("e24-delete-ssh-key", "Delete an SSH key")
            .path(
                "ssh_id",
                pattern("^[0-9]+$").about("The key's number.").example("4503599627370497"),
            )
            .shows(200, "The key was deleted.", success([]))
            .error(404, "The caller has no such SSH key."),
    ]
}
