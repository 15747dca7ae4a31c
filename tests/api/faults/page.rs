//! The table of docs/reliability-data.md, which the tests compare with what they saw and can
//! rewrite.

use std::env;
use std::fs;
use std::sync::{Mutex, PoisonError};

use testkit::root;

use super::write::Write;

const PAGE: &str = "docs/reliability-data.md";

/// The head of the table.
const HEAD: &str = "| write | sent again | ";

/// Whether the rows are to be written and not compared.
pub(super) fn is_rewritten() -> bool {
    env::var_os("ROLLCALL_REWRITE").is_some()
}

/// The rows, in the order of the page.
pub(super) fn rows() -> Vec<String> {
    let text = fs::read_to_string(root().join(PAGE)).unwrap();
    let (_, table) = parts(&text);
    table.lines().skip(2).map(str::to_owned).collect()
}

/// The name of a row's write.
pub(super) fn name(row: &str) -> &str {
    row.split('|').nth(1).unwrap_or_default().trim()
}

/// Puts rows in place of those of the same writes. Tests that run at once take turns.
pub(super) fn rewrite(new: &[String]) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let text = fs::read_to_string(root().join(PAGE)).unwrap();
    let (start, table) = parts(&text);
    let known: Vec<&str> = new.iter().map(String::as_str).chain(table.lines().skip(2)).collect();
    let row = |write: Write| known.iter().find(|row| name(row) == write.name()).copied();
    let rows = table.lines().take(2).chain(Write::all().into_iter().filter_map(row));
    let written = rows.collect::<Vec<_>>().join("\n");
    let end = &text[start + table.len()..];
    fs::write(root().join(PAGE), format!("{}{written}{end}", &text[..start])).unwrap();
}

/// Where the table begins, and the table.
fn parts(text: &str) -> (usize, &str) {
    let start = text.find(HEAD).unwrap();
    let length = text[start..].find("\n\n").unwrap_or(text.len() - start);
    (start, &text[start..start + length])
}
