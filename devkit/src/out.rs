//! The one way to the terminal's standard output.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes one line at once, so that lines of two tasks do not mix.
pub fn line(text: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}
