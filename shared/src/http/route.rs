//! The name of what was asked for, without what names anybody or anything.

/// Every part of a path that is spelled out somewhere in the API; all others stand for something.
const SPELLED_OUT: [&str; 23] = [
    "account",
    "accounts",
    "api",
    "api-new-secret-key",
    "authorize",
    "current-account",
    "data",
    "emails",
    "introspect",
    "o",
    "plan",
    "public",
    "revoke_token",
    "rollcall",
    "rotate",
    "self",
    "sshkey",
    "token",
    "tokens",
    "users",
    "v1",
    "v1.1",
    "v2",
];

/// The most parts that a path of ours has; a longer one is cut, so that nobody can make up names without end.
const MOST: usize = 7;

/// `GET /v1/accounts/{}` for `GET /v1/accounts/5f7b1b7b7b7b7b7b7b7b7b7b/`.
pub(super) fn name(method: &str, segments: &[&str]) -> String {
    const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
    let method = if METHODS.contains(&method) { method } else { "{}" };
    let mut name = String::with_capacity(48);
    name.push_str(method);
    name.push(' ');
    for segment in segments.iter().take(MOST) {
        let is_known = SPELLED_OUT.contains(segment);
        name.push('/');
        name.push_str(if is_known { segment } else { "{}" });
    }
    name
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
            ("BREW", "jane@example.com", "{} /{}"),
            ("GET", "1/2/3/4/5/6/7/8/9", "GET /{}/{}/{}/{}/{}/{}/{}"),
        ] {
            assert_eq!(name(method, &path.split('/').collect::<Vec<_>>()), expected);
        }
    }
}
