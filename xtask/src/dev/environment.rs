//! The environment of the functions, and what a shell needs to work with the service.

use super::TABLE_NAME;
use crate::seed::Secrets;
use devkit::secrets_manager::SecretsManager;
use devkit::ses::Ses;

/// The engine takes any.
const REGION: &str = "us-east-1";

/// Where mails come from, which go nowhere.
const MAIL_FROM: &str = "rollcall@example.com";

/// The variables of the functions. The credentials are no secret: the engine takes any.
pub(super) fn for_functions(
    base_url: &str,
    dynamodb: &str,
    secrets_manager: &SecretsManager,
    ses: &Ses,
    secrets: &Secrets,
) -> Vec<(String, String)> {
    let own = [
        ("PUBLIC_URL", base_url),
        ("MAIL_FROM", MAIL_FROM),
        ("SIGN_UP", "open"),
        ("TABLE_NAME", TABLE_NAME),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets_manager.endpoint()),
        ("AWS_ENDPOINT_URL_SESV2", ses.endpoint()),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.into_iter().chain(secrets.function_environment()).collect()
}

/// What `env.sh` sets: the credentials under the names of the tour, and the variables of the
/// functions.
pub(super) fn shell(
    base_url: &str,
    lambda: &str,
    secrets: &Secrets,
    functions: &[(String, String)],
) -> String {
    let mut text =
        "The AWS_ variables are those of the local engine, and replace your own.\n".to_owned();
    let mut add = |name: &str, value: &str| {
        text.extend(["export ", name, "='", &value.replace('\'', r"'\''"), "'\n"]);
    };
    add("API", base_url);
    if let Some(user) = secrets.users().first() {
        for (name, value) in [
            ("USERNAME", &user.username),
            ("EMAIL", &user.email),
            ("PASSWORD", &user.password),
            ("TOKEN", &user.token),
            ("KEY", &user.api_key),
            ("SECRET", &user.secret_key),
        ] {
            add(name, value);
        }
    }
    if let Some(client) = secrets.oauth_client() {
        for (name, value) in [
            ("ID", &client.client_id),
            ("CLIENT_SECRET", &client.client_secret),
            ("CALLBACK", &client.redirect_uri),
        ] {
            add(name, value);
        }
    }
    add("AWS_ENDPOINT_URL_LAMBDA", lambda);
    // The first version of the AWS CLI knows the region by this name alone.
    add("AWS_DEFAULT_REGION", REGION);
    for (name, value) in functions {
        add(name, value);
    }
    text
}
