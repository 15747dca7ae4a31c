//! Colours, where the terminal has them.

use std::env;
use std::fmt::Display;
use std::io::IsTerminal;

/// What a text is painted with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colour {
    Dim,
    Red,
    Green,
    Yellow,
}

/// Whether texts are painted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// Colours for a terminal, unless `NO_COLOR` is set or it has none.
    pub(super) fn for_stdout() -> Self {
        let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self(std::io::stdout().is_terminal() && !is_unwanted && !is_dumb)
    }

    /// No colours.
    pub(super) const fn plain() -> Self {
        Self(false)
    }

    pub(super) const fn is_coloured(self) -> bool {
        self.0
    }

    pub(super) fn with(self, colour: Colour, text: impl Display) -> String {
        let code = match colour {
            Colour::Dim => 2,
            Colour::Red => 31,
            Colour::Green => 32,
            Colour::Yellow => 33,
        };
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// The text without its colours.
pub(super) fn bare(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |bare, part| bare + part.split_once('m').map_or(part, |(_, rest)| rest))
}
