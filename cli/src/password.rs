//! Where a user's new password comes from. Never from the command line, which others can read.

use std::io::{self, Read};

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use shared::password::NewPassword;

/// The maximum that is read from standard input, in bytes; no valid password is longer.
const MAX_INPUT: u64 = 4096;

#[derive(Args)]
pub(super) struct PasswordOptions {
    /// Read the password from standard input, without the line break at its end; otherwise one is
    /// generated and printed
    #[arg(long)]
    password_stdin: bool,
}

/// A new password's hash.
pub(super) struct ChosenPassword {
    pub(super) hash: String,
    /// The password, if it was generated here: it must be shown.
    pub(super) generated: Option<String>,
}

impl PasswordOptions {
    pub(super) fn choose(&self) -> Result<ChosenPassword> {
        if !self.password_stdin {
            let password = generate()?;
            let hash = shared::password::hash(&password)?;
            return Ok(ChosenPassword { hash, generated: Some(password) });
        }
        let mut typed = String::new();
        let read = io::stdin().take(MAX_INPUT).read_to_string(&mut typed);
        read.context("cannot read the password from standard input")?;
        let password: NewPassword = without_line_break(&typed)
            .parse()
            .map_err(|problem| anyhow!("the password {problem}"))?;
        Ok(ChosenPassword { hash: password.hash()?, generated: None })
    }
}

/// 24 characters of 144 random bits: letters, digits, `-` and `_`.
fn generate() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(shared::random::bytes::<18>()?))
}

/// `echo` and editors add a line break; everything else is part of the password.
fn without_line_break(typed: &str) -> &str {
    let line = typed.strip_suffix('\n').unwrap_or(typed);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_line_break_at_the_end_is_not_part_of_a_password() {
        for (typed, password) in
            [(" a b ", " a b "), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a\nb\n", "a\nb")]
        {
            assert_eq!(without_line_break(typed), password);
        }
    }
}
