//! The name of what was asked for, without what names anybody or anything.

/// Every path of the API, as documented; `{}` stands for whatever names something.
///
/// A name becomes a dimension of metrics, each of which is paid for. So there are no other names than these: whoever asks
/// for made-up paths makes no metrics.
const PATHS: [&str; 23] = [
    "api/public/v1/account",
    "api/public/v1/accounts",
    "api/public/v1/current-account",
    "api/v1.1/o/authorize",
    "api/v1.1/o/introspect",
    "api/v1.1/o/revoke_token",
    "api/v1.1/o/token",
    "api/v1.1/users/{}",
    "api/v1.1/users/{}/emails",
    "rollcall/v1/tokens",
    "rollcall/v1/tokens/self",
    "rollcall/v1/tokens/{}",
    "rollcall/v1/tokens/{}/rotate",
    "v1/accounts",
    "v1/accounts/{}",
    "v1/accounts/{}/plan",
    "v2/account",
    "v2/account/api",
    "v2/account/api-new-secret-key",
    "v2/account/data",
    "v2/account/sshkey",
    "v2/account/{}/sshkey",
    "v2/accounts",
];

/// What stands for every other path, and for every method that no operation has.
const OTHER: &str = "*";

/// `GET /v1/accounts/{}` for `GET /v1/accounts/5f7b1b7b7b7b7b7b7b7b7b7b/`, and `GET *` for a path that is none of ours.
pub(super) fn name(method: &str, segments: &[&str]) -> String {
    const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
    let method = if METHODS.contains(&method) { method } else { OTHER };
    match PATHS.iter().find(|path| is_at(path, segments)) {
        Some(path) => format!("{method} /{path}"),
        None => format!("{method} {OTHER}"),
    }
}

fn is_at(path: &str, segments: &[&str]) -> bool {
    let parts = path.split('/');
    parts.clone().count() == segments.len()
        && parts.zip(segments).all(|(part, segment)| part == "{}" || part == *segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_anybody_or_anything_is_left_out() {
        for (method, path, expected) in [
            ("GET", "v1/accounts/5f7b1b7b7b7b7b7b7b7b7b7b/plan", "GET /v1/accounts/{}/plan"),
            ("PATCH", "api/v1.1/users/janedoe/emails", "PATCH /api/v1.1/users/{}/emails"),
            ("DELETE", "v2/account/123/sshkey", "DELETE /v2/account/{}/sshkey"),
            ("GET", "rollcall/v1/tokens/self", "GET /rollcall/v1/tokens/self"),
            ("GET", "rollcall/v1/tokens/accounts", "GET /rollcall/v1/tokens/{}"),
        ] {
            assert_eq!(name(method, &path.split('/').collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn made_up_paths_and_methods_share_one_name() {
        for (method, path, expected) in [
            ("GET", "", "GET *"),
            ("BREW", "jane@example.com", "* *"),
            ("GET", "v1", "GET *"),
            ("GET", "v1/accounts/1/2/3/4/5/6/7", "GET *"),
            ("PUT", "accounts/v1", "PUT *"),
            ("BREW", "v1/accounts", "* /v1/accounts"),
        ] {
            assert_eq!(name(method, &path.split('/').collect::<Vec<_>>()), expected);
        }
    }
}
