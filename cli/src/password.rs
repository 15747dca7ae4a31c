//! Where a user's new password comes from. Never from the command line, which others can read.

use std::io::{self, Read};

use anyhow::{Context, Error, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use shared::ServiceName;
use shared::model::{EmailAddress, ParseError, Username};
use shared::password::NewPassword;

/// The maximum that is read from standard input, in bytes; no valid password is longer.
const MAX_INPUT: u64 = 4096;

#[derive(Args)]
pub(super) struct PasswordOptions {
    /// Read the password from standard input, without the line break at its end; otherwise one is
    /// generated and printed
    #[arg(long)]
    password_stdin: bool,
    /// What the stack calls itself (`ServiceName`), which no password may be
    #[arg(long, default_value_t)]
    service_name: ServiceName,
}

/// A new password.
pub(super) enum ChosenPassword {
    /// Generated here: it must be shown.
    Generated(String),
    /// Read from standard input.
    Typed(NewPassword, ServiceName),
}

impl ChosenPassword {
    /// The hash to store, for a user with these names.
    pub(super) fn hash_for<'a>(
        &self,
        username: &Username,
        addresses: impl IntoIterator<Item = &'a EmailAddress>,
    ) -> Result<String> {
        Ok(match self {
            Self::Generated(password) => shared::password::hash(password)?,
            Self::Typed(password, service) => password
                .accept(service, username, addresses)
                .map_err(|problem| rejected(&problem))?
                .hash()?,
        })
    }

    /// The password, if it was generated.
    pub(super) fn generated(self) -> Option<String> {
        match self {
            Self::Generated(password) => Some(password),
            Self::Typed(..) => None,
        }
    }
}

fn rejected(problem: &ParseError) -> Error {
    anyhow!("the password {problem}")
}

impl PasswordOptions {
    pub(super) fn choose(&self) -> Result<ChosenPassword> {
        if !self.password_stdin {
            return Ok(ChosenPassword::Generated(generate()?));
        }
        let mut typed = String::new();
        let read = io::stdin().take(MAX_INPUT).read_to_string(&mut typed);
        read.context("cannot read the password from standard input")?;
        let password = without_line_break(&typed).parse().map_err(|problem| rejected(&problem))?;
        Ok(ChosenPassword::Typed(password, self.service_name.clone()))
    }
}

/// 24 characters of 144 random bits: letters, digits, `-` and `_`.
pub(super) fn generate() -> Result<String> {
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
