//! The log must reveal no secret and no address.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

/// What every secret of ours begins with, before some 20 characters more.
const PREFIXES: [&str; 12] = [
    "rca_", "rce_", "rci_", "rck_", "rcn_", "rco_", "rcr_", "rcs_", "rcu_", "rcv_", "rcw_", "rcx_",
];
/// Addresses and passwords that the tests use.
const OF_TESTS: [&str; 5] =
    ["@example.com", "correct horse", "wrong password", "PRIVATE KEY", "$argon2"];

/// The lines of `dev.log` with a secret or an address: those in the service's own description,
/// anything that looks like a token or a key, and what the tests send.
pub fn leaks(log: &str, dev_json: &Path) -> Result<Vec<String>> {
    let mut secrets = Vec::new();
    collect(&serde_json::from_slice(&fs::read(dev_json)?)?, &mut secrets);
    Ok(log.lines().filter(|line| tells(line, &secrets)).map(str::to_owned).collect())
}

/// Whether the functions, whose lines are JSON objects, have logged anything: else the check says
/// nothing.
pub fn is_logged(log: &str) -> bool {
    log.lines().any(|line| line.starts_with('{'))
}

fn tells(line: &str, secrets: &[String]) -> bool {
    looks_secret(line) || secrets.iter().any(|secret| line.contains(secret.as_str()))
}

/// Whether a line holds what looks like a token, a key or a recovery code, or an address or
/// password that the tests send.
pub fn looks_secret(line: &str) -> bool {
    let is_part = |byte: &u8| is_part_of_code(char::from(*byte));
    let length =
        |place: usize| line.as_bytes()[place..].iter().take_while(|byte| is_part(byte)).count();
    let is_long = |prefix: &&str| {
        line.match_indices(prefix).any(|(place, _)| length(place + prefix.len()) >= 20)
    };
    PREFIXES.iter().any(is_long)
        || OF_TESTS.iter().any(|text| line.contains(text))
        || line.split(|letter: char| !is_part_of_code(letter)).any(is_recovery_code)
}

const fn is_part_of_code(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

/// Whether a word is like `abcd-efgh-ij23-k`.
fn is_recovery_code(word: &str) -> bool {
    let is_base32 = |part: &str| part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    word.split('-').map(str::len).eq([4, 4, 4, 1]) && word.split('-').all(is_base32)
}

/// Every string that must not be logged; ids and addresses of servers may.
fn collect(value: &Value, secrets: &mut Vec<String>) {
    const SECRET: [&str; 8] = [
        "api_key",
        "client_secret",
        "email",
        "environment_token",
        "password",
        "sealing_private_key",
        "secret_key",
        "token",
    ];
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if SECRET.contains(&name.as_str()) => {
                        secrets.push(text.clone());
                    }
                    // The address of the console has its token.
                    Value::String(text) if name == "console_url" => {
                        secrets
                            .extend(text.split_once("token=").map(|(_, token)| token.to_owned()));
                    }
                    value => collect(value, secrets),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, secrets)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_with_a_secret_is_found_and_others_pass() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dev.json");
        let dev = r#"{"base_url":"http://127.0.0.1:1","users":[{"id":"a-b","password":"p4ss"}],"oauth_client":{"client_secret":"s3cret"}}"#;
        fs::write(&file, dev).unwrap();

        for (line, is_leak) in [
            (r#"{"message":"request failed","user":"a-b"}"#, false),
            (r#"{"message":"p4ss"}"#, true),
            (r#"{"message":"s3cret"}"#, true),
            (r#"{"message":"jane@example.com"}"#, true),
            (r#"{"message":"rcu_AaIArt_WdRKbhpPViuDg"}"#, true),
            (r#"{"message":"rcv_AaIArt_WdRKbhpPViuDg"}"#, true),
            (r#"{"message":"rci_AaIArt_WdRKbhpPViuDg"}"#, true),
            (r#"{"message":"rcn_AaIArt_WdRKbhpPViuDg"}"#, true),
            (r#"{"message":"rcw_AaIArt_WdRKbhpPViuDg"}"#, true),
            (r#"{"message":"rcu_short"}"#, false),
            (r#"{"message":"abcd-efgh-ij23-k"}"#, true),
            (r#"{"message":"8a3f0c1e-abcd-4bcd-8bcd-abcdabcdabcd"}"#, false),
            ("12:03:11 GET /p4ss 404", true),
        ] {
            assert_eq!(!leaks(line, &file).unwrap().is_empty(), is_leak, "{line}");
        }
    }
}
