//! Where a user's new password comes from. Never from the command line, which others can read.

use std::io::{self, Read};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use shared::password::NewPassword;

use crate::random;

/// No password is longer, in bytes.
const LONGEST: u64 = 4096;

#[derive(Args)]
pub(super) struct PasswordOptions {
    /// Read the password from standard input, without the line break at its end; else one is made and printed
    #[arg(long)]
    password_stdin: bool,
}

/// A password and what the table keeps of it.
pub(super) struct Chosen {
    pub(super) hash: String,
    /// The password, if it was made here: nobody else knows it.
    pub(super) made: Option<String>,
}

impl PasswordOptions {
    pub(super) fn choose(&self) -> Result<Chosen> {
        if !self.password_stdin {
            let made = random::text()?;
            return Ok(Chosen { hash: shared::password::hash(&made)?, made: Some(made) });
        }
        let mut typed = String::new();
        let read = io::stdin().take(LONGEST).read_to_string(&mut typed);
        read.context("cannot read the password from standard input")?;
        let password: NewPassword = without_line_break(&typed)
            .parse()
            .map_err(|problem| anyhow!("the password {problem}"))?;
        Ok(Chosen { hash: password.hash()?, made: None })
    }
}

/// What `echo` and editors add; everything else is part of the password.
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
